"""The pool sends the OR or the count of each window, when the window is complete."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from places import chunk_lanes, visits
from plans import Shapes, a_stage, network
from somagate.export.tables import Pool as Window
from somagate.export.tables import Tables
from somagate.hw.plan.stage_plan import StagePlan
from somagate.hw.rtl.maps.pool import Pool
from stream_bench import Bench

WINDOWS = [None, (2, 2), (1, 1), (1, 3), (3, 1), (3, 2)]
LANES = [(1, 1), (4, 2), (4, 4), (8, 1), (8, 2)]


def tables(*pools: Window | None) -> Tables:
    """Return convolution layers of 5 channels with some pools behind them."""
    shapes = [Shapes(channels=5, kernel=(1, 1)) for _ in pools]
    made = network((1, 6, 6), shapes)
    layers = [
        replace(layer, pool=window) for layer, window in zip(made.layers, pools, strict=False)
    ]
    readout = network((1, 6, 6), []).layers[0]  # of the input
    return replace(made, layers=(*layers, readout))


def pooled(plan: StagePlan, index: int, fires: Any, rng: np.random.Generator) -> Any:
    """Return a layer's chunks, what comes of them, and the number of each window's last chunk."""
    chunks, wanted, last_of_window = [], [], []
    layer = plan.tables.layers[index]
    high, wide = layer.pool.size if layer.pool else (1, 1)
    counts = layer.pool is not None and layer.pool.kind == "sum"
    for visit in visits(plan, index):
        used = chunk_lanes(plan, index, visit.group)
        for number, lane_channels in enumerate(used):
            tail = visit.group == visit.groups - 1 and number == len(used) - 1
            row_end = tail and visit.final and visit.row_end
            channels = [c for c in lane_channels if c >= 0]
            spikes = fires[channels, visit.row, visit.column]
            chunks.append(
                {
                    "spikes": sum(int(spike) << lane for lane, spike in enumerate(spikes)),
                    "potentials": rng.integers(-128, 128, plan.update_lanes).tolist(),
                    "chunk": number,
                    "first": visit.first,
                    "final": visit.final,
                    "tail": tail,
                    "row_end": row_end,
                    "index": 0,
                }
            )
            if visit.final:
                rows = slice(visit.row - high + 1, visit.row + 1)
                columns = slice(visit.column - wide + 1, visit.column + 1)
                window = fires[channels, rows, columns].astype(int)
                found = window.sum((1, 2)) if counts else window.max((1, 2))
                spare = plan.update_lanes - len(found)
                wanted.append(
                    {
                        "counts": found.tolist() + [0] * spare,
                        "tail": int(tail),
                        "row_end": int(row_end),
                    }
                )
                last_of_window.append(len(chunks) - 1)
    return chunks, wanted, last_of_window


def pool(plan: StagePlan, maps: list[tuple[int, Any]], stalls: str) -> None:
    """Send the chunks of maps (layer, bool (channels, rows, columns)), and compare."""
    rng = np.random.default_rng(len(maps))
    chunks, wanted, last_of_window, adds = [], [], [], []
    for index, fires in maps:
        sent, due, lasts = pooled(plan, index, fires, rng)
        last_of_window += [len(chunks) + n for n in lasts]
        chunks += sent
        wanted += due
        adds += [plan.descriptors[index].counts] * len(sent)
    dut = Pool(plan)
    bench = Bench(dut, stalls=stalls, seed=len(chunks))
    taken = bench.send("chunks", dut.chunks, chunks, static=[(dut.adds, adds)])
    output = bench.receive("pooled", dut.pooled, len(wanted))
    bench.run(8 * len(chunks) + 100)
    output.must_be(wanted)
    # No latency: a window is sent with its last chunk.
    assert output.cycles == [taken.cycles[n] for n in last_of_window]
    if stalls == "none":
        assert taken.cycles == list(range(len(chunks)))


@pytest.mark.parametrize("kind", ["max", "sum"])
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize(("lanes", "update_lanes"), LANES)
def test_a_pooled_chunk_is_the_or_or_the_count_of_its_window(
    lanes: int, update_lanes: int, window: tuple[int, int] | None, kind: Any, stalls: str
) -> None:
    behind = Window(kind=kind, size=window) if window else None
    plan = a_stage(tables(behind), lanes=lanes, update_lanes=update_lanes)
    rng = np.random.default_rng(lanes * 8 + update_lanes)
    density = 0.25 if kind == "max" else 0.7
    # Two time steps, back to back.
    pool(plan, [(0, rng.random((5, 6, 6)) < density) for _ in range(2)], stalls)


@pytest.mark.parametrize(("lanes", "update_lanes"), LANES)
def test_layers_of_every_pool_take_turns(lanes: int, update_lanes: int, stalls: str) -> None:
    pools = [Window(kind="sum", size=(3, 2)), None, Window(size=(2, 2)), Window(kind="sum")]
    plan = a_stage(tables(*pools), lanes=lanes, update_lanes=update_lanes)
    rng = np.random.default_rng(lanes)
    pool(plan, [(n, rng.random((5, 6, 6)) < 0.6) for n in (0, 1, 2, 3, 2, 0)], stalls)


@pytest.mark.parametrize(
    ("size", "bits"), [((1, 1), 1), ((1, 2), 2), ((2, 2), 3), ((1, 7), 3), ((2, 4), 4)]
)
def test_a_count_holds_the_whole_window(size: tuple[int, int], bits: int) -> None:
    rows, columns = max(6, size[0]), max(8, size[1])
    made = network((1, rows, columns), [Shapes(channels=2, kernel=(1, 1))])
    layer = replace(made.layers[0], pool=Window(kind="sum", size=size))
    out = network((2, rows // size[0], columns // size[1]), []).layers[0]
    group = replace(out.synapses[0], source="l0")
    made = replace(made, layers=(layer, replace(out, synapses=(group,))))
    plan = a_stage(made, lanes=4, update_lanes=2)
    assert plan.count_bits == bits
    pool(plan, [(0, np.ones((2, rows, columns), bool))], "random")
    # A maximum of any size is a spike.
    assert a_stage(tables(Window(size=(6, 6))), lanes=4).count_bits == 1
