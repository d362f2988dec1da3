"""The walker names every segment of every position, in the order of the contract."""

from typing import Any

import pytest
from plans import Shapes, network, visits
from somagate.hw.plan import Plan
from somagate.hw.walker import Walker, WalkLayout
from stream_bench import STALLS, Bench, Transfers, same

Segment = tuple[list[tuple[int, int, int]], bool]
"""(word address, bit in the word, weight row) of each bit, and whether it ends its position."""


def wanted(plan: Plan, layer: int, buffer: int) -> list[Segment]:
    """Return a layer's segments by walking through its geometry bit by bit."""
    d = plan.descriptors[layer]
    base = d.map.base + (buffer * d.map.words if d.source == "input" else 0)
    channels, kernel = d.map.channels, d.kernel
    segments: list[Segment] = []
    for visit in visits(plan, layer):
        y0 = visit.row * d.stride[0] - d.padding[0]
        x0 = visit.column * d.stride[1] - d.padding[1]
        first_row = d.weight_base + visit.group * kernel[0] * kernel[1] * channels
        for y in range(kernel[0]):
            bits = []
            for x in range(kernel[1]):
                if not (0 <= y0 + y < d.map.rows and 0 <= x0 + x < d.map.columns):
                    continue
                for channel in range(channels):
                    word, bit = divmod((x0 + x) * channels + channel, plan.word_bits)
                    address = base + (y0 + y) * d.map.row_words + word
                    row = first_row + (y * kernel[1] + x) * channels + channel
                    bits.append((address, bit, row))
            last = y == kernel[0] - 1
            if bits or last:
                segments.append((bits, last))
    return segments


def seen(plan: Plan, segment: dict[str, int], row_bits: int) -> Segment:
    """Return what a segment's payload means."""
    bits = []
    for word in range(segment["words"] + 1):
        first = segment["first"] if word == 0 else 0
        final = segment["final"] if word == segment["words"] else plan.word_bits - 1
        for bit in range(first, final + 1):
            row = (segment["row"] + word * plan.word_bits + bit) % (1 << row_bits)
            bits.append((segment["addr"] + word, bit, row))
    return ([] if segment["empty"] else bits), bool(segment["last"])


def walk(plan: Plan, walks: list[tuple[int, int]], stalls: str) -> Transfers:
    """Walk (layer, buffer) after (layer, buffer), compare, and return the segments' transfers."""
    segments = [segment for layer, buffer in walks for segment in wanted(plan, layer, buffer)]
    dut = Walker(plan)
    bench = Bench(dut, stalls=stalls, seed=len(segments))
    layers: list[dict[str, Any]] = [
        WalkLayout.values(plan.descriptors[layer], buffer) for layer, buffer in walks
    ]
    bench.send("layers", dut.layers, layers)
    output = bench.receive("segments", dut.segments, len(segments))
    steps = sum(plan.descriptors[n].kernel[0] * len(list(visits(plan, n))) for n, _ in walks)
    bench.run(6 * steps + 100 * len(walks))
    row_bits = dut.segments.payload.row.shape().width
    same("segments", [seen(plan, payload, row_bits) for payload in output.payloads], segments)
    return output


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


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("case", KERNELS)
def test_the_segments_of_a_convolution(case: str, stalls: str) -> None:
    shape, shapes = KERNELS[case]
    plan = Plan(tables=network(shape, [shapes]), lanes=4, update_lanes=2, word_bits=16)
    # Both buffers of the input, back to back, then the readout behind it.
    walk(plan, [(0, 0), (0, 1), (1, 0)], stalls)


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize(
    ("shape", "channels"), [((37,), 5), ((16,), 16), ((1,), 1), ((3, 4, 5), 7), ((2, 5, 8), 3)]
)
def test_a_dense_layer_is_one_kernel_over_the_whole_map(
    shape: tuple[int, ...], channels: int, stalls: str
) -> None:
    plan = Plan(tables=network(shape, [channels]), lanes=4, update_lanes=4, word_bits=8)
    walk(plan, [(0, 1), (1, 0), (0, 0)], stalls)


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
    plan = Plan(tables=network((2, 6, 8), layers), lanes=lanes, update_lanes=1, word_bits=word_bits)
    order = [(0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (0, 1), (2, 1), (1, 1), (5, 1)]
    walk(plan, order, "random")


def test_without_stalls_segments_come_every_cycle_from_the_third_on() -> None:
    shape = (2, 6, 6)
    plan = Plan(tables=network(shape, [Shapes(kernel=(3, 3))]), lanes=4, word_bits=16)
    segments = walk(plan, [(0, 0)], "none")
    # No segment of an unpadded convolution is dropped.
    assert segments.cycles == list(range(3, 3 + 3 * 4 * 4))
