import pytest
from plans import everything
from small_network import small_network
from somagate.hw.plan.plan import Plan
from somagate.sim.cycles.joining import joining


@pytest.mark.parametrize(("lanes", "update_lanes", "banks"), [(8, 8, 1), (6, 2, 4), (4, 1, 8)])
def test_every_word_of_a_map_is_completed_once(lanes: int, update_lanes: int, banks: int) -> None:
    for tables in (everything(), small_network()):
        stage = Plan.single(
            tables, lanes=lanes, update_lanes=update_lanes, banks=banks, word_bits=16
        ).stages[0]
        for descriptor in stage.descriptors[:-1]:
            joins = joining(stage, descriptor, True)
            assert len(joins) == descriptor.rows * descriptor.columns * descriptor.chunks
            assert all(joins)
            assert sum(map(sum, joins)) == stage.map(descriptor.name).plane_words
            assert joins[-1][-1]


def test_without_a_joiner_a_chunk_takes_one_cycle() -> None:
    stage = Plan.single(small_network(), lanes=4, update_lanes=4, word_bits=16).stages[0]
    # Three pooled columns of four channels: a row is one word.
    assert joining(stage, stage.descriptors[0], False) == [[False], [False], [True]] * 3
