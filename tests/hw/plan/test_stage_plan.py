"""A stage's memories hold what its layers need, one thing behind the other."""

import numpy as np
import pytest
from plans import Shapes, a_stage, branched, everything, late, network, with_neurons
from somagate.export.neuron import Shift
from somagate.hw.plan.plan import Plan, StageShape

TABLES = branched()


def test_maps_lie_behind_each_other_those_from_outside_first() -> None:
    plan = a_stage(TABLES, lanes=4, update_lanes=2, word_bits=8)
    # 6 rows of 14 bits; 3 rows of 15 bits, pooled; nobody reads what l1 gives.
    assert plan.external == ("input",)
    assert plan.read_maps == {"input", "l0", "l2", "l3"}
    assert plan.lags == dict.fromkeys(plan.read_maps, (0,))
    assert (plan.waits, plan.rings) == ((), ())
    assert plan.map_bases == {"input": 0, "l0": 24, "l2": 30, "l3": 48}
    assert [plan.map(name).words for name in plan.map_bases] == [12, 6, 18, 1]
    assert [plan.map_buffers(name) for name in plan.map_bases] == [2, 1, 1, 1]
    assert plan.map_words == 49
    # Kept channels only.
    assert plan.map("l1").channels == 4


def test_a_stage_of_a_chain_stores_what_it_reads() -> None:
    shapes = (StageShape(layers=2, lanes=4), StageShape(layers=3, lanes=4, banks=4))
    first, second = Plan(tables=TABLES, shapes=shapes, word_bits=8).stages
    # Both read the input. Channels are padded to 4: 6 rows of 28 bits, 3 of 24.
    assert (first.map_bases, first.map_words) == ({"input": 0, "l0": 48}, 57)
    assert second.external == ("input",)
    assert second.map_bases == {"input": 0, "l2": 3 * 24, "l3": 3 * 24 + 24}
    assert second.map_words == 3 * 24 + 6 * 4 + 1
    assert [first.map(n).channels for n in ("input", "l0", "l1", "l3")] == [4, 8, 4, 8]


def test_a_layer_that_reads_its_own_map_has_two_buffers_of_it() -> None:
    plan = a_stage(everything(), lanes=4, word_bits=8)
    assert {name for name, lags in plan.lags.items() if lags == (0, 1)} == {"joined", "ring"}
    sizes = {name: plan.map(name).words for name in plan.map_bases}
    # 3 planes of 6 rows of 20 bits, of 3 rows of 12; 3 rows of 10 bits; 7 bits.
    assert sizes == {"input": 54, "grouped": 18, "joined": 6, "ring": 1}
    assert plan.map_bases == {"input": 0, "grouped": 108, "joined": 126, "ring": 138}
    assert plan.map_words == 140


# Weights, potentials and updates.


def test_layers_lie_behind_each_other_in_every_memory() -> None:
    tables = with_neurons(TABLES, l1={"store": Shift(bits=3, shift=2)})
    plan = a_stage(tables, lanes=4, update_lanes=2)
    bases = [(d.sources[0].weight_base, d.parameter_base, d.state_base) for d in plan.descriptors]
    rows = [2 * 18, 20, 2, 2 * 3 * 42, 7]
    chunks = [3, 2, 2, 4, 2]
    updates = [36 * 3, 4 * 2, 42 * 2, 4, 2]
    assert [d.groups * d.sources[0].group_rows for d in plan.descriptors] == rows
    assert [d.updates for d in plan.descriptors] == updates
    assert bases == [
        (0, 0, 0),
        (36, 3, 0),  # alone in the memory of 3-bit potentials
        (56, 5, 108),
        (58, 7, 192),
        (310, 11, 196),
    ]
    assert {bits: len(rows) for bits, rows in plan.weights.items()} == {4: 317}
    assert sum(chunks) == len(plan.parameters[0].values)
    assert plan.state_words == {3: 8, 8: 198}
    assert plan.state_bits == 8
    assert plan.most_groups == 2


def test_the_weight_memory_has_the_weights_of_kept_channels_only() -> None:
    """Every row from the tables: kernel row, kernel column, source channel, lane group by group."""
    plan = a_stage(TABLES, lanes=4, update_lanes=2)
    group = TABLES.layers[1].synapses[0]
    kept = [0, 2, 3, 5]
    base = plan.descriptors[1].sources[0].weight_base
    for y, x, source in np.ndindex(2, 2, 5):
        row = plan.weights[4][base + (y * 2 + x) * 5 + source]
        assert row.tolist() == [group.weights[channel, source, y, x] for channel in kept]
    # The readout's three classes leave a lane without a weight.
    assert (plan.weights[4][plan.descriptors[4].sources[0].weight_base :, 3] == 0).all()


