"""Where the segments of a walk lie: of each source a word, a bit and a weight row."""

from amaranth.hdl import Array, Module, Shape, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from .walk_layout import LOOPS, WalkLayout

PLACE = (
    ("word", "first_word", "words"),
    ("bit", "first_bit", "bits"),
    ("row", "weight_base", "weight_rows"),
)
"""The numbers of a place, and what `WalkLayout` calls the first of each and what steps add."""


class PlaceLayout(StructLayout):
    """Where a segment lies: word in its plane, bit in its map row, and weight row.

    Units and signs are those of `WalkLayout`; no place that a walk comes to overflows.
    """

    def __init__(self, walk: WalkLayout, row_bits: int) -> None:
        reached = [walk.reach(first, steps) for _, first, steps in PLACE[:2]]
        word, bit = (Shape.cast(range(min(-1, low), high + 1)) for low, high in reached)
        super().__init__({"word": word, "bit": bit, "row": unsigned(row_bits)})


class Places(wiring.Component):
    """Step from one segment to the next by adding a constant that the stepping loop chooses.

    Each source keeps a place of its own, which stands still while another source is at hand.

    Members
    -------
    walk : In(WalkLayout), static: the layer
    source, number, loop : In(…), as of `Loops`
    starts : In(1), every source goes to its first place
    step : In(1), the source at hand goes to its next place
    place : Out(PlaceLayout), of the source at hand
    """

    def __init__(self, walk: WalkLayout, row_bits: int) -> None:
        self.sources = walk.sources
        super().__init__(
            {
                "walk": In(walk),
                "source": In(walk.source),
                "number": In(range(max(2, walk.sources))),
                "loop": In(range(len(LOOPS))),
                "starts": In(1),
                "step": In(1),
                "place": Out(PlaceLayout(walk, row_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for name, first, steps in PLACE:
            here = getattr(self.place, name)
            kept = [Signal(here.shape(), name=f"{name}_{i}") for i in range(self.sources)]
            following = Signal(here.shape(), name=f"next_{name}")
            m.d.comb += [
                here.eq(Array(kept)[self.number] if len(kept) > 1 else kept[0]),
                following.eq(here + getattr(self.source, steps)[self.loop]),
            ]
            for index, place in enumerate(kept):
                with m.If(self.starts):
                    m.d.sync += place.eq(getattr(self.walk.source[index], first))
                with m.Elif(self.step & (self.number == index)):
                    m.d.sync += place.eq(following)
        return m
