"""The walker names every segment of every position, in the order of the contract."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from places import visits
from plans import Shapes, a_stage, everything, late, network, neuron, weights
from somagate.export.neuron import Activation
from somagate.export.synapse import Convolution, Identity
from somagate.export.tables import Input, Layer, Readout, Tables
from somagate.hw.plan.stage_plan import StagePlan
from somagate.hw.rtl.gather.walk_layout import WalkLayout
from somagate.hw.rtl.gather.walker import Walker
from stream_bench import Bench, Transfers, same

Segment = dict[str, Any]
"""The (word address, bit in the word, weight row) of each bit in `bits`, and the flags."""


@dataclass(frozen=True, kw_only=True)
class Walk:
    """A walk through layer `layer` of the stage, with what is static beside it."""

    layer: int
    offset: int = 0  # of every map, so that bases are seen to be used
    first_step: int = 0  # bit 0, and a bit for each of the plan's waits
    skips: int = 0

    def bases(self, plan: StagePlan) -> list[int]:
        """Return the address of each source's map."""
        sources = plan.descriptors[self.layer].sources
        return [plan.map_bases[s.name] + self.offset + 3 * i for i, s in enumerate(sources)]


def wanted(plan: StagePlan, walk: Walk) -> list[Segment]:
    """Return a layer's segments by walking through its geometry bit by bit."""
    d = plan.descriptors[walk.layer]
    segments = []
    for visit in visits(plan, walk.layer):
        if walk.skips >> visit.group & 1:
            continue
        for plane in reversed(range(d.planes)):
            position: list[Segment] = []
            for s, base in zip(d.sources, walk.bases(plan), strict=True):
                there = plane < s.map.planes and not walk.first_step << 1 >> plan.wait(s.lag) & 1
                for y, x in np.ndindex(s.kernel):
                    line = visit.row * s.stride[0] - s.padding[0] + y
                    first = (visit.column * s.stride[1] - s.padding[1] + x) * s.map.channels
                    first += visit.group * s.group_bits
                    row = s.weight_base + visit.group * s.group_rows
                    row += (y * s.kernel[1] + x) * s.span
                    bits = []
                    for i in range(s.span):
                        if there and 0 <= line < s.map.rows and 0 <= first + i < s.map.row_bits:
                            word, bit = divmod(first + i, plan.word_bits)
                            word += plane * s.map.plane_words + line * s.map.row_words
                            bits.append((base + word, bit, row + i))
                    position.append(
                        {
                            "bits": bits,
                            "memory": sorted(plan.weights).index(s.weight_bits),
                            "negate": int(s.map.activation.signed and plane == s.map.planes - 1),
                            "double": 0,
                            "last": 0,
                        }
                    )
            # What lies outside the map is not sent, unless it ends the plane.
            position[-1]["last" if plane == 0 else "double"] = 1
            if not position[-1]["bits"]:
                position[-1] |= {"memory": None, "negate": None}
            segments += [p for p in position[:-1] if p["bits"]] + [position[-1]]
    return segments


def seen(plan: StagePlan, payload: dict[str, int]) -> Segment:
    """Return what a segment's payload means; without bits, no weights are named."""
    bits = []
    for word in range(payload["words"] + 1):
        first = payload["first"] if word == 0 else 0
        full = plan.word_bits // plan.grain - 1
        final = payload["final"] if word == payload["words"] else full
        for bit in range(first * plan.grain, (final + 1) * plan.grain):
            row = payload["row"] * plan.row_grain + word * plan.word_bits + bit
            row %= plan.row_grain << plan.word_row_bits
            bits.append((payload["addr"] + word, bit, row))
    flags = {name: payload[name] for name in ("memory", "negate", "double", "last")}
    if payload["empty"]:
        return {"bits": []} | flags | {"memory": None, "negate": None}
    return {"bits": bits} | flags