def test_each_width_of_weights_has_a_memory_of_its_own() -> None:
    layers = [Shapes(kernel=(1, 1), bits=bits) for bits in (8, 2, 4, 2)]
    plan = a_stage(network((3, 2, 2), layers), lanes=4)
    # The readout has 4 bits too; a row for each channel of each lane group, of which there is one.
    assert {bits: len(rows) for bits, rows in plan.weights.items()} == {2: 6, 4: 15, 8: 3}
    bases = [(d.sources[0].weight_bits, d.sources[0].weight_base) for d in plan.descriptors]
    assert bases == [(8, 0), (2, 0), (4, 0), (2, 3), (4, 3)]
    assert (plan.weight_bits, plan.weight_row_bits) == (8, 4)


@pytest.mark.parametrize(
    ("columns", "channels", "update_lanes", "banks", "gaps"),
    [
        (3, 8, 4, 1, False),
        (3, 7, 4, 1, True),  # chunks that are not full
        (3, 7, 1, 1, False),
        (3, 8, 8, 8, False),
        (3, 4, 4, 8, True),  # padding
        (1, 7, 4, 1, False),  # a row is one position, whose last chunk ends it
        (1, 4, 4, 8, False),  # the padding lies in the same word
        (1, 4, 4, 16, False),
    ],
)
def test_chunks_leave_gaps_where_they_do_not_fill_a_row(
    columns: int, channels: int, update_lanes: int, banks: int, gaps: bool
) -> None:
    tables = network((1, 2, columns), [Shapes(channels=channels, kernel=(1, 1))])
    word_bits = 8 if banks < 16 else 16
    plan = a_stage(tables, lanes=8, update_lanes=update_lanes, banks=banks, word_bits=word_bits)
    assert plan.has_gaps("l0") == gaps


def test_rows_of_words_count_in_the_largest_unit_that_all_have_in_common() -> None:
    layers = [Shapes(channels=8, kernel=(1, 1)), Shapes(channels=4, kernel=(3, 3), source="l0")]
    plan = a_stage(network((4, 6, 4), layers), lanes=4, word_bits=16)
    # Spans are 4, 24 and 4 · 2; rows of the memory 2 · 4 + 3 · 24 + 4 · 8, starting at 0, 8 and 80.
    assert (plan.grain, plan.row_grain) == (4, 4)
    assert len(plan.weights[4]) == 112
    assert (plan.weight_row_bits, plan.word_row_bits) == (7, 5)
    odd = a_stage(network((4, 6, 4), [5]), lanes=4, word_bits=16)
    assert (odd.grain, odd.row_grain, odd.word_row_bits) == (1, 1, odd.weight_row_bits)


def test_of_a_source_that_is_seen_late_the_maps_of_as_many_steps_are_kept() -> None:
    plan = a_stage(late(steps=6), lanes=4, word_bits=8)
    assert plan.lags == {"input": (0, 2), "a": (0, 1, 4), "b": (0, 1)}
    assert plan.waits == (2, 4, 6) and plan.rings == ("a",)
    # Two maps of the input that may come ahead, and two that are past; five of a, two of b.
    assert [plan.map_buffers(name) for name in plan.map_bases] == [4, 5, 2]
    assert [plan.map(name).words for name in plan.map_bases] == [2, 2, 1]
    assert plan.map_bases == {"input": 0, "a": 8, "b": 18}
    # A wait of more than the inference has steps is one for all of it.
    assert [plan.wait(lag) for lag in (0, 1, 2, 4, 6, 9)] == [0, 1, 2, 3, 4, 4]
    assert [plan.seen_lag("a", lag) for lag in (0, 1, 4, 9)] == [0, 1, 4, 0]


def test_steps_that_an_inference_does_not_have_need_no_map() -> None:
    plan = a_stage(late(steps=2), lanes=4, word_bits=8)
    assert plan.lags == {"input": (0,), "a": (0, 1), "b": (0, 1)}
    assert plan.waits == (2,) and plan.rings == ()
    assert a_stage(late(steps=1), lanes=4).waits == (2,)


def test_a_constant_input_is_kept_once_whoever_sees_it_late() -> None:
    plan = a_stage(late(steps=6, constant=True), lanes=4, word_bits=8)
    assert plan.lags["input"] == (0,) and plan.waits == (2, 4, 6)
    shapes = (StageShape(layers=2, lanes=4, holds=True),)
    assert Plan(tables=late(constant=True), shapes=shapes).stages[0].held == frozenset()
