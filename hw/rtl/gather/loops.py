"""The loops of a walk: which segment is at hand, and which loop steps behind it."""

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .walk_layout import LOOPS, WalkLayout


class Loops(wiring.Component):
    """Count through the loops around a layer's segments, one segment a `step`.

    The loops are those of `LOOPS`, and between the kernel and the planes one over the sources. A
    loop *ends* when it is at its last turn; a step counts every loop whose inner ones all end, and
    those start again. The outermost loop that steps is all that the places of segments need: what
    the loops inside add up to is in that loop's constant.

    Members
    -------
    walk : In(WalkLayout), static: the layer
    source : In(…), what `walk` has of source `number`; it follows `number` in the same cycle
    starts : In(1), the loops start in the next cycle
    step : In(1)
    number, plane, group : Out(…), of the source, the bit plane and the lane group at hand
    loop : Out(…), the number in `LOOPS` of the outermost loop that steps
    plane_ends, position_ends, walk_ends : Out(1), with this segment
    """

    def __init__(self, walk: WalkLayout) -> None:
        super().__init__(
            {
                "walk": In(walk),
                "source": In(walk.source),
                "starts": In(1),
                "step": In(1),
                "number": Out(range(max(2, walk.sources))),
                "plane": Out(walk["planes"].shape),
                "group": Out(walk["groups"].shape),
                "loop": Out(range(len(LOOPS)), init=len(LOOPS) - 1),
                **dict.fromkeys(("plane_ends", "position_ends", "walk_ends"), Out(1)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        limits = {name: getattr(self.source, name) for name in LOOPS[:2]}
        limits |= {name: getattr(self.walk, name) for name in LOOPS[3:]}
        counts = {name: Signal(limit.shape(), name=name) for name, limit in limits.items()}
        ends = {name: counts[name] == limit for name, limit in limits.items()}
        ends["planes"] = self.plane == 0  # the highest plane comes first
        source_ends = ends["kernel_columns"] & ends["kernel_rows"]
        m.d.comb += [
            self.group.eq(counts["groups"]),
            self.plane_ends.eq(source_ends & (self.number == self.walk.sources)),
            self.position_ends.eq(self.plane_ends & ends["planes"]),
            self.walk_ends.eq(self.position_ends & (self.loop == len(LOOPS) - 1) & ends["rows"]),
        ]
        for index, name in reversed(list(enumerate(LOOPS[:-1]))):
            with m.If(~ends[name]):
                m.d.comb += self.loop.eq(index)

        turns = {"kernel_columns": Const(1), "kernel_rows": ends["kernel_columns"]}
        inside = self.position_ends
        for name in LOOPS[3:]:
            turns[name] = inside
            inside = inside & ends[name]
        with m.If(self.step):
            for name, turn in turns.items():
                with m.If(turn):
                    m.d.sync += counts[name].eq(Mux(ends[name], 0, counts[name] + 1))
            with m.If(source_ends):
                last = self.number == self.walk.sources
                m.d.sync += self.number.eq(Mux(last, 0, self.number + 1))
            with m.If(self.plane_ends):
                m.d.sync += self.plane.eq(Mux(ends["planes"], self.walk.planes, self.plane - 1))
        with m.If(self.starts):
            m.d.sync += self.plane.eq(self.walk.planes)
        return m
