"""A plan cuts the layers into stages, and packs the input and names the updates for benches."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from places import map_words
from plans import EVERYTHING, Shapes, a_plan, everything, network
from refusal import refused
from somagate.export.neuron import Activation
from somagate.export.tables import Input
from somagate.hw.plan.plan import Plan, StageShape
from somagate.hw.plan.support import UnsupportedError

LAYERS = [
    Shapes(channels=5, kernel=(3, 3), padding=(1, 1), pool=(2, 2)),
    Shapes(channels=6, kernel=(2, 2), source="l0", mask=[1, 0, 1, 1, 0, 1]),
    Shapes(channels=3, kernel=(1, 1), source="input"),
    7,
]
TABLES = network((2, 6, 7), LAYERS, classes=3, steps=5)


# Arguments.


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layers": 0}, "StageShape layers must be 1…65535, not 0"),
        ({"layers": 65536}, "StageShape layers must be 1…65535, not 65536"),
        ({"lanes": 0}, "StageShape lanes must be 1…4096, not 0"),
        ({"lanes": 4097}, "StageShape lanes must be 1…4096, not 4097"),
        ({"flags": -1}, "StageShape flags must be 0…32, not -1"),
        ({"flags": 33}, "StageShape flags must be 0…32, not 33"),
        ({"ahead": 1}, "StageShape ahead must be 2…4, not 1"),
        ({"ahead": 5}, "StageShape ahead must be 2…4, not 5"),
        ({"update_lanes": 0}, "StageShape update_lanes must be 1…256, not 0"),
        ({"update_lanes": 257}, "StageShape update_lanes must be 1…256, not 257"),
        ({"banks": 0}, "StageShape banks must be 1…64, not 0"),
        ({"banks": 65}, "StageShape banks must be 1…64, not 65"),
        ({"banks": 3}, "StageShape banks must be a power of two, not 3"),
        ({"lanes": 6}, "StageShape update_lanes must divide lanes 6, not be 4"),
        ({"lanes": 2}, "StageShape update_lanes must divide lanes 2, not be 4"),
        ({"tiles": 17}, "StageShape tiles must be 1…16, not 17"),
        (
            {"layers": 2, "tiles": 4},
            (
                "StageShape tiles must be 1 where a stage has 2 layers, not 4: give the layer that "
                "they share out a stage of its own"
            ),
        ),
    ],
)
def test_a_stage_of_another_size_is_refused(arguments: dict[str, int], message: str) -> None:
    with refused(ValueError, message):
        StageShape(**{"layers": 1} | arguments)


@pytest.mark.parametrize("name", ["layers", "lanes", "update_lanes", "banks", "ahead", "flags"])
@pytest.mark.parametrize("value", [8.0, True, "8", None])
def test_what_is_no_integer_is_refused(name: str, value: Any) -> None:
    with refused(TypeError, f"StageShape {name} must be an int, not {value!r}"):
        StageShape(**{"layers": 1} | {name: value})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"word_bits": 4}, "Plan word_bits must be 8…1024, not 4"),
        ({"word_bits": 2048}, "Plan word_bits must be 8…1024, not 2048"),
        ({"replicas": 0}, "Plan replicas must be 1…64, not 0"),
        ({"replicas": 65}, "Plan replicas must be 1…64, not 65"),
        ({"word_bits": 24}, "Plan word_bits must be a power of two, not 24"),
        ({"lanes": 0}, "StageShape lanes must be 1…4096, not 0"),
        ({"banks": 6}, "StageShape banks must be a power of two, not 6"),
        (
            {"lanes": 6, "update_lanes": 3},
            "Plan update_lanes must divide word_bits 32, not be 3",
        ),
        (
            {"lanes": 16, "update_lanes": 16, "word_bits": 8},
            "Plan update_lanes must divide word_bits 8, not be 16",
        ),
        ({"banks": 16, "word_bits": 8}, "Plan banks must divide word_bits 8, not be 16"),
        (
            {"shapes": (StageShape(layers=2), StageShape(layers=2))},
            "Plan shapes must have 5 layers together, not [2, 2]",
        ),
        ({"shapes": (StageShape(layers=6),)}, "Plan shapes must have 5 layers together, not [6]"),
        (
            {"shapes": (StageShape(layers=1), StageShape(layers=4, banks=32)), "word_bits": 16},
            "Plan banks must divide word_bits 16, not be 32",
        ),
        (
            {"shapes": (StageShape(layers=5, holds=True),), "loadable": True},
            (
                "Plan loadable must be False where a stage holds currents, not True: a lane group "
                "that is skipped has no current to hold"
            ),
        ),
    ],
)
def test_a_plan_out_of_range_is_refused(arguments: dict[str, Any], message: str) -> None:
    with refused(ValueError, message):
        a_plan(TABLES, **arguments)


@pytest.mark.parametrize("value", [8.0, True, "8", None])
def test_word_bits_that_are_no_integer_are_refused(value: Any) -> None:
    with refused(TypeError, f"Plan word_bits must be an int, not {value!r}"):
        Plan.single(TABLES, word_bits=value)


@pytest.mark.parametrize(
    ("layers", "shapes", "message"),
    [
        (
            [Shapes(padding=(1, 1))],
            (StageShape(layers=1, tiles=6), StageShape(layers=1)),
            "layer l0: tiles must be at most 5, not 6, as its map has 5 rows; ",
        ),
        (
            [4],
            (StageShape(layers=1, tiles=2), StageShape(layers=1)),
            "layer l0: tiles must be at most 1, not 2, as its map has 1 row; ",
        ),
        (
            [Shapes()],
            (StageShape(layers=1), StageShape(layers=1, tiles=3)),
            "layer out: tiles must be at most 1, not 3, as it is read out; ",
        ),
    ],
)
def test_tiles_that_a_layer_can_not_have_are_refused(
    layers: Any, shapes: tuple[StageShape, ...], message: str
) -> None:
    with refused(UnsupportedError, message + "take more lanes, banks or replicas instead"):
        Plan(tables=network((2, 5, 5), layers), shapes=shapes)


def test_tiles_of_a_layer_that_reads_its_own_map_are_refused() -> None:
    shapes = tuple(StageShape(layers=1, tiles=1 + (n == 1)) for n in range(4))
    message = (
        "layer joined: tiles must be at most 1, not 2, as it reads its own map; take more lanes, "
        "banks or replicas instead"
    )
    with refused(UnsupportedError, message):
        Plan(tables=everything(), shapes=shapes)


def test_tiles_share_out_the_rows_of_a_map() -> None:
    tables = network((2, 5, 5), [Shapes(padding=(1, 1))])
    shapes = (StageShape(layers=1, lanes=4, update_lanes=2, tiles=2), StageShape(layers=1))
    plan, whole = Plan(tables=tables, shapes=shapes), replace(shapes[0], tiles=1)
    assert [(s.tile, s.first, s.descriptors[0].rows) for s in plan.stages] == [
        (0, 0, 3),
        (1, 0, 2),
        (0, 1, 1),
    ]
    assert plan.heads == (plan.stages[0], plan.stages[2])
    assert plan.observers == ("observe_0", "observe_1", "observe_2")
    tiles = [plan.updates(0, tile) for tile in range(2)]
    rows = [set(places[places[..., 0] >= 0][:, 1].tolist()) for places in tiles]
    assert rows == [{0, 2, 4}, {1, 3}]
    every = replace(plan, shapes=(whole, shapes[1])).updates(0).tolist()
    assert sorted(np.concatenate(tiles).tolist()) == sorted(every)


# Stages.


def test_each_replica_keeps_the_input_of_two_samples() -> None:
    shapes = (StageShape(layers=2), StageShape(layers=3))
    one = Plan(tables=TABLES, shapes=shapes)
    two = replace(one, replicas=2)
    assert one.stages[0].buffers["input"] == 2
    assert two.stages[0].buffers["input"] == 2 * TABLES.steps
    assert two.stages[1].buffers == one.stages[1].buffers | (
        {"input": 2 * TABLES.steps + 1} if "input" in one.stages[1].buffers else {}
    )
    constant = replace(TABLES, input=replace(TABLES.input, constant=True))
    assert replace(two, tables=constant).stages[0].buffers["input"] == 2
    assert [list(mine) for mine in two.dealt(5)] == [[0, 2, 4], [1, 3]]
    assert two.observers == ("observe_0_0", "observe_0_1", "observe_1_0", "observe_1_1")
    assert replace(two, shapes=(StageShape(layers=5),)).observers == ("observe_0", "observe_1")


def test_one_stage_executes_all_layers_by_default() -> None:
    plan = Plan.single(TABLES, lanes=8, update_lanes=2, banks=2, word_bits=16, loadable=True)
    assert plan.shapes == (StageShape(layers=5, lanes=8, update_lanes=2, banks=2),)
    (stage,) = plan.stages
    assert (stage.tables, stage.layers) == (TABLES, (0, 1, 2, 3, 4))
    numbers = (stage.lanes, stage.update_lanes, stage.banks, stage.word_bits, stage.pad)
    assert numbers == (8, 2, 2, 16, 2)
    assert (stage.loadable, stage.shape.holds) == (True, False)
    assert stage.buffers == {"input": 2}


def test_a_weight_memory_that_is_not_known_is_refused() -> None:
    with refused(ValueError, "StageShape weight_memory must be 'block' or 'spram', not 'sdram'"):
        StageShape(layers=1, weight_memory="sdram")


def test_a_plan_takes_a_stream_where_something_can_or_must_be_loaded() -> None:
    spram = StageShape(layers=4, weight_memory="spram")
    shapes = (StageShape(layers=1), spram)
    plain, loadable, ram = (
        Plan.single(TABLES),
        Plan.single(TABLES, loadable=True),
        Plan(tables=TABLES, shapes=shapes),
    )
    assert [p.configurable for p in (plain, loadable, ram)] == [False, True, True]
    assert [p.must_load for p in (plain, loadable, ram)] == [False, False, True]
    assert [stage.weights_load for stage in ram.stages] == [False, True]


def chain() -> Plan:
    shapes = (
        StageShape(layers=1, lanes=8, update_lanes=4, banks=1),
        StageShape(layers=2, lanes=4, update_lanes=2, banks=4, holds=True),
        StageShape(layers=1, lanes=6, update_lanes=1, banks=2),
        StageShape(layers=1, lanes=2, update_lanes=2),
    )
    return Plan(tables=TABLES, word_bits=16, shapes=shapes)


def test_stages_take_the_layers_in_order() -> None:
    plan = chain()
    assert [stage.layers for stage in plan.stages] == [(0,), (1, 2), (3,), (4,)]
    assert [stage.names for stage in plan.stages] == [("l0",), ("l1", "l2"), ("l3",), ("out",)]
    assert [(s.lanes, s.update_lanes, s.banks) for s in plan.stages] == [
        (8, 4, 1), (4, 2, 4), (6, 1, 2), (2, 2, 1)
    ]  # fmt: skip
    # A map is padded for the stage with the most banks, as all stages store it alike.
    assert [stage.pad for stage in plan.stages] == [4] * 4
    assert [stage.shape.holds for stage in plan.stages] == [False, True, False, False]
    assert [d.name for d in plan.descriptors] == ["l0", "l1", "l2", "l3", "out"]
    assert [d.number for d in plan.descriptors] == [0, 1, 2, 3, 4]
    assert plan.observed_lanes == 4


def test_a_stage_buffers_as_many_maps_as_its_source_can_be_ahead() -> None:
    """Two of the stage before, and one more for each stage in between; so too of the input."""
    plan = chain()
    assert [stage.external for stage in plan.stages] == [
        ("input",),
        ("input", "l0"),
        ("l2",),
        ("l3",),
    ]
    assert [stage.buffers for stage in plan.stages] == [
        {"input": 2}, {"input": 3, "l0": 2}, {"l2": 2}, {"l3": 2}
    ]  # fmt: skip
    tables = everything()
    shapes = tuple(StageShape(layers=1, lanes=4) for _ in range(4))
    plan = Plan(tables=tables, shapes=shapes)
    assert [stage.buffers for stage in plan.stages] == [
        {"input": 2}, {"input": 3, "grouped": 2}, {"joined": 2}, {"input": 5, "ring": 2}
    ]  # fmt: skip


# Input.


@pytest.mark.parametrize("word_bits", [8, 16, 32, 64, 128])
@pytest.mark.parametrize("shape", [(1, 3, 8), (3, 2, 11), (1, 1, 1), (9,), (200,), (64,)])
def test_an_input_is_packed_bit_by_bit(shape: tuple[int, ...], word_bits: int) -> None:
    tables = network(shape, [], steps=4)
    plan = Plan.single(tables, lanes=8, update_lanes=8, word_bits=word_bits)
    x = np.random.default_rng(1).random((4, *shape)) < 0.5
    wanted = [word for step in x for word in map_words(plan.stages[0], "input", step)]
    for array in (x, x.astype(np.uint8), x.astype(np.int64), x.astype(int).tolist()):
        packed = plan.pack_input(array)
        assert packed == wanted
        assert all(type(word) is int for word in packed)
    assert plan.input_words == len(wanted) // 4
    assert plan.sample_words == len(wanted)


def test_a_word_of_the_input_word_by_word() -> None:
    """Two channels of three columns: channels follow each other, the first bit is the lowest."""
    tables = network((2, 1, 3), [Shapes(kernel=(1, 1))], steps=1)
    plan = Plan.single(tables, lanes=8, update_lanes=8, word_bits=8)
    assert plan.pack_input([[[[1, 0, 1]], [[1, 0, 0]]]]) == [0b010011]


def test_a_flat_input_word_by_word() -> None:
    """Two channels of two rows of three columns, which a dense layer reads: one row of 12 bits."""
    tables = network((2, 2, 3), [], steps=1)
    plan = Plan.single(tables, lanes=8, update_lanes=8, word_bits=8)
    x = [[[[1, 0, 1], [0, 1, 1]], [[1, 0, 0], [0, 0, 1]]]]
    assert plan.pack_input(x) == [0b01110101, 0b1000]
    assert replace(plan, orders={"input": (1, 0)}).pack_input(x) == [0b01100001, 0b1101]


@pytest.mark.parametrize("banks", [1, 2, 4, 8])
def test_784_pixels_fill_four_words_of_256_bits_and_all_banks(banks: int) -> None:
    plan = Plan.single(network((1, 28, 28), [8]), banks=banks, word_bits=256)
    x = np.random.default_rng(0).random((2, 1, 28, 28)) < 0.5
    assert plan.input_words == 4
    rows = plan.input_rows(x.astype(np.int64))
    assert rows.shape == (2, 784) and (rows == x.reshape(2, -1)).all()
    (source,) = plan.descriptors[0].sources
    assert (source.map.rows, source.span, source.kernel) == (1, 784, (1, 1))


@pytest.mark.parametrize("banks", [1, 4, 8])
@pytest.mark.parametrize(
    "activation",
    [
        Activation(kind="count", bits=3),
        Activation(kind="value", bits=8),
        Activation(kind="value", bits=5, signed=True),
    ],
    ids=["counts", "bytes", "signed"],
)
def test_planes_of_a_word_follow_each_other_and_channels_are_padded_for_banks(
    activation: Activation, banks: int
) -> None:
    shape = (3, 2, 5)
    tables = network(shape, [Shapes(kernel=(1, 1))], steps=2)
    tables = replace(tables, input=Input(shape=shape, activation=activation))
    plan = Plan.single(tables, banks=banks, word_bits=8)
    x = np.random.default_rng(0).integers(activation.low, activation.high + 1, (2, *shape))
    wanted = [word for step in x for word in map_words(plan.stages[0], "input", step)]
    assert plan.pack_input(x) == wanted
    channels = 3 + -3 % banks
    assert plan.input_words == 2 * -(-5 * channels // 8) * activation.bits


@pytest.mark.parametrize("banks", [1, 4, 8])
def test_a_flat_input_is_padded_once_for_banks(banks: int) -> None:
    shape, activation = (3, 2, 5), Activation(kind="value", bits=5, signed=True)
    tables = replace(network(shape, [], steps=2), input=Input(shape=shape, activation=activation))
    plan = Plan.single(tables, banks=banks, word_bits=8)
    x = np.random.default_rng(0).integers(activation.low, activation.high + 1, (2, *shape))
    wanted = [word for step in x for word in map_words(plan.stages[0], "input", step)]
    assert plan.pack_input(x) == wanted
    assert plan.input_words == 4 * 5
    assert plan.stages[0].map("input").channels == 30 + -30 % banks


def test_a_constant_input_is_sent_once() -> None:
    plan = Plan.single(everything(constant=True), lanes=4, word_bits=16)
    x = np.random.default_rng(0).integers(-4, 4, (1, *EVERYTHING)).repeat(3, axis=0)
    assert plan.pack_input(x) == map_words(plan.stages[0], "input", x[0])
    x[-1] ^= 1
    with refused(ValueError, "input must be the same in every step, as it is sent once"):
        plan.pack_input(x)
    assert (plan.input_maps, plan.sample_words) == (1, plan.input_words)
    plan = Plan.single(everything(), lanes=4, word_bits=16)
    assert (plan.input_maps, plan.sample_words) == (3, 3 * plan.input_words)


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
    plan = Plan.single(network(shape, []))
    with refused(ValueError, message):
        plan.pack_input(np.zeros(x, int))


@pytest.mark.parametrize(
    ("activation", "values", "message"),
    [
        (Activation(), [0, 1, 2], "input must hold values 0…1, not 0…2"),
        (Activation(), [0, -1, 1], "input must hold values 0…1, not -1…1"),
        (Activation(kind="count", bits=3), [9, 9, 9], "input must hold values 0…7, not 9…9"),
        (
            Activation(kind="value", bits=4, signed=True),
            [-9, 0, 7],
            "input must hold values -8…7, not -9…7",
        ),
    ],
)
def test_an_input_out_of_range_is_refused(
    activation: Activation, values: list[int], message: str
) -> None:
    tables = replace(network((3,), []), input=Input(shape=(3,), activation=activation))
    plan = Plan.single(tables)
    with refused(ValueError, message):
        plan.pack_input([values, values])


# Updates and the readout.


def test_updates_name_channels_as_the_tables_count_them() -> None:
    plan = Plan.single(TABLES, lanes=4, update_lanes=2)
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


@pytest.mark.parametrize("plan", [Plan.single(TABLES, lanes=4), chain()], ids=["one", "several"])
def test_every_kept_neuron_is_updated_once(plan: Plan) -> None:
    for index, layer in enumerate(TABLES.layers):
        places = plan.updates(index).reshape(-1, 3)
        places = places[places[:, 0] >= 0]
        shape = (*TABLES.neuron_shapes[layer.name], 1, 1)[:3]
        neurons = [place for place in np.ndindex(shape) if layer.kept[place[0]]]
        assert sorted(map(tuple, places.tolist())) == neurons


def test_lanes_that_a_stage_lacks_are_unused_in_its_updates() -> None:
    plan = chain()
    assert [plan.updates(n).shape[1] for n in range(5)] == [4] * 5
    assert (plan.updates(1)[..., 2:, 0] == -1).all()
    assert (plan.updates(3)[..., 1:, 0] == -1).all()


def test_the_readout_is_the_networks() -> None:
    plan = chain()
    assert (plan.classes, plan.readout_bits) == (3, 4)


def test_equal_tables_give_equal_plans() -> None:
    first, second = (Plan.single(network((2, 6, 7), LAYERS, classes=3)) for _ in range(2))
    assert first.descriptors == second.descriptors
    for ours, theirs in zip(first.stages, second.stages, strict=True):
        assert ours.modes == theirs.modes
        assert ours.parameter_words == theirs.parameter_words
        assert {bits: rows.tolist() for bits, rows in ours.weights.items()} == {
            bits: rows.tolist() for bits, rows in theirs.weights.items()
        }
