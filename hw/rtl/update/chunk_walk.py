"""The walk of a layer's chunks: which neurons are updated next."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from ...plan.stage_plan import StagePlan
from .combiner import Combiner
from .update_layout import ChunkLayout, UpdateLayout


class FlagsLayout(StructLayout):
    """What is known of a chunk before its update.

    `used` where it is updated, `skip` where its lane group has no sums, `layer_end` with the last
    chunk of the layer; `opens` with the first position of a window, where a layer has a pool of
    sums; the rest as in `ChunkLayout`.
    """

    def __init__(self, plan: StagePlan) -> None:
        names = ["first", "final", "tail", "row_end", "used", "layer_end", "skip"]
        if Combiner.needed(plan):
            names.append("opens")
        super().__init__({"chunk": ChunkLayout(plan)["chunk"].shape} | dict.fromkeys(names, 1))


class ChunkWalk(wiring.Component):
    """Count through the chunks of a layer, in the order in which the array sends their sums.

    That is window by window, row by row; in a window the lane groups, in each of those the
    positions of the window, in a position the chunks. The parameters of a lane group lie at `base`.

    Members
    -------
    layer : In(UpdateLayout), static
    offered : In(1), the layer is there: its walk starts in the next cycle
    restart : In(1), the layer is over: the next one may be offered
    skips : In(…), static, one bit a lane group
    chunks : Out(stream.Signature(FlagsLayout))
    parameter : Out(…), address of the chunk's parameters
    """

    def __init__(self, plan: StagePlan) -> None:
        self.plan = plan
        self.per_group = plan.lanes // plan.update_lanes
        super().__init__(
            {
                "layer": In(UpdateLayout(plan)),
                "offered": In(1),
                "restart": In(1),
                "skips": In(plan.most_groups),
                "chunks": Out(stream.Signature(FlagsLayout(plan))),
                "parameter": Out(range(max(2, len(plan.parameters[0].values)))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layer, place = self.layer, self.chunks.payload
        started, ended = Signal(), Signal()
        chunk = Signal.like(place.chunk)
        window = Signal.like(layer.window)
        group = Signal.like(layer.groups)
        column = Signal.like(layer.columns)
        row = Signal.like(layer.rows)
        base = Signal.like(self.parameter)
        ends = {
            "chunk": chunk == self.per_group - 1,
            "window": window == layer.window,
            "group": group == layer.groups,
            "column": column == layer.columns,
            "row": row == layer.rows,
        }
        tail = ends["group"] & (chunk == layer.tail)
        m.d.comb += [
            self.chunks.valid.eq(started & ~ended),
            self.parameter.eq(base + chunk),
            place.chunk.eq(chunk),
            place.first.eq(window == 0),
            place.final.eq(ends["window"]),
            place.tail.eq(tail),
            place.row_end.eq(tail & ends["window"] & ends["column"]),
            place.skip.eq(self.skips.bit_select(group, 1)),
            place.used.eq(~ends["group"] | (chunk <= layer.tail)),
            place.layer_end.eq(
                ends["chunk"] & ends["window"] & ends["group"] & ends["column"] & ends["row"]
            ),
        ]
        if Combiner.needed(self.plan):
            # The sums of all positions are taken, but only those of the last one are complete.
            m.d.comb += place.opens.eq(window == 0)
            with m.If(layer.combines):
                m.d.comb += [place.first.eq(1), place.final.eq(1)]
                with m.If(~ends["window"]):
                    m.d.comb += place.used.eq(0)
        with m.If(~started):
            m.d.sync += [started.eq(self.offered), base.eq(layer.parameter_base)]
        with m.Elif(self.chunks.valid & self.chunks.ready):
            m.d.sync += chunk.eq(chunk + 1)
            with m.If(ends["chunk"]):
                m.d.sync += [chunk.eq(0), window.eq(window + 1)]
                with m.If(ends["window"]):
                    m.d.sync += [window.eq(0), group.eq(group + 1), base.eq(base + self.per_group)]
                    with m.If(ends["group"]):
                        m.d.sync += [group.eq(0), base.eq(layer.parameter_base)]
                        m.d.sync += column.eq(column + 1)
                        with m.If(ends["column"]):
                            m.d.sync += [column.eq(0), row.eq(row + 1)]
                            with m.If(ends["row"]):
                                m.d.sync += [row.eq(0), ended.eq(1)]
        with m.If(self.restart):
            m.d.sync += [started.eq(0), ended.eq(0)]
        return m
