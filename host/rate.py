"""How many samples a second a serial line carries, before anything is built."""

from dataclasses import dataclass

from ..boards.uart import FRAME_BITS
from ..boards.wire.answers import ENDING_BYTES
from ..boards.wire.protocol import CRC_BYTES, HEADER_BYTES, SLOT_BYTES
from ..hw.plan.plan import Plan
from ..hw.plan.widths import bits_of, parts
from .frames import MOST_PAYLOAD
from .pace import STUFFING_BYTES

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
        return baud / FRAME_BITS / max(self.sent, self.received)


def line_bytes(plan: Plan) -> LineBytes:
    """Return the bytes on the line for a sample of a plan."""
    payload = plan.sample_words * parts(plan.word_bits, 8)
    frames = parts(payload, MOST_PAYLOAD)
    value, prediction = parts(plan.readout_bits, 8), parts(bits_of(plan.classes), 8)
    body = SLOT_BYTES - CRC_BYTES - STUFFING_BYTES
    answer = plan.classes * value + prediction
    slots = parts(answer, body - 1 - ENDING_BYTES)
    answer += slots * (SLOT_BYTES - body + 1 + ENDING_BYTES)
    return LineBytes(
        sent=payload + frames * (HEADER_BYTES + CRC_BYTES + STUFFING_BYTES),
        received=plan.tables.answers * answer + frames * STATUS_BYTES,
    )
