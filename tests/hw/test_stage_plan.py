"""A stage's plan lays out every memory, and every width is enough for all that can occur."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from plans import Shapes, a_stage, everything, network, neuron
from somagate.export.neuron import Leak, Shift, Ternary
from somagate.export.synapse import Dense, weight_range
from somagate.export.tables import Input, Layer, Readout, Tables
from somagate.hw.plan import Plan, StageShape
from somagate.hw.stage_plan import Mode, StagePlan

LAYERS = [
    Shapes(channels=5, kernel=(3, 3), padding=(1, 1), pool=(2, 2)),
    Shapes(channels=6, kernel=(2, 2), source="l0", mask=[1, 0, 1, 1, 0, 1]),
    Shapes(channels=3, kernel=(1, 1), source="input"),
    7,
]
TABLES = network((2, 6, 7), LAYERS, classes=3, steps=5)


def with_neurons(tables: Tables, **changes: dict[str, Any]) -> Tables:
    """Return tables with attributes of some layers' neurons changed."""
    layers = [
        replace(layer, neuron=replace(layer.neuron, **changes.get(layer.name, {})))
        for layer in tables.layers
    ]
    return replace(tables, layers=tuple(layers))


# Maps.


def test_maps_lie_behind_each_other_those_from_outside_first() -> None:
    plan = a_stage(TABLES, lanes=4, update_lanes=2, word_bits=8)
    # 6 rows of 14 bits; 3 rows of 15 bits, pooled; nobody reads what l1 gives.
    assert plan.external == ("input",)
    assert plan.read_maps == {"input", "l0", "l2", "l3"}
    assert plan.recurrent == frozenset()
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
    assert plan.recurrent == {"joined", "ring"}
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


def one_bit(source: tuple[int, ...], channels: int, mask: Any = None) -> Tables:
    """Return a hidden layer and a readout of 1-bit weights."""

    def dense(name: str, source: str, outputs: int, inputs: int, **changes: Any) -> Layer:
        group = Dense(source=source, weights=np.ones((outputs, inputs), int), bits=1)
        return Layer(name=name, synapses=(group,), neuron=neuron(outputs), **changes)

    return Tables(
        name="signs",
        steps=2,
        input=Input(shape=source),
        layers=(
            dense("l", "input", channels, int(np.prod(source)), channel_mask=mask),
            dense("out", "l", 2, channels),
        ),
        readout=Readout(layer="out"),
    )


@pytest.mark.parametrize(
    ("channels", "mask", "banks", "widths"),
    [
        (8, None, 1, [1, 1]),
        (7, None, 1, [1, 1]),
        (8, None, 4, [1, 1]),
        # A row of a padded channel must be 0, so it can't be a sign.
        (7, None, 4, [1, 2]),
        (8, [True] * 7 + [False], 1, [1, 1]),
        (8, [True] * 7 + [False], 2, [1, 2]),
    ],
)
def test_a_one_bit_weight_is_a_sign_where_no_weight_is_0(
    channels: int, mask: Any, banks: int, widths: list[int]
) -> None:
    tables = one_bit((4,), channels, None if mask is None else np.array(mask))
    plan = a_stage(tables, lanes=4, banks=banks)
    assert [d.sources[0].weight_bits for d in plan.descriptors] == widths
    # It is added as +1 or -1 all the same.
    assert plan.weight_bits == 2


def test_a_one_bit_weight_of_a_grouped_source_is_stored_as_two() -> None:
    tables = everything()
    layer = tables.layers[0]
    group = layer.synapses[0]
    group = replace(group, bits=1, weights=np.where(group.weights < 0, -1, 1))
    layers = (replace(layer, synapses=(group,)), *tables.layers[1:])
    plan = a_stage(replace(tables, layers=layers), lanes=4)
    assert plan.descriptors[0].sources[0].weight_bits == 2


# Words.


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


# Widths.


def test_widths_hold_the_extremes_of_every_layer() -> None:
    plan = a_stage(TABLES)
    low = min(TABLES.accumulator_bounds(layer.name)[0].min() for layer in TABLES.layers)
    high = max(TABLES.accumulator_bounds(layer.name)[1].max() for layer in TABLES.layers)
    half = 1 << (plan.accumulator_bits - 1)
    assert -half <= low and high < half
    assert low < -half // 2 or high >= half // 2, "a bit less would do"
    low, high = plan.update_bounds
    assert low == min(TABLES.update_bounds(layer.name)[0].min() for layer in TABLES.layers)
    assert high == max(TABLES.update_bounds(layer.name)[1].max() for layer in TABLES.layers)
    half = 1 << (plan.update_bits - 1)
    assert -half <= low and high < half
    assert low < -half // 2 or high >= half // 2, "a bit less would do"


