"""The joiner closes the gaps between positions, and the packer sends the words of whole maps."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import connect
from places import map_words
from plans import Shapes, a_stage, everything, network
from somagate.export.tables import Pool
from somagate.hw.plan.stage_plan import StagePlan
from somagate.hw.rtl.maps.packer import Joiner, Packer
from stream_bench import Bench, Transfers, same

Chunk = dict[str, Any]


def gapped(counts: Any, width: int) -> Iterator[Chunk]:
    """Yield a map's chunks, int (channels, rows, columns), position by position."""
    channels, rows, columns = counts.shape
    for row in range(rows):
        for column in range(columns):
            for first in range(0, channels, width):
                tail = first + width >= channels
                yield {
                    "counts": padded(counts[first : first + width, row, column], width),
                    "tail": int(tail),
                    "row_end": int(tail and column == columns - 1),
                }


def joined(counts: Any, width: int, padding: int = 0) -> Iterator[Chunk]:
    """Yield the same counts without gaps, channels of 0 behind each position."""
    counts = np.pad(counts, ((0, padding), (0, 0), (0, 0)))
    for line in counts.transpose(1, 2, 0).reshape(counts.shape[1], -1):
        for first in range(0, len(line), width):
            yield {
                "counts": padded(line[first : first + width], width),
                "row_end": int(first + width >= len(line)),
            }


def padded(counts: Any, width: int) -> list[int]:
    return [int(count) for count in counts] + [0] * (width - len(counts))


def draw(rng: np.random.Generator, bits: int, *shape: int) -> Any:
    counts = rng.integers(0, 1 << bits, shape)
    return np.where(rng.random(shape) < rng.choice([0.1, 0.5, 1.0]), counts, 0)


# The joiner.


def a_joiner(width: int, *, pad: int = 1, counts: bool = False) -> StagePlan:
    """Return a plan whose counts have 3 bits, or that has spikes only."""
    tables = network((1, 4, 4), [Shapes(channels=3, kernel=(1, 1), pool=(2, 2))])
    if counts:
        layer = replace(tables.layers[0], pool=Pool(kind="sum", size=(2, 2)))
        tables = replace(tables, layers=(layer, tables.layers[1]))
    return a_stage(tables, lanes=width, update_lanes=width, banks=pad, word_bits=32)


@pytest.mark.parametrize("counts", [False, True])
@pytest.mark.parametrize(
    ("width", "pad"), [(1, 1), (2, 1), (4, 1), (8, 1), (1, 2), (2, 4), (4, 2), (1, 8), (4, 4)]
)
def test_joined_chunks_have_no_gaps(width: int, pad: int, counts: bool, stalls: str) -> None:
    """Maps of every number of channels and columns, one after the other, with their padding."""
    plan = a_joiner(width, pad=pad, counts=counts)
    bits = plan.count_bits
    assert bits == (3 if counts else 1)
    rng = np.random.default_rng(width)
    sent: list[Chunk] = []
    tail_lanes: list[int] = []
    paddings: list[int] = []
    wanted: list[Chunk] = []
    for channels in range(1, 2 * width + 2):
        for columns in (1, 2, 3, 7):
            values = draw(rng, bits, channels, 2, columns)
            chunks = list(gapped(values, width))
            sent += chunks
            tail_lanes += [(channels - 1) % width + 1] * len(chunks)
            paddings += [-channels % pad] * len(chunks)
            wanted += joined(values, width, -channels % pad)
    dut = Joiner(plan)
    bench = Bench(dut, stalls=stalls, seed=width)
    static = [(dut.tail_lanes, tail_lanes), (dut.padding, paddings)]
    taken = bench.send("gapped", dut.gapped, sent, static=static)
    output = bench.receive("joined", dut.joined, len(wanted))
    idle = bench.probe(dut.idle)
    bench.run(8 * (len(sent) + len(wanted)) + 100)
    same("joined", [{k: v for k, v in c.items() if k != "tail"} for c in output.payloads], wanted)
    ends = [
        cycle for cycle, chunk in zip(output.cycles, output.payloads, strict=True)
        if chunk["row_end"]
    ]  # fmt: skip
    starts = [cycle for cycle, chunk in zip(taken.cycles, sent, strict=True) if chunk["row_end"]]
    for start, end in zip(starts, ends, strict=True):
        assert idle[start + 1 : end + 2] == [0] * (end - start) + [1], "idle with a row to finish"
    if stalls == "none" and pad == 1:
        # A row costs one cycle more only where what is left over does not fit its last chunk.
        assert len(idle) - sum(idle) == sum(
            end != start for start, end in zip(starts, ends, strict=True)
        )


