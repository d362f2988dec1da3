"""How many samples a second a serial line carries, before anything is built."""

from dataclasses import dataclass

from ..boards.wire.answers import ENDING_BYTES, whole_bytes
from ..boards.wire.protocol import CRC_BYTES, HEADER_BYTES, SLOT_BYTES
from ..hw.plan.plan import Plan
from .frames import MOST_PAYLOAD
from .pace import STUFFING_BYTES

LINE_BITS = 10
"""Of a byte on the line."""
STATUS_BYTES = 2 + ENDING_BYTES + CRC_BYTES + STUFFING_BYTES
"""Of the frame that answers each frame."""


@dataclass(frozen=True, kw_only=True)
class LineBytes:
    """Bytes on the line for a sample, where nothing is lost.

    Attributes
    ----------
    sent, received
        To the board and from it; the line carries both at the same time.
    """

    sent: int
    received: int

    def per_second(self, baud: int) -> float:
        """Return the samples a second that a line of so many baud carries."""
        return baud / LINE_BITS / max(self.sent, self.received)


def line_bytes(plan: Plan) -> LineBytes:
    """Return the bytes on the line for a sample of a plan."""
    payload = plan.sample_words * whole_bytes(plan.word_bits)
    frames = -(-payload // MOST_PAYLOAD)
    value = whole_bytes(plan.readout_bits)
    prediction = whole_bytes((plan.classes - 1).bit_length() or 1)
    body = SLOT_BYTES - CRC_BYTES - STUFFING_BYTES
    parts = -(-plan.classes * value // (body - 1 - ENDING_BYTES - value - prediction))
    answer = plan.classes * value + prediction + parts * (SLOT_BYTES - body + 1 + ENDING_BYTES)
    return LineBytes(
        sent=payload + frames * (HEADER_BYTES + CRC_BYTES + STUFFING_BYTES),
        received=plan.tables.answers * answer + frames * STATUS_BYTES,
    )
