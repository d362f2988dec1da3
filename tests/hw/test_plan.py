"""A plan lays out every memory, and every width is enough for all that can occur."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from plans import Shapes, network
from somagate.export.neuron import Leak, Shift
from somagate.export.tables import Readout, Tables
from somagate.hw.plan import Mode, Plan

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


# Arguments.


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lanes": 0}, "Plan lanes must be 1…1024, not 0"),
        ({"lanes": 1025}, "Plan lanes must be 1…1024, not 1025"),
        ({"update_lanes": 0}, "Plan update_lanes must be 1…256, not 0"),
        ({"update_lanes": 257}, "Plan update_lanes must be 1…256, not 257"),
        ({"word_bits": 4}, "Plan word_bits must be 8…128, not 4"),
        ({"word_bits": 256}, "Plan word_bits must be 8…128, not 256"),
        ({"word_bits": 24}, "Plan word_bits must be a power of two, not 24"),
        ({"lanes": 6}, "Plan update_lanes must divide lanes 6, not be 4"),
        ({"lanes": 2}, "Plan update_lanes must divide lanes 2, not be 4"),
        (
            {"lanes": 6, "update_lanes": 3},
            "Plan update_lanes must divide word_bits 32, not be 3",
        ),
        (
            {"lanes": 16, "update_lanes": 16, "word_bits": 8},
            "Plan update_lanes must divide word_bits 8, not be 16",
        ),
    ],
)
def test_a_number_out_of_range_is_refused(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError) as error:
        Plan(tables=TABLES, **arguments)
    assert str(error.value) == message


@pytest.mark.parametrize("name", ["lanes", "update_lanes", "word_bits"])
@pytest.mark.parametrize("value", [8.0, True, "8", None])
def test_what_is_no_integer_is_refused(name: str, value: Any) -> None:
    with pytest.raises(TypeError) as error:
        Plan(tables=TABLES, **{name: value})
    assert str(error.value) == f"Plan {name} must be an int, not {value!r}"


# Maps and input.


def test_maps_lie_behind_each_other_with_two_buffers_of_the_input_first() -> None:
    plan = Plan(tables=TABLES, lanes=4, update_lanes=2, word_bits=8)
    maps = plan.maps
    # 6 rows of 14 bits; 3 rows of 15 bits, pooled; 4 kept channels; nobody reads what l1 gives.
    assert plan.read_maps == {"input", "l0", "l2", "l3"}
    assert (maps["input"].base, maps["input"].words) == (0, 12)
    assert (maps["l0"].base, maps["l0"].rows, maps["l0"].columns) == (24, 3, 3)
    assert (maps["l0"].row_bits, maps["l0"].words) == (15, 6)
    assert (maps["l1"].channels, maps["l1"].rows, maps["l1"].columns) == (4, 2, 2)
    assert (maps["l2"].base, maps["l2"].words) == (30, 6 * 3)
    assert (maps["l3"].base, maps["l3"].channels, maps["l3"].words) == (48, 7, 1)
    assert plan.input_words == 12
    assert plan.map_words == 49


@pytest.mark.parametrize("word_bits", [8, 16, 32, 64, 128])
@pytest.mark.parametrize("shape", [(1, 3, 8), (3, 2, 11), (1, 1, 1), (9,), (200,), (64,)])
def test_an_input_is_packed_bit_by_bit(shape: tuple[int, ...], word_bits: int) -> None:
    plan = Plan(tables=network(shape, []), lanes=8, update_lanes=8, word_bits=word_bits)
    x = np.random.default_rng(1).random((4, *shape)) < 0.5
    channels, rows, columns = shape if len(shape) == 3 else (*shape, 1, 1)
    wanted = [0] * 4 * plan.input_words
    for step, c, row, column in np.ndindex(4, channels, rows, columns):
        word, bit = divmod(column * channels + c, word_bits)
        index = (step * rows + row) * plan.maps["input"].row_words + word
        wanted[index] |= int(x[step].reshape(channels, rows, columns)[c, row, column]) << bit
    for array in (x, x.astype(np.uint8), x.astype(np.int64), x.astype(int).tolist()):
        packed = plan.pack_input(array)
        assert packed == wanted
        assert all(type(word) is int for word in packed)


@pytest.mark.parametrize(
    ("shape", "x", "message"),
    [
        ((2, 3, 4), (5, 3, 4), "input must have shape (steps, 2, 3, 4), not (5, 3, 4)"),
        ((2, 3, 4), (5, 2, 4, 3), "input must have shape (steps, 2, 3, 4), not (5, 2, 4, 3)"),
        ((7,), (7,), "input must have shape (steps, 7), not (7,)"),
        ((7,), (), "input must have shape (steps, 7), not ()"),
    ],
)
def test_an_input_of_another_shape_is_refused(
    shape: tuple[int, ...], x: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError) as error:
        Plan(tables=network(shape, [])).pack_input(np.zeros(x, int))
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0, 1, 2], "input must hold spikes 0…1, not 0…2"),
        ([0, -1, 1], "input must hold spikes 0…1, not -1…1"),
        ([9, 9, 9], "input must hold spikes 0…1, not 9…9"),
    ],
)
def test_an_input_of_no_spikes_is_refused(values: list[int], message: str) -> None:
    with pytest.raises(ValueError) as error:
        Plan(tables=network((3,), [])).pack_input([values])
    assert str(error.value) == message


# Weights, potentials and updates.


def test_layers_lie_behind_each_other_in_every_memory() -> None:
    tables = with_neurons(TABLES, l1={"store": Shift(bits=3, shift=2)})
    plan = Plan(tables=tables, lanes=4, update_lanes=2)
    bases = [(d.weight_base, d.parameter_base, d.state_base) for d in plan.descriptors]
    rows = [2 * 18, 20, 2, 2 * 3 * 42, 7]
    chunks = [3, 2, 2, 4, 2]
    updates = [36 * 3, 4 * 2, 42 * 2, 4, 2]
    assert [d.weight_rows for d in plan.descriptors] == rows
    assert [d.updates for d in plan.descriptors] == updates
    assert bases == [
        (0, 0, 0),
        (36, 3, 0),  # alone in the memory of 3-bit potentials
        (56, 5, 108),
        (58, 7, 192),
        (310, 11, 196),
    ]
    assert len(plan.weights) == 317
    assert sum(chunks) == len(plan.parameters[0].values)
    assert plan.state_words == {3: 8, 8: 198}


def test_the_weight_memory_has_the_weights_of_kept_channels_only() -> None:
    """Every row from the tables: kernel row, kernel column, source channel, lane group by group."""
    plan = Plan(tables=TABLES, lanes=4, update_lanes=2)
    group = TABLES.layers[1].synapses[0]
    kept = [0, 2, 3, 5]
    base = plan.descriptors[1].weight_base
    for y, x, source in np.ndindex(2, 2, 5):
        row = plan.weights[base + (y * 2 + x) * 5 + source]
        assert row.tolist() == [group.weights[channel, source, y, x] for channel in kept]
    # The readout's three classes leave a lane without a weight.
    assert (plan.weights[plan.descriptors[4].weight_base :, 3] == 0).all()


@pytest.mark.parametrize(("bits", "wanted"), [([1], 4), ([8, 2], 8), ([3, 5], 5)])
def test_a_weight_is_as_wide_as_in_the_widest_layer(bits: list[int], wanted: int) -> None:
    layers = [Shapes(kernel=(1, 1), bits=b) for b in bits]
    assert Plan(tables=network((3, 2, 2), layers)).weight_bits == wanted


def test_a_weight_has_two_bits_or_more_as_plus_one_does_not_fit_in_one() -> None:
    tables = network((3, 2, 2), [])
    group = replace(tables.layers[0].synapses[0], bits=1, weights=np.ones((2, 12), int))
    layer = replace(tables.layers[0], synapses=(group,))
    assert Plan(tables=replace(tables, layers=(layer,))).weight_bits == 2


def test_updates_name_channels_as_the_tables_count_them() -> None:
    plan = Plan(tables=TABLES, lanes=4, update_lanes=2)
    places = plan.updates(1)
    assert places.shape == (8, 2, 3)
    assert places[:4].tolist() == [
        [[0, 0, 0], [2, 0, 0]],
        [[3, 0, 0], [5, 0, 0]],
        [[0, 0, 1], [2, 0, 1]],
        [[3, 0, 1], [5, 0, 1]],
    ]
    # A dense layer lies at one place; its last lane is unused.
    assert plan.updates(3)[-1].tolist() == [[6, 0, 0], [-1, 0, 0]]
    # Every kept neuron is updated once.
    for index, layer in enumerate(TABLES.layers):
        places = plan.updates(index).reshape(-1, 3)
        places = places[places[:, 0] >= 0]
        shape = (*TABLES.neuron_shapes[layer.name], 1, 1)[:3]
        neurons = [place for place in np.ndindex(shape) if layer.kept[place[0]]]
        assert sorted(map(tuple, places.tolist())) == neurons


# Widths.


def test_widths_hold_the_extremes_of_every_layer() -> None:
    plan = Plan(tables=TABLES)
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
    assert Plan(tables=up).update_bounds[0] == 0
    assert Plan(tables=down).update_bounds[1] == 0


@pytest.mark.parametrize(("steps", "bits"), [(1, 2), (3, 3), (4, 4), (7, 4), (8, 5), (255, 9)])
def test_a_count_holds_the_number_of_steps(steps: int, bits: int) -> None:
    plan = Plan(tables=network((3,), [], steps=steps, classes=4))
    assert (plan.readout_bits, plan.classes) == (bits, 4)


def test_a_potential_is_read_out_as_it_is_stored() -> None:
    tables = network((3,), [], steps=9)
    cell = replace(
        tables.layers[0].neuron, threshold=None, reset="none", store=Shift(bits=11, shift=3)
    )
    layer = replace(tables.layers[0], neuron=cell)
    answer = Readout(layer="out", kind="potential")
    tables = replace(tables, layers=(layer,), readout=answer)
    assert Plan(tables=tables).readout_bits == 11


# Modes and parameters.


def test_layers_of_the_same_behaviour_share_a_mode() -> None:
    store = Shift(bits=8, shift=0)
    tables = with_neurons(
        TABLES,
        l0={"leak": Leak(multiplier=6, shift=3)},
        l1={"leak": Leak(multiplier=[24] * 6, shift=5)},  # the same in lowest terms
        l2={"leak": Leak(multiplier=[1, 2, 3], shift=2, at="store")},
        l3={"leak": Leak(multiplier=4, shift=2), "reset": "subtract", "amount": [1] * 7},
    )
    plan = Plan(tables=tables)
    common = Mode(store=store, reset="zero", leak_at="load", leak_multiplier=3, leak_shift=2)
    channels = replace(common, leak_at="store", leak_multiplier=None)
    subtract = replace(common, reset="subtract", leak_at="never", leak_multiplier=1, leak_shift=0)
    readout = replace(subtract, reset="zero")
    assert plan.modes == (common, channels, subtract, readout)
    assert plan.layer_modes == (common, common, channels, subtract, readout)


def test_a_leak_to_nothing_is_in_lowest_terms_too() -> None:
    tables = with_neurons(TABLES, l0={"leak": Leak(multiplier=0, shift=7)})
    mode = Plan(tables=tables).layer_modes[0]
    assert (mode.leak_at, mode.leak_multiplier, mode.leak_shift) == ("load", 0, 0)


def fields(plan: Plan) -> dict[str, Any]:
    return {field.name: field for field in plan.parameters}


def test_parameters_lie_chunk_by_chunk_with_unused_lanes_that_never_fire() -> None:
    tables = with_neurons(
        TABLES,
        l1={"bias": [1, 2, 3, 4, 5, 6], "threshold": [11, 12, 13, 14, 15, 16]},
        out={"bias": [-3, -2, -1], "threshold": [-7, 8, 9]},
    )
    plan = Plan(tables=tables, lanes=4, update_lanes=2)
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
        "bias threshold": Plan(tables=TABLES),
        "bias threshold amount": Plan(tables=with_neurons(TABLES, l2=subtract)),
        "bias threshold multiplier": Plan(tables=with_neurons(TABLES, l2=leaks)),
        "bias threshold amount multiplier": Plan(tables=with_neurons(TABLES, l2=subtract | leaks)),
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
    found = fields(Plan(tables=tables))
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
    plan = Plan(tables=tables, lanes=4, update_lanes=2)
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
    plan = Plan(tables=tables, lanes=4, update_lanes=4)
    low, high = plan.update_bounds
    assert fields(plan)["threshold"].values[-1].tolist() == [low, high + 1, 0, high + 1]


def test_a_layer_that_never_fires_has_a_threshold_out_of_reach() -> None:
    tables = with_neurons(TABLES, l2={"threshold": None, "reset": "none"})
    plan = Plan(tables=tables, lanes=4, update_lanes=4)
    row = plan.descriptors[2].parameter_base
    never = plan.update_bounds[1] + 1
    assert fields(plan)["threshold"].values[row].tolist() == [never] * 4


def test_equal_tables_give_equal_plans() -> None:
    first, second = (Plan(tables=network((2, 6, 7), LAYERS, classes=3)) for _ in range(2))
    assert first.modes == second.modes
    assert first.descriptors == second.descriptors
    assert np.array_equal(first.weights, second.weights)
    for ours, theirs in zip(first.parameters, second.parameters, strict=True):
        assert (ours.name, ours.bits) == (theirs.name, theirs.bits)
        assert np.array_equal(ours.values, theirs.values)