# The packer.


def a_plan(word_bits: int, update_lanes: int, banks: int = 1) -> StagePlan:
    """Return layers of spikes and of counts of 2 and 3 bits, and a row of several words."""
    layers = [
        Shapes(channels=5, kernel=(1, 1)),
        Shapes(channels=3, kernel=(2, 2), pool=(1, 2)),
        Shapes(channels=17, kernel=(1, 1), source="l0", pool=(3, 1)),
        9,
    ]
    tables = network((2, 3, 5), layers)
    pools = {1: Pool(kind="sum", size=(2, 2)), 2: Pool(kind="sum", size=(3, 1))}
    made = [replace(layer, pool=pools.get(n)) for n, layer in enumerate(tables.layers)]
    # The pool of (2, 2) leaves one row and two columns of l1.
    return a_stage(
        replace(tables, layers=tuple(made)),
        lanes=update_lanes,
        update_lanes=update_lanes,
        banks=banks,
        word_bits=word_bits,
    )


SIZES = [(8, 1), (8, 2), (8, 8), (16, 4), (32, 2), (32, 32), (64, 8), (128, 1)]


def draw_maps(plan: StagePlan, rng: np.random.Generator, steps: int) -> list[tuple[str, Any]]:
    """Draw the maps of some time steps, all channels kept, in the order of their layers."""
    maps = []
    for _ in range(steps):
        for name in plan.names:
            shape = (*plan.tables.map_shapes[name], 1, 1)[:3]
            high = plan.tables.range_of(name)[1]
            values = np.minimum(draw(rng, plan.map(name).planes, *shape), high)
            maps.append((name, values))
    return maps


def packed(plan: StagePlan, maps: list[tuple[str, Any]]) -> list[Chunk]:
    """Return the words of all maps with their places: planes lie one after the other."""
    found = []
    for name, values in maps:
        form = plan.map(name)
        for index, data in enumerate(map_words(plan, name, values)):
            place, plane = divmod(index, form.planes)
            found.append({"data": data, "place": place + plane * form.plane_words})
    return found


class MapByMap:
    """Lets the chunks of one map after the other into a block, as the sequencer does.

    Before a map `restart` pulses, and what is static changes; behind it all must be idle.
    """

    def __init__(
        self, m: Module, port: Any, chunks: list[list[Chunk]], restart: Any, idle: Any,
        static: list[tuple[Any, list[int]]],
    ) -> None:  # fmt: skip
        self.chunks, self.restart, self.idle, self.static = chunks, restart, idle, static
        self.input = stream.Signature(port.payload.shape()).create()
        self.turn, self.passes = Signal(), Signal()
        m.d.comb += [
            port.payload.eq(self.input.payload),
            port.valid.eq(self.input.valid & self.turn),
            self.input.ready.eq(port.ready & self.turn),
            self.passes.eq(port.valid & port.ready),
        ]

    def send(self, bench: Bench) -> Transfers:
        """Send the chunks of all maps in their turns."""
        bench.add_process(self._run)
        return bench.send("chunks", self.input, [chunk for some in self.chunks for chunk in some])

    async def _run(self, ctx: Any) -> None:
        for number, chunks in enumerate(self.chunks):
            for signal, values in self.static:
                ctx.set(signal, values[number])
            ctx.set(self.restart, 1)
            await ctx.tick()
            ctx.set(self.restart, 0)
            ctx.set(self.turn, 1)
            left = len(chunks)
            async for _, _, passes in ctx.tick().sample(self.passes):
                left -= passes
                if not left:
                    break
            ctx.set(self.turn, 0)
            await ctx.tick().until(self.idle)


