"""The joiner closes the gaps between positions, and the packer writes whole maps of words."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import connect
from plans import Shapes, network
from somagate.hw.packer import Joiner, Packer
from somagate.hw.plan import Plan
from stream_bench import STALLS, Bench, same

Chunk = dict[str, int]


def gapped(fires: Any, width: int) -> Iterator[Chunk]:
    """Yield a map's chunks, bool (channels, rows, columns), position by position."""
    channels, rows, columns = fires.shape
    for row in range(rows):
        for column in range(columns):
            for first in range(0, channels, width):
                tail = first + width >= channels
                yield {
                    "spikes": word(fires[first : first + width, row, column]),
                    "tail": int(tail),
                    "row_end": int(tail and column == columns - 1),
                }


def joined(fires: Any, width: int) -> Iterator[Chunk]:
    """Yield the same spikes without gaps, padded at the end of a row only."""
    for bits in fires.transpose(1, 2, 0).reshape(fires.shape[1], -1):
        for first in range(0, len(bits), width):
            yield {
                "spikes": word(bits[first : first + width]),
                "row_end": int(first + width >= len(bits)),
            }


def words(fires: Any, word_bits: int) -> list[int]:
    """Return the words of a map in the map memory."""
    return [chunk["spikes"] for chunk in joined(fires, word_bits)]


def word(spikes: Any) -> int:
    """Return spikes as bits, the first one lowest."""
    return sum(int(spike) << lane for lane, spike in enumerate(spikes))


def draw(rng: np.random.Generator, *shape: int) -> Any:
    return rng.random(shape) < rng.choice([0.1, 0.5, 1.0])


# The joiner.


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("width", [1, 2, 4, 8])
def test_joined_chunks_have_no_gaps(width: int, stalls: str) -> None:
    """Maps of every number of channels and columns, one after the other."""
    plan = Plan(tables=network((4,), []), lanes=width, update_lanes=width)
    rng = np.random.default_rng(width)
    sent: list[Chunk] = []
    tail_lanes: list[int] = []
    wanted: list[Chunk] = []
    for channels in range(1, 2 * width + 2):
        for columns in (1, 2, 3, 7):
            fires = draw(rng, channels, 2, columns)
            chunks = list(gapped(fires, width))
            sent += chunks
            tail_lanes += [(channels - 1) % width + 1] * len(chunks)
            wanted += joined(fires, width)
    dut = Joiner(plan)
    bench = Bench(dut, stalls=stalls, seed=width)
    taken = bench.send("gapped", dut.gapped, sent, static=[(dut.tail_lanes, tail_lanes)])
    output = bench.receive("joined", dut.joined, len(wanted))
    idle = bench.probe(dut.idle)
    bench.run(8 * len(sent) + 100)
    same("joined", [{k: v for k, v in c.items() if k != "tail"} for c in output.payloads], wanted)
    ends = [
        cycle for cycle, chunk in zip(output.cycles, output.payloads, strict=True)
        if chunk["row_end"]
    ]  # fmt: skip
    starts = [cycle for cycle, chunk in zip(taken.cycles, sent, strict=True) if chunk["row_end"]]
    for start, end in zip(starts, ends, strict=True):
        assert idle[start + 1 : end + 2] == [0] * (end - start) + [1], "idle with a row to finish"
    if stalls == "none":
        # A row costs one cycle more only where what is left over does not fit its last chunk.
        assert len(idle) - sum(idle) == sum(
            end != start for start, end in zip(starts, ends, strict=True)
        )


# The packer.


def a_plan(word_bits: int, update_lanes: int) -> Plan:
    layers = [
        Shapes(channels=5, kernel=(1, 1)),
        Shapes(channels=3, kernel=(2, 2), pool=(1, 2)),
        Shapes(channels=17, kernel=(1, 1), source="l0"),
        9,
    ]
    tables = network((2, 3, 5), layers)
    return Plan(tables=tables, lanes=update_lanes, update_lanes=update_lanes, word_bits=word_bits)


SIZES = [(8, 1), (8, 2), (8, 8), (16, 4), (32, 2), (32, 32), (64, 8), (128, 1)]


