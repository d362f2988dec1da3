"""Segments, and the fields that they share with the words and events that become of them."""

from typing import Any

from amaranth.hdl import unsigned
from amaranth.lib.data import StructLayout

from ...plan.stage_plan import StagePlan
from ...plan.widths import bits_of


class SegmentLayout(StructLayout):
    """A clipped segment as words to read.

    `addr` is the address of the first word and `words` the number of words less one; `first` is the
    first bit in the first word and `final` the last bit in the last, in units of the grain. Bit 0
    of the first word belongs to weight row `row` of weight memory `memory`, in units of
    `plan.row_grain` and modulo the width; with `negate` the weights are subtracted. `last` ends the
    position and `double` a bit plane that is not the last; `empty` has no bits.

    Where the stage has flags, `addr` is that of the last word, and `row` that of the word at
    address 0, as if all were one segment; `single` is the layout of one word by itself, as a
    `Finder` sends it.
    """

    def __init__(self, plan: StagePlan, *, single: bool = False) -> None:
        bits = (plan.word_bits // plan.grain - 1).bit_length()
        widest = max(plan.map(name).row_words for name in plan.read_maps)
        super().__init__(
            {
                "addr": unsigned(bits_of(plan.map_words)),
                "words": unsigned(0 if single else bits_of(widest)),
                "first": unsigned(bits),
                "final": unsigned(bits),
                "empty": 1,
            }
            | event_fields(plan, plan.word_row_bits)
        )


def event_fields(plan: StagePlan, row_bits: int) -> dict[str, Any]:
    """Return the fields that segments, words and events have in common.

    Fields that the layers of the stage do not need have no bits.
    """
    sources = [source for descriptor in plan.descriptors for source in descriptor.sources]
    return {
        "row": unsigned(row_bits),
        "memory": unsigned((len(plan.weight_depths) - 1).bit_length()),
        "negate": unsigned(int(any(source.map.activation.signed for source in sources))),
        "double": unsigned(int(any(source.map.planes > 1 for source in sources))),
        "last": unsigned(1),
    }