@pytest.mark.parametrize(("word_bits", "update_lanes"), SIZES)
def test_joined_chunks_are_sent_as_words_map_after_map(
    word_bits: int, update_lanes: int, stalls: str
) -> None:
    plan = a_plan(word_bits, update_lanes)
    maps = draw_maps(plan, np.random.default_rng(word_bits + update_lanes), steps=2)
    chunks = [list(joined(values, update_lanes)) for _, values in maps]
    flat = [chunk for some in chunks for chunk in some]
    forms = [plan.map(name) for (name, _), some in zip(maps, chunks, strict=True) for _ in some]
    wanted = packed(plan, maps)
    m = Module()
    m.submodules.dut = dut = Packer(plan)
    maps_forms = [plan.map(name) for name, _ in maps]
    static = [
        (dut.planes, [form.planes - 1 for form in maps_forms]),
        (dut.plane_words, [form.plane_words for form in maps_forms]),
    ]
    turns = MapByMap(m, dut.pooled, chunks, dut.restart, dut.idle, static)
    bench = Bench(m, stalls=stalls, seed=word_bits)
    taken = turns.send(bench)
    output = bench.receive("words", dut.words, len(wanted))
    idle = bench.probe(dut.idle)
    bench.run(10 * (len(flat) + len(wanted)) + 20 * len(maps) + 100)
    output.must_be(wanted)

    # A word comes in the cycle after its last chunk, then its other planes.
    slots, number = 0, 0
    for chunk, form, cycle in zip(flat, forms, taken.cycles, strict=True):
        slots += 1
        if not chunk["row_end"] and slots < word_bits // update_lanes:
            continue
        slots = 0
        cycles = output.cycles[number : number + form.planes]
        number += form.planes
        assert cycles[0] > cycle
        assert idle[cycle + 1 : cycles[-1] + 1] == [0] * (cycles[-1] - cycle)
        if stalls == "none":
            assert cycles == list(range(cycle + 1, cycle + 1 + form.planes))


def test_spikes_are_taken_in_every_cycle() -> None:
    """A word of spikes leaves while the next one fills, even if a chunk is a whole word."""
    for word_bits, update_lanes in ((8, 8), (8, 2)):
        tables = network((1, 3, 5), [Shapes(channels=8, kernel=(1, 1))])
        plan = a_stage(tables, lanes=8, update_lanes=update_lanes, word_bits=word_bits)
        values = draw(np.random.default_rng(1), 1, 8, 3, 5)
        dut = Packer(plan)
        bench = Bench(dut, stalls="none")
        bench.set(dut.plane_words, plan.map("l0").plane_words)
        chunks = list(joined(values, update_lanes))
        taken = bench.send("pooled", dut.pooled, chunks)
        output = bench.receive("words", dut.words, 15)
        bench.run(300)
        output.must_be(packed(plan, [("l0", values)]))
        assert taken.cycles == list(range(len(chunks)))


@pytest.mark.parametrize("banks", [1, 2, 8])
@pytest.mark.parametrize(("word_bits", "update_lanes"), [(8, 1), (8, 8), (16, 4), (32, 2)])
def test_joiner_and_packer_send_the_maps_of_layers(
    word_bits: int, update_lanes: int, banks: int, stalls: str
) -> None:
    plan = a_plan(word_bits, update_lanes, banks)
    rng = np.random.default_rng(word_bits * update_lanes)
    must_store(plan, draw_maps(plan, rng, steps=1), stalls)


@pytest.mark.parametrize("banks", [1, 2, 4])
def test_maps_of_every_kind_of_layer(banks: int) -> None:
    plan = a_stage(everything(), lanes=4, update_lanes=2, banks=banks, word_bits=16)
    must_store(plan, draw_maps(plan, np.random.default_rng(banks), steps=2), "random")


def must_store(plan: StagePlan, maps: list[tuple[str, Any]], stalls: str) -> None:
    """Send maps as the pool does, and compare their words."""
    width = plan.update_lanes
    kept = [values[plan.tables.mask(name)] for name, values in maps]
    forms = [plan.map(name) for name, _ in maps]
    chunks = [list(gapped(values, width)) for values in kept]
    wanted = packed(plan, maps)
    m = Module()
    m.submodules.joiner = joiner = Joiner(plan)
    m.submodules.packer = packer = Packer(plan)
    connect(m, joiner.joined, packer.pooled)
    idle = Signal()
    m.d.comb += idle.eq(joiner.idle & packer.idle)
    static = [
        (joiner.tail_lanes, [(len(values) - 1) % width + 1 for values in kept]),
        (joiner.padding, [f.channels - len(v) for f, v in zip(forms, kept, strict=True)]),
        (packer.planes, [form.planes - 1 for form in forms]),
        (packer.plane_words, [form.plane_words for form in forms]),
    ]
    turns = MapByMap(m, joiner.gapped, chunks, packer.restart, idle, static)
    bench = Bench(m, stalls=stalls, seed=plan.word_bits)
    turns.send(bench)
    output = bench.receive("words", packer.words, len(wanted))
    bench.run(20 * (sum(map(len, chunks)) + len(wanted)) + 20 * len(maps) + 100)
    output.must_be(wanted)