def walk(plan: StagePlan, walks: Sequence[Walk], stalls: str) -> Transfers:
    """Walk layer after layer, compare, and return the segments' transfers."""
    segments = [segment for w in walks for segment in wanted(plan, w)]
    dut = Walker(plan)
    bench = Bench(dut, stalls=stalls, seed=len(segments))
    spare = dut.walk_layout.sources
    layers = [padded(dut.walk_layout, w.layer) for w in walks]
    bases = [
        sum(
            base << i * dut.segment_layout["addr"].shape.width
            for i, base in enumerate(w.bases(plan))
        )
        for w in walks
    ]
    assert all(len(w.bases(plan)) <= spare for w in walks)
    static = [
        (dut.bases, bases),
        (dut.first_step, [w.first_step for w in walks]),
        (dut.skips, [w.skips for w in walks]),
    ]
    bench.send("layers", dut.layers, layers, static=static)
    output = bench.receive("segments", dut.segments, len(segments))
    steps = 0
    for w in walks:
        d = plan.descriptors[w.layer]
        kernels = sum(s.kernel[0] * s.kernel[1] for s in d.sources)
        steps += d.planes * kernels * d.groups * d.positions
    bench.run(6 * steps + 100 * len(walks))
    same("segments", [seen(plan, payload) for payload in output.payloads], segments)
    return output


def padded(layout: WalkLayout, layer: int) -> dict[str, Any]:
    """Return a layer's payload; a source that the layer lacks is 0."""
    values = layout.layers[layer]
    spare = layout.sources - len(values["source"])
    return values | {"source": values["source"] + [{}] * spare}


KERNELS = {
    "1x1": ((3, 4, 5), Shapes(kernel=(1, 1))),
    "2x2": ((2, 5, 4), Shapes(kernel=(2, 2))),
    "3x3 padded": ((3, 5, 6), Shapes(kernel=(3, 3), padding=(1, 1))),
    "4x4 padded": ((1, 6, 7), Shapes(kernel=(4, 4), padding=(2, 1))),
    "5x5 padded": ((1, 7, 7), Shapes(kernel=(5, 5), padding=(2, 2))),
    "5x1": ((2, 7, 3), Shapes(kernel=(5, 1))),
    "1x5": ((2, 3, 7), Shapes(kernel=(1, 5))),
    "the kernel is the map": ((3, 3, 4), Shapes(kernel=(3, 4))),
    "stride 2": ((2, 7, 7), Shapes(kernel=(3, 3), stride=(2, 2), padding=(1, 1))),
    "stride 3 over kernel 2": ((2, 8, 8), Shapes(kernel=(2, 2), stride=(3, 3))),
    "stride 1, 2": ((1, 5, 8), Shapes(kernel=(3, 3), stride=(1, 2), padding=(0, 1))),
    "padding beyond the map": ((2, 3, 3), Shapes(kernel=(3, 3), padding=(4, 5))),
    "padding beyond by rows": ((2, 3, 3), Shapes(kernel=(2, 2), padding=(5, 0))),
    "padding beyond by columns": ((2, 3, 3), Shapes(kernel=(2, 2), padding=(0, 5))),
    "padding with stride": ((2, 4, 4), Shapes(kernel=(3, 3), stride=(3, 2), padding=(6, 3))),
    "pool 2x2": ((2, 6, 6), Shapes(kernel=(3, 3), padding=(1, 1), pool=(2, 2))),
    "pool 3x1": ((2, 6, 4), Shapes(kernel=(1, 1), pool=(3, 1))),
    "pool 1x3, cropped": ((2, 3, 8), Shapes(kernel=(2, 2), pool=(1, 3))),
    "pool 2x2, stride 2": (
        (2, 9, 9),
        Shapes(kernel=(3, 3), stride=(2, 2), padding=(1, 1), pool=(2, 2)),
    ),
    "groups": ((2, 4, 4), Shapes(channels=9, kernel=(3, 3), padding=(1, 1))),
    "groups and pool": (
        (2, 4, 4),
        Shapes(channels=10, kernel=(3, 3), padding=(1, 1), pool=(2, 2)),
    ),
    "row of one word exactly": ((4, 3, 4), Shapes(kernel=(2, 2))),
    "row of one bit more": ((17, 3, 1), Shapes(kernel=(2, 1), padding=(1, 1))),
    "row of one bit less": ((5, 3, 3), Shapes(kernel=(2, 2), padding=(1, 1))),
    "one pixel": ((1, 1, 1), Shapes(channels=1, kernel=(1, 1))),
}