def test_zero_is_always_within_the_bounds_of_u() -> None:
    """An unused lane's u is 0, whatever the biases are."""
    tables = network((2,), [], store=Shift(bits=2, shift=0))
    up = with_neurons(tables, out={"bias": [1000, 2000], "threshold": [0, 0]})
    down = with_neurons(tables, out={"bias": [-1000, -2000], "threshold": [0, 0]})
    assert a_stage(up).update_bounds[0] == 0
    assert a_stage(down).update_bounds[1] == 0


@pytest.mark.parametrize(("steps", "bits"), [(1, 2), (3, 3), (4, 4), (7, 4), (8, 5), (255, 9)])
def test_a_count_holds_the_number_of_steps(steps: int, bits: int) -> None:
    plan = a_stage(network((3,), [], steps=steps, classes=4))
    assert (plan.readout_bits, plan.classes) == (bits, 4)


def test_a_potential_is_read_out_as_it_is_stored() -> None:
    tables = network((3,), [], steps=9)
    cell = replace(
        tables.layers[0].neuron, threshold=None, reset="none", store=Shift(bits=11, shift=3)
    )
    layer = replace(tables.layers[0], neuron=cell)
    answer = Readout(layer="out", kind="potential")
    tables = replace(tables, layers=(layer,), readout=answer)
    assert a_stage(tables).readout_bits == 11


def test_a_count_of_a_count_readout_has_a_sign_and_the_potential_none_added() -> None:
    plan = a_stage(everything(steps=7))
    assert (plan.readout_bits, plan.classes) == (4, 3)


def test_what_rounds_u_early_is_within_its_bounds() -> None:
    """Half a stored LSB, 512, lies in the bias: 8 + 7 · 1024 + 512 needs one bit more."""
    tables = network((1,), [], store=Shift(bits=4, shift=10))
    group = replace(tables.layers[0].synapses[0], weights=np.array([[8 - 1], [0]]), bits=4)
    layer = replace(tables.layers[0], synapses=(group,))
    tables = replace(tables, layers=(layer,))
    assert a_stage(tables).update_bounds == (-8 << 10, (7 << 10) + 7 + 512)
    late = with_neurons(tables, out={"leak": Leak(multiplier=1, shift=1, at="store")})
    assert a_stage(late).update_bounds == (-8 << 10, (7 << 10) + 7)


def extremes(tables: Tables, sign: int) -> Tables:
    """Return tables with the largest weights that their widths have, all of one sign."""
    layers = []
    for layer in tables.layers:
        groups = []
        for group in layer.synapses:
            low, high = weight_range(group.bits)
            value = high if sign > 0 else low
            groups.append(replace(group, weights=np.full_like(group.weights, value)))
        layers.append(replace(layer, synapses=tuple(groups)))
    return replace(tables, layers=tuple(layers))


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_loadable_stage_holds_whatever_weights_add_up_to(sign: int) -> None:
    tables = everything()
    plan = a_stage(tables, lanes=4, loadable=True)
    other = a_stage(extremes(tables, sign), lanes=4)
    assert other.accumulator_bits <= plan.accumulator_bits
    assert other.update_bits <= plan.update_bits
    for name in plan.names:
        low, high = other.tables.accumulator_bounds(name)
        total = plan.largest_sums[plan.names.index(name)]
        assert -total <= low.min() and high.max() <= total
    # Not by much: the same weights, and the bias that an accumulator could hold.
    assert plan.accumulator_bits <= a_stage(tables, lanes=4).accumulator_bits + 2


def test_a_loadable_stage_rounds_u_within_its_bounds_too() -> None:
    """The bias is what reaches farthest here, and half a stored LSB lies on top of it."""
    tables = network((1,), [], store=Shift(bits=4, shift=6), seed=3)
    for bias in (400, 560, 567, 568, 569, 600, 1050):
        cell = with_neurons(tables, out={"bias": [bias, 0]})
        low, high = cell.update_bounds("out")
        plan = a_stage(cell, loadable=True)
        assert plan.update_bounds[1] >= int(high.max()) + 32, bias
        assert plan.update_bounds[0] <= int(low.min())


# Modes and parameters.