def check_writes(
    plan: Plan, maps: list[dict[str, Any]], en: list[int], addr: list[int], data: list[int]
) -> list[int]:
    """Compare writes with the words of all maps, step by step; return their cycles."""
    got = [(a, d) for e, a, d in zip(en, addr, data, strict=True) if e]
    wanted = []
    for step in maps:
        for name, fires in step.items():
            base = plan.maps[name].base
            wanted += [(base + n, d) for n, d in enumerate(words(fires, plan.word_bits))]
    same("writes", got, wanted)
    return [cycle for cycle, e in enumerate(en) if e]


def draw_maps(plan: Plan, rng: np.random.Generator, steps: int) -> list[dict[str, Any]]:
    """Draw the stored maps of some time steps, in the order of their layers."""
    shapes = {
        layer.name: (*plan.tables.map_shapes[layer.name], 1, 1)[:3]
        for layer in plan.tables.layers
        if layer.name in plan.read_maps
    }
    return [{name: draw(rng, *shape) for name, shape in shapes.items()} for _ in range(steps)]


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize(("word_bits", "update_lanes"), SIZES)
def test_joined_chunks_are_written_as_words_map_after_map(
    word_bits: int, update_lanes: int, stalls: str
) -> None:
    plan = a_plan(word_bits, update_lanes)
    maps = draw_maps(plan, np.random.default_rng(word_bits + update_lanes), steps=3)
    chunks = [c for step in maps for fires in step.values() for c in joined(fires, update_lanes)]
    dut = Packer(plan)
    bench = Bench(dut, stalls=stalls, seed=word_bits)
    taken = bench.send("pooled", dut.pooled, chunks)
    write = [bench.probe(signal) for signal in (dut.write.en, dut.write.addr, dut.write.data)]
    idle = bench.probe(dut.idle)
    bench.run(8 * len(chunks) + 100)
    cycles = check_writes(plan, maps, *write)
    assert idle == [1 - en for en in write[0]]
    # A word is written in the cycle after its last chunk.
    slots, last_of_word = 0, []
    for number, chunk in enumerate(chunks):
        slots += 1
        if chunk["row_end"] or slots == word_bits // update_lanes:
            last_of_word.append(number)
            slots = 0
    assert cycles == [taken.cycles[number] + 1 for number in last_of_word]
    if stalls == "none":
        assert taken.cycles == list(range(len(chunks)))


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize(("word_bits", "update_lanes"), SIZES)
def test_joiner_and_packer_write_the_maps_of_layers(
    word_bits: int, update_lanes: int, stalls: str
) -> None:
    plan = a_plan(word_bits, update_lanes)
    maps = draw_maps(plan, np.random.default_rng(word_bits * update_lanes), steps=2)
    sent: list[Chunk] = []
    tail_lanes: list[int] = []
    for step in maps:
        for fires in step.values():
            chunks = list(gapped(fires, update_lanes))
            sent += chunks
            tail_lanes += [(len(fires) - 1) % update_lanes + 1] * len(chunks)
    m = Module()
    m.submodules.joiner = joiner = Joiner(plan)
    m.submodules.packer = packer = Packer(plan)
    connect(m, joiner.joined, packer.pooled)
    idle_signal = Signal()
    m.d.comb += idle_signal.eq(joiner.idle & packer.idle)
    bench = Bench(m, stalls=stalls, seed=word_bits)
    taken = bench.send("gapped", joiner.gapped, sent, static=[(joiner.tail_lanes, tail_lanes)])
    write = [bench.probe(s) for s in (packer.write.en, packer.write.addr, packer.write.data)]
    idle = bench.probe(idle_signal)
    bench.run(8 * len(sent) + 100)
    cycles = check_writes(plan, maps, *write)
    # From the cycle after the last chunk of a row on, idle says that the row is in the memory.
    ends = [c for c, chunk in zip(taken.cycles, sent, strict=True) if chunk["row_end"]]
    row_words = [
        -(-fires.shape[2] * fires.shape[0] // word_bits)
        for step in maps
        for fires in step.values()
        for _ in range(fires.shape[1])
    ]
    for end, last in zip(ends, np.cumsum(row_words) - 1, strict=True):
        assert idle.index(1, end + 1) > cycles[last]