@pytest.mark.parametrize("case", KERNELS)
def test_the_segments_of_a_convolution(case: str, stalls: str) -> None:
    shape, shapes = KERNELS[case]
    plan = a_stage(network(shape, [shapes]), lanes=4, update_lanes=2, word_bits=16)
    # Both buffers of the input, back to back, then the readout behind it.
    walk(
        plan, [Walk(layer=0), Walk(layer=0, offset=plan.map("input").words), Walk(layer=1)], stalls
    )


@pytest.mark.parametrize(
    ("shape", "channels"), [((37,), 5), ((16,), 16), ((1,), 1), ((3, 4, 5), 7), ((2, 5, 8), 3)]
)
def test_a_dense_layer_is_one_kernel_over_the_whole_map(
    shape: tuple[int, ...], channels: int, stalls: str
) -> None:
    plan = a_stage(network(shape, [channels]), lanes=4, update_lanes=4, word_bits=8)
    walk(plan, [Walk(layer=0, offset=2), Walk(layer=1), Walk(layer=0)], stalls)


@pytest.mark.parametrize("word_bits", [8, 32, 128])
@pytest.mark.parametrize("lanes", [1, 3, 16])
def test_one_walker_serves_layers_of_every_geometry(lanes: int, word_bits: int) -> None:
    layers = [
        Shapes(channels=5, kernel=(3, 3), padding=(1, 1), pool=(2, 2)),
        Shapes(channels=3, kernel=(5, 5), padding=(6, 6), source="l0"),
        Shapes(channels=6, kernel=(1, 1), source="input", mask=[1, 0, 1, 1, 0, 1]),
        Shapes(channels=4, kernel=(4, 2), stride=(2, 3), source="l2"),
        11,
    ]
    plan = a_stage(network((2, 6, 8), layers), lanes=lanes, update_lanes=1, word_bits=word_bits)
    order = [0, 1, 2, 3, 4, 5, 0, 2, 1, 5]
    walk(plan, [Walk(layer=n, offset=n % 3) for n in order], "random")


# Several sources, planes and lane groups that need a part of the channels.


@pytest.mark.parametrize(
    ("lanes", "banks", "word_bits"), [(1, 1, 8), (2, 2, 16), (4, 1, 32), (4, 4, 16), (8, 8, 8)]
)
def test_planes_then_sources_then_segments(
    lanes: int, banks: int, word_bits: int, stalls: str
) -> None:
    plan = a_stage(everything(), lanes=lanes, update_lanes=1, banks=banks, word_bits=word_bits)
    walks = [Walk(layer=n, first_step=first) for first in (1, 0) for n in range(4)]
    walk(plan, walks, stalls)