def test_layers_of_the_same_behaviour_share_a_mode() -> None:
    tables = with_neurons(
        TABLES,
        l0={"leak": Leak(multiplier=6, shift=3)},
        l1={"leak": Leak(multiplier=[24] * 6, shift=5)},  # the same in lowest terms
        l2={"leak": Leak(multiplier=[1, 2, 3], shift=2, at="store")},
        l3={"leak": Leak(multiplier=4, shift=2), "reset": "subtract", "amount": [1] * 7},
    )
    plan = a_stage(tables)
    common = Mode(bits=8, shift=0, reset="zero", leak_at="load", leak_multiplier=3, leak_shift=2)
    channels = replace(common, leak_at="store", leak_multiplier=None)
    subtract = replace(common, reset="subtract", leak_at="never", leak_multiplier=1, leak_shift=0)
    readout = replace(subtract, reset="zero")
    assert plan.modes == (common, channels, subtract, readout)
    assert plan.layer_modes == (common, common, channels, subtract, readout)


def test_a_leak_to_nothing_is_in_lowest_terms_too() -> None:
    tables = with_neurons(TABLES, l0={"leak": Leak(multiplier=0, shift=7)})
    mode = a_stage(tables).layer_modes[0]
    assert (mode.leak_at, mode.leak_multiplier, mode.leak_shift) == ("load", 0, 0)


def fields(plan: StagePlan) -> dict[str, Any]:
    return {field.name: field for field in plan.parameters}


def test_parameters_lie_chunk_by_chunk_with_unused_lanes_that_never_fire() -> None:
    tables = with_neurons(
        TABLES,
        l1={"bias": [1, 2, 3, 4, 5, 6], "threshold": [11, 12, 13, 14, 15, 16]},
        out={"bias": [-3, -2, -1], "threshold": [-7, 8, 9]},
    )
    plan = a_stage(tables, lanes=4, update_lanes=2)
    found = fields(plan)
    assert list(found) == ["bias", "threshold"]
    # l0 has 5 channels in 3 chunks; of l1 channels 0, 2, 3 and 5 are kept; the readout comes last.
    assert found["bias"].values[3:5].tolist() == [[1, 3], [4, 6]]
    assert found["threshold"].values[3:5].tolist() == [[11, 13], [14, 16]]
    never = plan.update_bounds[1] + 1
    assert found["bias"].values[-2:].tolist() == [[-3, -2], [-1, 0]]
    assert found["threshold"].values[-2:].tolist() == [[-7, 8], [9, never]]


def test_a_field_that_no_layer_needs_is_not_there() -> None:
    subtract = {"reset": "subtract", "amount": [4, -9, 5]}
    leaks = {"leak": Leak(multiplier=[1, 2, 3], shift=2)}
    plans = {
        "bias threshold": a_stage(TABLES),
        "bias threshold amount": a_stage(with_neurons(TABLES, l2=subtract)),
        "bias threshold multiplier": a_stage(with_neurons(TABLES, l2=leaks)),
        "bias threshold amount multiplier": a_stage(with_neurons(TABLES, l2=subtract | leaks)),
    }
    for names, plan in plans.items():
        assert list(fields(plan)) == names.split()


def test_fields_are_as_wide_as_their_values() -> None:
    tables = with_neurons(
        TABLES,
        l2={
            "bias": [-8, 0, 7], "reset": "subtract", "amount": [15, -1, 16],
            "leak": Leak(multiplier=[1, 2, 3], shift=2),
        },
    )  # fmt: skip
    found = fields(a_stage(tables))
    assert {name: field.bits for name, field in found.items() if name != "threshold"} == {
        "bias": 4, "amount": 6, "multiplier": 3
    }  # fmt: skip
    for field in found.values():
        half = 1 << (field.bits - 1)
        assert field.values.min() >= -half and field.values.max() < half


def test_parameter_words_hold_each_lanes_fields_lowest_lane_first() -> None:
    tables = with_neurons(
        TABLES,
        l2={
            "bias": [-8, 0, 7],
            "threshold": [3, -2, 1],
            "reset": "subtract",
            "amount": [15, -1, 16],
            "leak": Leak(multiplier=[1, 2, 3], shift=2),
        },
    )
    plan = a_stage(tables, lanes=4, update_lanes=2)
    bits = [field.bits for field in plan.parameters]
    assert plan.parameter_bits == sum(bits)
    assert len(plan.parameter_words) == len(plan.parameters[0].values)
    for row, word in enumerate(plan.parameter_words):
        for lane in range(2):
            for field in plan.parameters:
                value = word % (1 << field.bits)
                word >>= field.bits
                value -= (1 << field.bits) * (value >> (field.bits - 1))
                assert value == field.values[row, lane]
        assert word == 0


