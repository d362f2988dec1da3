"""The walker: steps through a layer's positions and names the segments of each."""

from amaranth.hdl import Array, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out, connect, flipped

from ...plan.stage_plan import StagePlan
from ...plan.terms import Terms, address_bits, most_planes
from ...plan.widths import bits_of
from .clipper import Clipper
from .loops import Loops
from .places import PLACE, PlaceLayout, Places
from .segment import SegmentLayout
from .walk_layout import LOOPS, WalkLayout


class Walker(wiring.Component):
    """Walk the layer at `layers` and send the segments of all its positions.

    Pooled positions row by row; in each the lane groups; in each of those the positions of the
    pooling window; in each position the bit planes, highest first; in each plane the sources; in
    each source the kernel's segments. From one segment to the next it only adds, a constant for
    each loop, so there is no multiplier. Segments outside the map are dropped, but for one that
    ends its plane or position.

    A layer's payload must hold still while `layers.valid`: it is taken when the walk is over.
    Throughput is one segment a cycle; the first comes 3 cycles after `layers.valid`.

    Members
    -------
    layers : In(stream.Signature(WalkLayout))
    bases : In(ArrayLayout(unsigned, sources)), static: address of each source's map
    first_step : In(1 + waits), static: bit 0, and a bit for each of `plan.waits` that lasts
    skips : In(…), static, one bit a lane group: its positions have no segments
    segments : Out(stream.Signature(SegmentLayout))

    Attributes
    ----------
    latency
        Cycles from the one in which a layer is offered to the first step of its loops; the
        segment of a step is offered two cycles later.
    """

    latency = 1

    def __init__(self, plan: StagePlan) -> None:
        self.plan = plan
        self.walk_layout = WalkLayout(plan)
        self.segment_layout = SegmentLayout(plan)
        addr = self.segment_layout["addr"].shape
        super().__init__(
            {
                "layers": In(stream.Signature(self.walk_layout)),
                "bases": In(ArrayLayout(addr, self.walk_layout.sources)),
                "first_step": In(1 + len(plan.waits)),
                "skips": In(plan.most_groups),
                "segments": Out(stream.Signature(self.segment_layout)),
            }
        )

    @staticmethod
    def terms(plan: StagePlan) -> Terms:
        """Return the bits or counts of gates that the walker's cells grow with, by term."""
        walk = WalkLayout(plan)
        place = PlaceLayout(walk, plan.word_row_bits)
        layers, sources = walk.loops, [layer["source"] for layer in walk.layers]
        flat = [source for some in sources for source in some]
        # A loop of one turn needs no counter.
        counts = [max(layer[name] for layer in layers) for name in LOOPS[3:]]
        counts += [max(s[name] for s in flat) for name in LOOPS[:2]]
        active = 0
        steps = 0
        for part, _, name in PLACE:
            values = set()
            for layer, some in zip(layers, sources, strict=True):
                for s in some:
                    limits = {
                        "kernel_columns": s["kernel_columns"],
                        "kernel_rows": s["kernel_rows"],
                    }
                    limits |= {"planes": layer["planes"], **{n: layer[n] for n in LOOPS[3:]}}
                    values |= {s[name][i] for i, n in enumerate(LOOPS) if limits[n] or i == 7}
            steps += place[part].width * (len(values) - 1)
            active = max(active, len(values))
        return {
            "place": place.size,
            "address": address_bits(plan),
            "bit": place["bit"].width,
            "word": place["word"].width,
            "row": place["row"].width,
            "counts": sum(count.bit_length() for count in counts),
            "steps": steps,
            "varying": walk.varying,
            "sources": (walk.sources - 1) * place.size,
            "planes": bits_of(most_planes(plan)) if most_planes(plan) > 1 else 0,
            "skips": plan.most_groups if plan.loadable else 0,
            "one": 1,
        }  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        walk = self.layers.payload
        m.submodules.loops = loops = Loops(self.walk_layout)
        m.submodules.places = places = Places(self.walk_layout, self.plan.word_row_bits)
        m.submodules.clipper = clipper = Clipper(self.plan, self.walk_layout)

        # A walk is `busy` with its segments, then `ending` until the last one is out of the way.
        busy, ending, step = Signal(), Signal(), Signal()
        with m.If(~busy & ~ending):
            m.d.sync += busy.eq(self.layers.valid)
        with m.Elif(step & loops.walk_ends):
            m.d.sync += [busy.eq(0), ending.eq(1)]
        with m.If(self.layers.ready):
            m.d.sync += ending.eq(0)

        # The loops say which segment is at hand, of which source, and the places where it lies.
        several = len(self.bases) > 1
        source, base = Signal(self.walk_layout.source), Signal(self.bases[0].shape())
        m.d.comb += [
            source.eq(Array(walk.source)[loops.number] if several else walk.source[0]),
            base.eq(Array(self.bases)[loops.number] if several else self.bases[0]),
            step.eq(busy & clipper.unclipped.ready),
            loops.walk.eq(walk),
            loops.source.eq(source),
            loops.starts.eq(~busy & ~ending),
            loops.step.eq(step),
            places.walk.eq(walk),
            places.source.eq(source),
            places.number.eq(loops.number),
            places.loop.eq(loops.loop),
            places.starts.eq(~busy & ~ending),
            places.step.eq(step),
        ]

        # What is inside the map goes on; segments of a lane group that is skipped don't.
        unclipped = clipper.unclipped.payload
        m.d.comb += [
            clipper.first_step.eq(self.first_step),
            clipper.unclipped.valid.eq(busy & ~self.skips.bit_select(loops.group, 1)),
            unclipped.place.eq(places.place),
            unclipped.source.eq(source),
            unclipped.base.eq(base),
            unclipped.plane.eq(loops.plane),
            unclipped.plane_ends.eq(loops.plane_ends),
            unclipped.position_ends.eq(loops.position_ends),
            self.layers.ready.eq(ending & clipper.unclipped.ready),
        ]
        connect(m, clipper.segments, flipped(self.segments))
        return m