def test_sources_that_are_seen_late_have_no_segments_at_first(stalls: str) -> None:
    plan = a_stage(late(), lanes=4, update_lanes=2, word_bits=8)
    assert plan.waits == (2, 4, 6)
    walks = [
        Walk(layer=n, first_step=f) for f in (0b1111, 0b1110, 0b1100, 0b1000, 0) for n in (0, 1)
    ]
    walk(plan, walks, stalls)


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
@pytest.mark.parametrize("channels", [6, 12])
@pytest.mark.parametrize("lanes", [1, 2, 3, 4])
@pytest.mark.parametrize("padding", [0, 2])
def test_windows_of_channels(padding: int, lanes: int, channels: int, groups: int) -> None:
    rng = np.random.default_rng(0)
    group = Convolution(
        source="input", weights=weights(rng, 4, channels, 6 // groups, 3, 2), bits=4,
        groups=groups, padding=padding, stride=(1, 2),
    )  # fmt: skip
    plan = a_stage(behind(group, channels, (6, 4, 5)), lanes=lanes, update_lanes=1, word_bits=16)
    walk(plan, [Walk(layer=0), Walk(layer=1), Walk(layer=0)], "random")


@pytest.mark.parametrize("lanes", [1, 2, 5, 8])
def test_an_identity_reads_the_channels_of_its_lane_group(lanes: int) -> None:
    group = Identity(source="input", weights=np.ones(7, int), bits=3)
    plan = a_stage(behind(group, 7, (7, 3, 4)), lanes=lanes, update_lanes=1, word_bits=8)
    walk(plan, [Walk(layer=0), Walk(layer=1)], "random")


def behind(
    group: Any, channels: int, shape: tuple[int, ...], activation: Activation | None = None
) -> Tables:
    """Return a layer of one group and a readout of the input."""
    readout = network(shape, []).layers[0]
    layer = Layer(name="l", synapses=(group,), neuron=neuron(channels))
    return Tables(
        name="one",
        steps=2,
        input=Input(shape=shape, activation=activation or Activation()),
        layers=(layer, readout),
        readout=Readout(layer="out"),
    )


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", [1, 2, 7, 8])
def test_planes_come_highest_first(bits: int, signed: bool) -> None:
    value = Activation(kind="value", bits=bits, signed=signed)
    group = Identity(source="input", weights=np.ones(3, int), bits=3)
    plan = a_stage(behind(group, 3, (3, 2, 2), value), lanes=2, update_lanes=1, word_bits=8)
    walk(plan, [Walk(layer=0), Walk(layer=1)], "random")


@pytest.mark.parametrize("skips", [0b001, 0b010, 0b100, 0b011, 0b101, 0b110, 0b111])
def test_lane_groups_that_are_skipped_have_no_segments(skips: int, stalls: str) -> None:
    """Some of the three lane groups of the layers with 6 channels and 5."""
    plan = a_stage(everything(), lanes=2, update_lanes=2, word_bits=16)
    assert [d.groups for d in plan.descriptors] == [3, 3, 4, 2]
    walks = [Walk(layer=0, skips=skips), Walk(layer=1, skips=skips), Walk(layer=2, skips=skips),
             Walk(layer=1), Walk(layer=3, skips=skips & 3), Walk(layer=0)]  # fmt: skip
    walk(plan, walks, stalls)


@pytest.mark.parametrize(
    ("channels", "banks", "word_bits", "grain"),
    [(1, 1, 8, 1), (8, 1, 32, 8), (8, 1, 8, 8), (6, 1, 16, 2), (5, 4, 16, 8), (16, 1, 64, 16)],
)
def test_segments_count_in_the_largest_unit_that_all_have_in_common(
    channels: int, banks: int, word_bits: int, grain: int
) -> None:
    shapes = Shapes(channels=channels, kernel=(3, 3), padding=(1, 1))
    plan = a_stage(
        network((channels, 4, 5), [shapes]), lanes=4, update_lanes=1, banks=banks,
        word_bits=word_bits,
    )  # fmt: skip
    assert plan.grain == grain
    walk(plan, [Walk(layer=0), Walk(layer=1)], "random")


# Cycles.


def test_without_stalls_segments_come_every_cycle_from_the_third_on() -> None:
    plan = a_stage(network((2, 6, 6), [Shapes(kernel=(3, 3))]), lanes=4, word_bits=16)
    segments = walk(plan, [Walk(layer=0)], "none")
    # No segment of an unpadded convolution is dropped.
    first = Walker.latency + 2
    assert segments.cycles == list(range(first, first + 3 * 4 * 4))


def test_a_skipped_lane_group_takes_one_cycle_a_segment() -> None:
    plan = a_stage(network((2, 6, 6), [Shapes(channels=8)]), lanes=4, word_bits=16)
    cycles = walk(plan, [Walk(layer=0, skips=1)], "none").cycles
    # The three segments of the second lane group follow those of the first.
    assert cycles == [6 + 6 * place + n for place in range(16) for n in range(3)]