def test_a_threshold_out_of_reach_is_the_nearest_one_that_decides_the_same() -> None:
    thresholds = [-(2**31), 2**31 - 1, 0]
    tables = with_neurons(TABLES, out={"threshold": thresholds})
    plan = a_stage(tables, lanes=4, update_lanes=4)
    low, high = plan.update_bounds
    assert fields(plan)["threshold"].values[-1].tolist() == [low, high + 1, 0, high + 1]


def test_a_layer_that_never_fires_has_a_threshold_out_of_reach() -> None:
    tables = with_neurons(TABLES, l2={"threshold": None, "reset": "none"})
    plan = a_stage(tables, lanes=4, update_lanes=4)
    row = plan.descriptors[2].parameter_base
    never = plan.update_bounds[1] + 1
    assert fields(plan)["threshold"].values[row].tolist() == [never] * 4


@pytest.mark.parametrize("loadable", [False, True])
def test_an_unused_lane_is_never_kept_and_its_threshold_is_beyond_any_sum(loadable: bool) -> None:
    """A lane of ±1 weights adds them up, used or not: no u of the width reaches its threshold."""
    tables = one_bit((9,), 5)
    plan = a_stage(tables, lanes=4, update_lanes=2, loadable=loadable)
    found = fields(plan)
    chosen = np.concatenate([d.lane_channels() for d in plan.descriptors])
    assert (found["threshold"].values[chosen < 0] == 1 << (plan.update_bits - 1)).all()
    assert ("keep" in found) == loadable
    if loadable:
        assert found["keep"].bits == 1
        assert found["keep"].values.tolist() == (-(chosen >= 0).astype(int)).tolist()


def test_levels_and_boundaries_of_ternary_stores_are_parameters() -> None:
    level, boundary = [1, 20, 300], [2**31 - 1, 1, 15]
    tables = with_neurons(TABLES, l2={"store": Ternary(level=level, boundary=boundary)})
    plan = a_stage(tables, lanes=4, update_lanes=4)
    found = fields(plan)
    assert list(found) == ["bias", "threshold", "level", "boundary"]
    row = plan.descriptors[2].parameter_base
    assert found["level"].values[row].tolist() == [*level, 0]
    # A boundary that no r reaches is stored as one that fits.
    assert found["boundary"].values[row].tolist() == [plan.store_limit, 1, 15, 1]
    low, high = plan.update_bounds
    assert plan.store_limit == max(-low, high) + 1
    assert plan.layer_modes[2].shift is None
    # Other layers have none.
    assert not found["level"].values[:row].any()


def test_amounts_reach_beyond_u_and_so_does_the_largest_boundary() -> None:
    changes = {"reset": "subtract", "amount": [-(2**31), 5, 6]}
    store = Ternary(level=[1] * 3, boundary=[2**31 - 1] * 3)
    tables = with_neurons(TABLES, l2=changes | {"store": store})
    plan = a_stage(tables, lanes=4, update_lanes=4)
    bounds = max(map(abs, plan.update_bounds))
    assert plan.store_limit == bounds + 2**31 + 1
    row = plan.descriptors[2].parameter_base
    assert fields(plan)["boundary"].values[row].tolist() == [2**31 - 1] * 3 + [1]


def test_fields_of_a_loadable_stage_hold_any_u() -> None:
    plan = a_stage(everything(), lanes=4, loadable=True)
    found = fields(plan)
    assert list(found) == [
        "bias", "threshold", "amount", "multiplier", "level", "boundary", "keep"
    ]  # fmt: skip
    assert all(f.bits >= plan.update_bits + 1 for name, f in found.items() if name != "keep")


# Grain.


def test_rows_of_words_count_in_the_largest_unit_that_all_have_in_common() -> None:
    layers = [Shapes(channels=8, kernel=(1, 1)), Shapes(channels=4, kernel=(3, 3), source="l0")]
    plan = a_stage(network((4, 6, 4), layers), lanes=4, word_bits=16)
    # Spans are 4, 24 and 4 · 2; rows of the memory 2 · 4 + 3 · 24 + 4 · 8, starting at 0, 8 and 80.
    assert (plan.grain, plan.row_grain) == (4, 4)
    assert len(plan.weights[4]) == 112
    assert (plan.weight_row_bits, plan.word_row_bits) == (7, 5)
    odd = a_stage(network((4, 6, 4), [5]), lanes=4, word_bits=16)
    assert (odd.grain, odd.row_grain, odd.word_row_bits) == (1, 1, odd.weight_row_bits)
