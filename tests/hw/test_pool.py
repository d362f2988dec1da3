"""The pool sends the OR of each window, one chunk for each, when the window is complete."""

import numpy as np
import pytest
from plans import Shapes, chunk_lanes, network, visits
from somagate.hw.plan import Plan
from somagate.hw.pool import Pool
from stream_bench import STALLS, Bench

WINDOWS = [None, (2, 2), (1, 1), (1, 3), (3, 1), (3, 2)]


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize(("lanes", "update_lanes"), [(1, 1), (4, 2), (4, 4), (8, 1), (8, 2)])
def test_a_pooled_chunk_is_the_or_of_its_window(
    lanes: int, update_lanes: int, window: tuple[int, int] | None, stalls: str
) -> None:
    tables = network((1, 6, 6), [Shapes(channels=5, kernel=(1, 1), pool=window)])
    plan = Plan(tables=tables, lanes=lanes, update_lanes=update_lanes)
    rng = np.random.default_rng(lanes * 8 + update_lanes)
    spikes = rng.random((2, 5, 6, 6)) < 0.25  # two time steps, back to back
    chunks, wanted, last_of_window = [], [], []
    high, wide = window or (1, 1)
    for fires in spikes:
        for visit in visits(plan, 0):
            used = chunk_lanes(plan, 0, visit.group)
            for number, lane_channels in enumerate(used):
                tail = visit.group == visit.groups - 1 and number == len(used) - 1
                row_end = tail and visit.final and visit.row_end
                channels = [c for c in lane_channels if c >= 0]
                chunks.append(
                    {
                        "spikes": word(fires[channels, visit.row, visit.column]),
                        "potentials": rng.integers(-128, 128, update_lanes).tolist(),
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
                    wanted.append(
                        {
                            "spikes": word(fires[channels, rows, columns].any((1, 2))),
                            "tail": int(tail),
                            "row_end": int(row_end),
                        }
                    )
                    last_of_window.append(len(chunks) - 1)
    dut = Pool(plan)
    bench = Bench(dut, stalls=stalls, seed=lanes)
    taken = bench.send("chunks", dut.chunks, chunks)
    pooled = bench.receive("pooled", dut.pooled, len(wanted))
    bench.run(8 * len(chunks) + 100)
    pooled.must_be(wanted)
    # No latency: a window is sent with its last chunk.
    assert pooled.cycles == [taken.cycles[n] for n in last_of_window]
    if stalls == "none":
        assert taken.cycles == list(range(len(chunks)))


def word(spikes: np.ndarray) -> int:
    """Return spikes as bits, the first one lowest."""
    return sum(int(spike) << lane for lane, spike in enumerate(spikes))
