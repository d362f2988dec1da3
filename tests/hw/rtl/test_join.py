"""The rows of a map come from the tiles in turn."""

import pytest
from plans import Shapes, network
from somagate.hw.plan.plan import Plan, StageShape
from somagate.hw.plan.stage_plan import StagePlan
from somagate.hw.rtl.join import Join, queue_depth
from stream_bench import Bench


def a_tile(tiles: int, *, rows: int = 5, word_bits: int = 8) -> StagePlan:
    """Return a tile of a layer whose map has rows of 4 words of 8 bits."""
    tables = network((1, rows, 6), [Shapes(channels=5, padding=(1, 1))])
    shapes = (StageShape(layers=1, lanes=4, tiles=tiles), StageShape(layers=1))
    return Plan(tables=tables, shapes=shapes, word_bits=word_bits).stages[0]


@pytest.mark.parametrize("tiles", [2, 3, 5])
def test_rows_are_taken_in_turn_and_each_map_begins_anew(tiles: int, stalls: str) -> None:
    plan = a_tile(tiles)
    assert queue_depth(plan) == 4
    words = [[[(40 * n + 4 * y + i) & 255 for i in range(4)] for y in range(5)] for n in range(3)]
    dut = Join(plan)
    bench = Bench(dut, stalls=stalls, seed=tiles)
    for tile in range(tiles):
        mine = [word for rows in words for row in rows[tile::tiles] for word in row]
        bench.send(f"tile {tile}", dut.inputs[tile], mine)
    found = bench.receive("output", dut.output, 60)
    bench.run(1000)
    found.must_be([word for rows in words for row in rows for word in row])


def test_a_word_leaves_each_cycle_a_latency_later() -> None:
    dut = Join(a_tile(2))
    bench = Bench(dut, stalls="none")
    bench.send("tile 0", dut.inputs[0], range(12))
    other = bench.send("tile 1", dut.inputs[1], range(8))
    found = bench.receive("output", dut.output, 20)
    bench.run(200)
    assert found.cycles == [cycle + Join.latency for cycle in range(20)]
    # A row waits in the queue.
    assert other.cycles[:4] == [0, 1, 2, 3]


def test_a_row_of_one_word_has_room_for_two() -> None:
    assert queue_depth(a_tile(2, word_bits=64)) == 2
