"""Other tables in an accelerator that is built run as golden runs them, or are refused."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import plans
import pytest
from accelerate import (
    deadline_cycles,
    must_be_verified,
    must_equal_golden,
    must_have_observed,
    receive_observations,
    results,
)
from plans import EVERYTHING, Shapes, everything, network, neuron
from refusal import refused
from smaller import cut
from somagate.export.neuron import Current, Leak, Shift, Ternary
from somagate.export.synapse import Convolution, Dense, Identity
from somagate.export.tables import Input, Layer, Pool, Readout, Tables, signed_bits
from somagate.hw.plan.loadable import IDENTITY, memory_words, targets
from somagate.hw.plan.loading import LoadError, load, words
from somagate.hw.plan.plan import Plan, StageShape
from somagate.hw.plan.weight_rows import pack, weight_code
from somagate.hw.rtl.accelerator import Accelerator
from somagate.sim.golden import golden
from somagate.sim.verify.settings import Dut, Setup
from somagate.sim.verify.verify import verify
from stream_bench import Bench, same

BASE = everything()


def a_plan(**numbers: Any) -> Plan:
    single = {} if "shapes" in numbers else {"lanes": 2, "update_lanes": 2}
    return plans.a_plan(**{"tables": BASE, "word_bits": 16, "loadable": True} | single | numbers)


def draw(seed: int, samples: int, density: float = 0.5) -> Any:
    rng = np.random.default_rng(seed)
    x = rng.integers(-4, 4, (BASE.steps, samples, *EVERYTHING))
    return np.where(rng.random(x.shape) < density, x, 0)


def with_masks(tables: Tables, **masks: list[int]) -> Tables:
    """Return tables with channels of some layers pruned."""
    layers = [
        replace(layer, channel_mask=np.array(masks[layer.name], bool))
        if layer.name in masks
        else layer
        for layer in tables.layers
    ]
    return replace(tables, layers=tuple(layers))


def changed(index: int, **changes: Any) -> Tables:
    """Return the base with one layer changed."""
    layers = list(BASE.layers)
    layers[index] = replace(layers[index], **changes)
    return replace(BASE, layers=tuple(layers))


def renewed(index: int, **changes: Any) -> Tables:
    """Return the base with one layer's neurons changed."""
    return changed(index, neuron=replace(BASE.layers[index].neuron, **changes))


# What runs.

SHAPES = {
    "one stage": {},
    "banks": {"lanes": 4, "banks": 4},
    "lanes beside": {"lanes": 16, "update_lanes": 8},
    "a chain": {
        "shapes": (
            StageShape(layers=1, lanes=2, update_lanes=1, banks=2),
            StageShape(layers=2, lanes=4, update_lanes=2),
            StageShape(layers=1, lanes=3, update_lanes=1),
        )
    },
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_stream_writes_every_memory_once(name: str) -> None:
    """The plan's own tables give the contents that its memories have from the start."""
    plan = a_plan(**SHAPES[name])
    expected = []
    number = 0
    for stage in plan.stages:
        images = [
            [pack(row, bits) for row in weight_code(rows, bits)[bank :: stage.banks].tolist()]
            for bits, rows in stage.weights.items()
            for bank in range(stage.banks)
        ]
        images += [stage.parameter_words, [0, BASE.steps - 1]]
        for target, rows in zip(targets(stage), images, strict=True):
            expected += memory_words(number, target, rows)
            number += 1
    expected += memory_words(number, IDENTITY, list(bytes.fromhex(BASE.sha256)))
    assert words(plan, BASE) == expected


def other_tables(seed: int = 7) -> Tables:
    """Return tables of the same shape with all other numbers, fit for the base's widths."""
    tables = everything(seed=seed)
    rng = np.random.default_rng(seed)
    layers = []
    for layer, old in zip(tables.layers, BASE.layers, strict=True):
        cell = layer.neuron
        changes: dict[str, Any] = {"bias": rng.integers(-9, 9, cell.channels)}
        if not isinstance(cell.store, Ternary):
            changes["store"], changes["leak"] = old.neuron.store, old.neuron.leak
        if cell.leak.multiplier.ndim:
            multiplier = rng.permutation(old.neuron.leak.multiplier)
            changes["leak"] = replace(cell.leak, multiplier=multiplier)
        layers.append(replace(layer, neuron=replace(cell, **changes)))
    return replace(tables, layers=tuple(layers))


@pytest.mark.parametrize(
    ("name", "stalls"),
    [("one stage", 0), ("banks", 0.8), ("lanes beside", 0.3), ("a chain", 0.5), ("a chain", 0)],
)
def test_loaded_tables_equal_golden(name: str, stalls: float) -> None:
    plan, other = a_plan(**SHAPES[name]), other_tables()
    trace = must_be_verified(plan, draw(1, 3), stalls=stalls, tables=other)
    assert all(spikes.any() and not spikes.all() for spikes in trace.spikes.values())


# Of lane groups of two channels: the first, the last, or all but one that the base keeps.
MASKS: dict[str, dict[str, list[int]]] = {
    "channels": {"grouped": [1, 0, 0, 1, 1, 0]},
    "groups": {"grouped": [0, 0, 1, 1, 1, 1], "joined": [0, 0, 0, 1, 1, 1], "ring": [1] * 6 + [0]},
    "most groups": {
        "grouped": [1, 1, 0, 0, 0, 0], "joined": [0, 0, 0, 0, 0, 1], "ring": [0] * 6 + [1]
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "masks"),
    [("one stage", "channels"), ("one stage", "groups"), ("one stage", "most groups"),
     ("a chain", "most groups"), ("banks", "groups")],
)  # fmt: skip
def test_channels_pruned_at_run_time_equal_golden(name: str, masks: str) -> None:
    plan = a_plan(**SHAPES[name])
    other = with_masks(other_tables(), **MASKS[masks])
    must_be_verified(plan, draw(2, 3), tables=other)


def cycles_of(plan: Plan, tables: Tables, x: Any) -> int:
    """Return the cycles from the first word of the input to the last result, without stalls."""
    verdict = verify(plan, x, dut=Dut(load=tables), setup=Setup(workers=1))
    assert verdict.equal
    return verdict.sample_cycles[0]


def test_pruned_lane_groups_take_no_time_for_their_events() -> None:
    """With every element of the input other than 0, so that the array is what takes time."""
    base = replace(BASE, steps=1)
    plan, x = a_plan(tables=base), np.full((1, 1, *EVERYTHING), -1)
    everyone = cycles_of(plan, base, x)
    # Two of three lane groups of `grouped`, whose 24 positions take two cycles a group without.
    pruned = cycles_of(plan, with_masks(base, grouped=[1, 1, 0, 0, 0, 0]), x)
    one_channel_each = cycles_of(plan, with_masks(base, grouped=[1, 0, 1, 0, 1, 0]), x)
    events = 24 * 2 * 3 * 9  # 3 planes of a value of -1, 9 pixels, at least 1 channel
    assert pruned < everyone - events // 2
    assert one_channel_each > 0.9 * everyone


# Smaller shapes.


@pytest.mark.parametrize("name", ["one stage", "banks", "a chain"])
def test_fewer_channels_and_steps_equal_golden(name: str) -> None:
    """Of a layer that reads itself with ±1 weights, where the missing ones can't be 0."""
    plan = a_plan(**SHAPES[name])
    other = cut(replace(other_tables(), steps=2), "ring", [1, 2, 5])
    trace = must_be_verified(plan, draw(5, 1)[:2], tables=other)
    assert trace.spikes["ring"].shape == (2, 1, 7)
    assert trace.spikes["ring"].any() and not trace.spikes["ring"][..., 3:].any()


def test_fewer_classes_equal_golden() -> None:
    plan = a_plan()
    other = cut(other_tables(), "out", [0, 1])
    # The leak of each channel is a parameter, and goes with it.
    assert other.layers[3].neuron.leak.multiplier.ndim
    trace = must_be_verified(plan, draw(6, 1), tables=other)
    assert trace.output.shape == (1, 3) and trace.output.any() and not trace.output[:, 2].any()


@pytest.mark.parametrize("ternary", [False, True])
def test_fewer_classes_whose_potentials_are_read_out_equal_golden(ternary: bool) -> None:
    """Those that are missing stay at the lowest potential, so even then the lowest class wins."""

    def potentials(classes: int, bias: int) -> Tables:
        tables = network((1, 4, 4), [], classes=classes, seed=classes)
        store = Ternary(level=np.arange(classes) + 9, boundary=np.arange(classes) + 5)
        cell = neuron(
            classes,
            threshold=None,
            reset="none",
            bias=np.full(classes, bias),
            store=store if ternary else Shift(bits=5, shift=1),
            leak=Leak() if ternary else Leak(multiplier=3, shift=2),
        )
        return replace(
            tables,
            layers=(replace(tables.layers[0], neuron=cell),),
            readout=Readout(layer="out", kind="potential"),
        )

    plan = a_plan(tables=potentials(5, 0))
    x = np.random.default_rng(8).integers(0, 2, (2, 3, 1, 4, 4))
    for bias in (0, -40):
        trace = must_equal_golden(Accelerator(plan), plan, x, tables=potentials(3, bias))
        low = -1 if ternary else -16
        assert (trace.output[:, 3:] == low).all() and (trace.prediction < 3).all()
        assert (trace.output == low).all() == (bias < 0)


CHAIN = [Shapes(channels=6, padding=(1, 1), pool=(2, 2)), 8]


def narrow(tables: Tables) -> Tables:
    """Return tables with ±1 weights in their place."""
    layers = [
        replace(
            layer,
            synapses=tuple(
                replace(g, bits=1, weights=np.where(g.weights < 0, -1, 1)) for g in layer.synapses
            ),
        )
        for layer in tables.layers
    ]
    return replace(tables, layers=tuple(layers))


def test_narrower_weights_equal_golden() -> None:
    plan = a_plan(tables=network((2, 6, 6), CHAIN))
    other = narrow(network((2, 6, 6), CHAIN, seed=5))
    x = np.random.default_rng(1).integers(0, 2, (2, 2, 2, 6, 6))
    trace = must_equal_golden(Accelerator(plan), plan, x, tables=other)
    assert all(spikes.any() and not spikes.all() for spikes in trace.spikes.values())


def test_channels_that_are_left_move_together_so_that_lane_groups_are_free() -> None:
    """Half of the channels, every other one, take half of the lane groups and of the time."""
    plan = a_plan(tables=network((2, 6, 6), CHAIN, steps=1))
    mask = [True, False] * 3
    half = replace(
        plan.tables,
        layers=(replace(plan.tables.layers[0], channel_mask=np.array(mask)),
                *plan.tables.layers[1:]),
    )  # fmt: skip
    assert load(plan, half).slots["l0"].tolist() == [0, 2, 4, -1, -1, -1]
    fewer = cut(plan.tables, "l0", [0, 2, 4])
    assert words(plan, fewer)[:-32] == words(plan, half)[:-32]
    x = np.ones((1, 1, 2, 6, 6), int)
    everyone, rest = (cycles_of(plan, tables, x) for tables in (plan.tables, half))
    events = 36 * 18 * 0.8  # of one of three lane groups, at the borders a few less
    assert rest < everyone - events
    must_equal_golden(Accelerator(plan), plan, x, tables=fewer)


def test_weights_in_a_ram_with_one_port_equal_golden_once_they_are_loaded() -> None:
    shape = StageShape(layers=4, lanes=4, update_lanes=2, banks=2, weight_memory="spram")
    for loadable, tables in ((False, BASE), (True, other_tables())):
        plan = a_plan(loadable=loadable, shapes=(shape,))
        must_be_verified(plan, draw(7, 1), tables=tables)


# Channels that are not laid out in ascending order.


def chain_of_dense_layers() -> Tables:
    """Return three dense layers whose channels all fire in another way; 'o' is the readout."""

    def dense(name: str, source: str, weights: Any, thresholds: Any) -> Layer:
        return Layer(
            name=name,
            synapses=(Dense(source=source, weights=np.array(weights), bits=3),),
            neuron=neuron(len(weights), threshold=np.array(thresholds)),
        )

    return Tables(
        name="dense",
        steps=2,
        input=Input(shape=(2,)),
        layers=(
            dense("a", "input", [[1, 2], [-3, 1], [2, 2]], [1, 1, 5]),
            dense("b", "a", [[1, 3, -1], [-2, 1, 2], [1, 1, 1]], [2, 1, 3]),
            dense("o", "b", [[1, -3, 2], [-2, 1, 3]], [1, 1]),
        ),
        readout=Readout(layer="o"),
    )


def all_pairs() -> Any:
    """Return every pair of spikes, in the first step and in the second: (2, 16, 2)."""
    return np.stack(np.unravel_index(np.arange(16), (2, 2, 2, 2))).reshape(2, 2, 16).swapaxes(1, 2)


ORDERS: dict[str, dict[str, tuple[int, ...]]] = {
    "none": {},
    "input": {"input": (1, 0)},
    "first": {"a": (2, 0, 1)},
    "second": {"b": (1, 2, 0)},
    "all": {"input": (1, 0), "a": (2, 0, 1), "b": (2, 1, 0)},
}
IN_SPRAM = {"no stage": (), "all": (0, 1), "the first": (0,), "the second": (1,)}


def ordered(spram: str, loadable: bool, orders: str, banks: int = 1) -> Plan:
    """Return a plan of two stages; only what is in SPRAM must be loaded."""
    shapes = [
        StageShape(layers=layers, lanes=2, update_lanes=1, banks=banks,
                   weight_memory="spram" if number in IN_SPRAM[spram] else "block")
        for number, layers in enumerate((1, 2))
    ]  # fmt: skip
    return Plan(
        tables=chain_of_dense_layers(),
        word_bits=8,
        shapes=tuple(shapes),
        loadable=loadable,
        orders=ORDERS[orders],
    )


def test_the_smallest_network_in_single_port_rams_may_be_laid_out_in_any_order() -> None:
    shape = StageShape(layers=3, lanes=2, update_lanes=1, weight_memory="spram")
    plan = Plan(
        tables=chain_of_dense_layers(), word_bits=8, shapes=(shape,), orders=ORDERS["first"]
    )
    trace = must_equal_golden(Accelerator(plan), plan, all_pairs(), tables=plan.tables)
    assert all(spikes.any() and not spikes.all() for spikes in trace.spikes.values())


def in_pairs(first: Iterable[str], second: Iterable[str], loadable: int) -> list[Any]:
    """Return every pair, loadable or not in turn, so that each meets each of both kinds."""
    return [
        (a, b, bool((i + j + loadable) % 2))
        for i, a in enumerate(first)
        for j, b in enumerate(second)
    ]


@pytest.mark.parametrize(("spram", "orders", "loadable"), in_pairs(IN_SPRAM, ORDERS, 0))
def test_own_tables_equal_golden_in_any_memory_and_any_order(
    spram: str, orders: str, loadable: bool
) -> None:
    plan = ordered(spram, loadable, orders)
    own = plan.tables if plan.configurable else None
    must_equal_golden(Accelerator(plan), plan, all_pairs(), stalls="none", tables=own)


@pytest.mark.parametrize(
    ("spram", "orders"), [pair[:2] for pair in in_pairs(IN_SPRAM, ORDERS, 1) if pair[2]]
)
def test_other_tables_equal_golden_in_any_memory_and_any_order(spram: str, orders: str) -> None:
    """The same network with its channels numbered another way, and all but one of 'b' kept."""
    plan = ordered(spram, True, orders, banks=2)
    first, second, last = plan.tables.layers
    cycled = [
        replace(
            layer,
            synapses=(replace(layer.synapses[0], weights=weights),),
            neuron=replace(layer.neuron, threshold=np.roll(layer.neuron.threshold, 1)),
        )
        for layer, weights in (
            (first, np.roll(first.synapses[0].weights, 1, 0)),
            (second, np.roll(second.synapses[0].weights, 1, (0, 1))),
        )
    ]
    cycled[1] = replace(cycled[1], channel_mask=np.array([True, False, True]))
    end = replace(
        last, synapses=(replace(last.synapses[0], weights=np.roll(last.synapses[0].weights, 1, 1)),)
    )
    other = replace(plan.tables, layers=(*cycled, end))
    trace = must_equal_golden(Accelerator(plan), plan, all_pairs(), stalls="none", tables=other)
    assert trace.spikes["a"].any((0, 1)).all() and trace.spikes["o"].any()
    missing = load(plan, other).slots["b"] < 0
    assert missing.sum() == 1
    assert trace.spikes["b"].any() and not trace.spikes["b"][..., missing].any()


@pytest.mark.parametrize("orders", ORDERS)
@pytest.mark.parametrize("loadable", [False, True])
def test_own_tables_are_loaded_as_they_are_laid_out(loadable: bool, orders: str) -> None:
    plan = ordered("all", loadable, orders)
    found = load(plan, plan.tables)
    assert found.plan is plan and found.tables is plan.tables
    assert {name: slots.tolist() for name, slots in found.slots.items()} == {
        "a": [0, 1, 2], "b": [0, 1, 2], "o": [0, 1]
    }  # fmt: skip
    expected = []
    number = 0
    for stage in plan.stages:
        weights = [pack(row, 3) for row in weight_code(stage.weights[3], 3).tolist()]
        images = [weights, stage.parameter_words, [0, plan.tables.steps - 1]]
        for target, rows in zip(targets(stage), images, strict=False):
            expected += memory_words(number, target, rows)
            number += 1
    expected += memory_words(number, IDENTITY, list(bytes.fromhex(plan.tables.sha256)))
    assert found.words == expected


def test_weights_in_a_ram_with_one_port_are_not_there_before() -> None:
    shape = StageShape(layers=4, lanes=4, update_lanes=2, weight_memory="spram")
    plan = a_plan(loadable=False, shapes=(shape,))
    with pytest.raises(AssertionError, match="golden and RTL differ first in layer grouped"):
        must_equal_golden(Accelerator(plan), plan, draw(7, 1))


def test_tables_can_be_loaded_between_inferences_again_and_again() -> None:
    plan = a_plan(lanes=4, update_lanes=4)
    runs = [
        (None, draw(1, 1)),
        (other_tables(), draw(2, 1)),
        (with_masks(other_tables(8), grouped=[0, 0, 0, 1, 1, 1]), draw(3, 2)),
        (BASE, draw(4, 1)),
    ]
    dut = Accelerator(plan)
    bench = Bench(dut, stalls="random", seed=3)
    output = bench.receive("output", dut.output, plan.classes * 5)
    observe = receive_observations(bench, dut, plan, 5)
    config: list[int] = []
    payloads: list[int] = []
    wanted: list[dict[str, int]] = []
    traces = []
    # Tables come when all before them is answered, and inputs when all before them is loaded.
    after_output, after_config = [], []
    for tables, x in runs:
        if tables is not None:
            after_output.append((len(config), output, len(wanted)))
            config += words(plan, tables)
            after_config.append((len(payloads), len(config)))
        trace = golden.run(tables or BASE, x, potentials=True)
        traces.append((tables or BASE, trace))
        for sample in range(x.shape[1]):
            payloads += plan.pack_input(x[:, sample])
        wanted += list(results(trace))
    loaded = bench.send("config", dut.config, config, after=after_output)
    after = [(place, loaded, count) for place, count in after_config]
    bench.send("input", dut.input, payloads, after=after)
    bench.run(2 * deadline_cycles(plan, 5) + 10 * len(config))
    same("output", output.payloads, wanted)
    first = 0
    for tables, trace in traces:
        last = first + len(observe[0].payloads) // 5 * len(trace.prediction)
        part = replace(observe[0], payloads=observe[0].payloads[first:last])
        must_have_observed(plan, trace, tables, [part])
        first = last


# What is refused.


def must_refuse(
    tables: Tables, message: str, base: Tables = BASE, plan: Plan | None = None
) -> None:
    plan = plan or a_plan(tables=base)
    hashes = f"tables {tables.sha256[:12]} do not fit the accelerator of {base.sha256[:12]}"
    with refused(LoadError, f"{hashes}: {message}"):
        words(plan, tables)


def test_a_plan_that_is_not_loadable_is_refused() -> None:
    must_refuse(
        BASE,
        "Plan loadable must be True to load tables, not False",
        plan=a_plan(loadable=False),
    )
    assert issubclass(LoadError, ValueError)


def test_weights_that_have_to_be_loaded_can_only_be_the_plans_own() -> None:
    shape = StageShape(layers=4, lanes=2, update_lanes=2, weight_memory="spram")
    plan = a_plan(loadable=False, shapes=(shape,))
    must_refuse(
        other_tables(), "Plan loadable must be True to load other tables than its own", plan=plan
    )


def test_more_steps_and_another_input_or_readout_are_refused() -> None:
    must_refuse(replace(BASE, steps=4), "steps must be at most 3, not 4")
    constant = replace(BASE.input, constant=True)
    must_refuse(replace(BASE, input=constant), "input constant must be False, not True")
    must_refuse(
        replace(BASE, readout=Readout(layer="ring")), "readout layer must be 'out', not 'ring'"
    )


def test_what_the_hardware_does_not_see_of_an_input_may_differ() -> None:
    plan = a_plan()
    shown = replace(BASE, input=replace(BASE.input, maximum=3))
    assert words(plan, shown)[:-32] == words(plan, BASE)[:-32]


def test_other_layers_are_refused() -> None:
    must_refuse(
        renamed("ring", "belt"),
        "layers must be ['grouped', 'joined', 'ring', 'out'], "
        "not ['grouped', 'joined', 'belt', 'out']",
    )
    alone = network(EVERYTHING, [], steps=3, classes=3)
    must_refuse(
        replace(alone, input=BASE.input),
        "layers must be ['grouped', 'joined', 'ring', 'out'], not ['out']",
    )


def renamed(old: str, new: str) -> Tables:
    """Return the base with a layer of another name."""
    layers = []
    for layer in BASE.layers:
        synapses = tuple(
            replace(group, source=new) if group.source == old else group for group in layer.synapses
        )
        name = new if layer.name == old else layer.name
        layers.append(replace(layer, name=name, synapses=synapses))
    return replace(BASE, layers=tuple(layers))


def test_other_channels_are_refused() -> None:
    ring, out = BASE.layers[2:]
    wider = replace(
        ring,
        synapses=tuple(
            replace(g, weights=np.ones((8, 8 if g.source == "ring" else 36), int))
            for g in ring.synapses
        ),
        neuron=neuron(8, store=Ternary(level=np.ones(8, int), boundary=np.ones(8, int))),
        channel_mask=np.ones(8, bool),
    )
    reader = replace(out.synapses[0], weights=np.ones((3, 8), int))
    out = replace(out, synapses=(reader, out.synapses[1]))
    must_refuse(
        replace(BASE, layers=(*BASE.layers[:2], wider, out)),
        "layer ring: channels that are not pruned must be at most 7, not 8",
    )


def test_a_channel_that_the_accelerator_has_no_memory_for_is_refused() -> None:
    must_refuse(
        with_masks(BASE, joined=[0, 1, 1, 1, 0, 1]),
        "layer joined: channel 2 must be pruned, as the accelerator has no memory for it",
    )


def aside(kernel: int) -> Tables:
    """Return a convolution that nobody reads, and a readout of the input."""
    tables = network((1, 4, 4), [Shapes(channels=2, kernel=(kernel, kernel))])
    return replace(tables, layers=(tables.layers[0], network((1, 4, 4), []).layers[0]))


def test_another_geometry_is_refused() -> None:
    form = "a convolution of kernel ({0}, {0}), stride (1, 1) and padding (0, 0)"
    must_refuse(
        aside(2),
        f"layer l0: synapses from 'input' must be {form.format(3)}, not {form.format(2)}",
        base=aside(3),
    )
    must_refuse(
        changed(0, pool=Pool(size=(2, 2))),
        "layer grouped: pool must be Pool(kind='sum', size=(2, 2), of='spikes'), "
        "not Pool(kind='max', size=(2, 2), of='spikes')",
    )
    groups = BASE.layers[1].synapses
    must_refuse(
        changed(1, synapses=(groups[1], groups[0], groups[2])),
        "layer joined: synapses must come from ['grouped', 'input', 'joined'], "
        "not ['input', 'grouped', 'joined']",
    )
    tables = network((3,), [3], classes=3)

    def reading(group: Any) -> Tables:
        return replace(
            tables, layers=(tables.layers[0], replace(tables.layers[1], synapses=(group,)))
        )

    identity = reading(Identity(source="l0", weights=np.ones(3, int), bits=3))
    dense = reading(Dense(source="l0", weights=np.ones((3, 3), int), bits=3))
    must_refuse(
        dense, "layer out: synapses from 'l0' must be an identity, not dense", base=identity
    )
    must_refuse(
        identity, "layer out: synapses from 'l0' must be dense, not an identity", base=dense
    )


def test_weights_that_do_not_fit_are_refused() -> None:
    groups = BASE.layers[1].synapses
    weights = groups[1].weights.copy()
    weights[3, 1, 0, 2] = 3
    must_refuse(
        changed(1, synapses=(groups[0], replace(groups[1], bits=3, weights=weights), groups[2])),
        "layer joined: synapses from 'input' must have weights -1…1 to fit 2 bits, not 3",
    )
    ring = BASE.layers[2].synapses
    zero = replace(ring[1], bits=2, weights=np.zeros((7, 7), int))
    must_refuse(
        changed(2, synapses=(ring[0], zero)),
        "layer ring: synapses from 'ring' must have weights -1 or 1 to fit 1 bits, not 0",
    )


@pytest.mark.parametrize("bits", [1, 4])
def test_weights_outside_the_groups_of_a_convolution_are_refused(bits: int) -> None:
    (group,) = BASE.layers[0].synapses
    inside, wide = (
        replace(group, bits=bits, groups=groups, weights=np.ones((6, 4 // groups, 3, 3), int))
        for groups in (2, 1)
    )
    must_refuse(
        changed(0, synapses=(wide,)),
        "layer grouped: synapses from 'input' must connect 2 channels with 3 as 2 groups do, "
        "not channel 2 with 0 too: prune one of them, or build an accelerator from these tables",
        base=changed(0, synapses=(inside,)),
    )


def test_weights_outside_the_groups_may_be_0_or_of_pruned_channels() -> None:
    """Of three groups the middle one crosses the border between two, so its channels are pruned."""
    tables = network((6, 2, 2), [Shapes(channels=6, kernel=(1, 1))])
    ones = np.ones((6, 6, 1, 1), int)

    def grouped(groups: int, weights: Any, bits: int = 2, mask: Any = None) -> Tables:
        group = Convolution(source="input", weights=weights, bits=bits, groups=groups)
        layer = replace(tables.layers[0], synapses=(group,), channel_mask=mask)
        return replace(tables, layers=(layer, tables.layers[1]))

    base = grouped(2, ones[:, :3])
    plan = a_plan(tables=base)
    whole = grouped(1, ones * np.kron(np.eye(2, dtype=int), np.ones((3, 3), int))[:, :, None, None])
    assert words(plan, whole)[:-32] == words(plan, base)[:-32]
    three = grouped(3, ones[:, :2], bits=1, mask=np.array([1, 1, 0, 0, 1, 1], bool))
    x = np.random.default_rng(4).integers(0, 2, (2, 2, 6, 2, 2))
    must_equal_golden(Accelerator(plan), plan, x, tables=three)


def test_classes_that_are_pruned_are_refused_as_in_any_plan() -> None:
    must_refuse(
        with_masks(BASE, out=[1, 0, 1]),
        "layer out: channel_mask must keep every class of the readout; prune other layers",
    )


@pytest.mark.parametrize("why", ["leak as they are stored", "have a lower bound", "have a current"])
def test_fewer_classes_are_refused_where_nothing_can_hold_them_at_the_lowest(why: str) -> None:
    def held(classes: int) -> Tables:
        tables = network((1, 4, 4), [], classes=classes)
        changes: dict[str, Any] = {"lower_bound": [-5] * classes}
        if why == "have a current":
            changes = {"current": Current(store=Shift(bits=4, shift=0))}
        if why == "leak as they are stored":
            changes = {"leak": Leak(multiplier=1, shift=2, at="store")}
        cell = neuron(classes, threshold=None, reset="none", **changes)
        return replace(
            tables,
            layers=(replace(tables.layers[0], neuron=cell),),
            readout=Readout(layer="out", kind="potential"),
        )

    must_refuse(
        held(2),
        f"layer out: classes must be 3 where potentials are read out that {why}, not 2",
        base=held(3),
    )


def test_more_channels_where_their_number_matters_are_refused() -> None:
    must_refuse(
        network((1, 4, 4), [], classes=3),
        "layer out: channels must be at most 2, not 3",
        base=network((1, 4, 4), []),
    )


@pytest.mark.parametrize(
    ("index", "changes"),
    [
        (0, {"store": Shift(bits=5, shift=1)}),
        (0, {"store": Shift(bits=4, shift=2)}),
        (0, {"leak": Leak(multiplier=1, shift=1)}),
        (1, {"leak": Leak(multiplier=3, shift=2, at="store", rounding="up")}),
        (0, {"reset": "none"}),
        (0, {"reset": "blank"}),
        (0, {"reset": "undelayed", "amount": [1] * 6}),
        (1, {"leak": Leak(multiplier=3, shift=2)}),
        (1, {"leak": Leak(multiplier=1, shift=2, at="store")}),
        (2, {"store": Shift(bits=2, shift=0)}),
        (2, {"mask_negative": True}),
        (1, {"gain": 1}),
        (0, {"spike_bits": 2}),
        (0, {"current": Current(store=Shift(bits=4, shift=0))}),
        (1, {"spike_bits": 2, "threshold": [2] * 6, "amount": [2] * 6, "leak": Leak()}),
        (0, {"lower_bound": [-9] * 6}),
    ],
)
def test_another_mode_is_refused(index: int, changes: dict[str, Any]) -> None:
    other = renewed(index, **changes)
    name = BASE.layers[index].name
    modes = [a_plan(tables=tables).stages[0].layer_modes[index] for tables in (BASE, other)]
    must_refuse(other, f"layer {name}: mode must be {modes[0]}, not {modes[1]}")


@pytest.mark.parametrize("bias", [10**6, -(10**6)])
def test_sums_that_do_not_fit_are_refused(bias: int) -> None:
    other = renewed(3, bias=np.array([0, bias, 0]))
    bits = (
        a_plan().stages[0].update_bits,
        signed_bits(*a_plan(tables=other).stages[0].bounds.reached),
    )
    must_refuse(
        other,
        f"layers grouped, joined, ring, out: sums must fit in {bits[0]} bits, not need {bits[1]}",
    )


def test_accumulators_that_do_not_fit_are_refused() -> None:
    """A layer that nobody heard, as it never fired, has no place in its readers' sums."""
    tables = network((1, 4, 4), [2])

    def with_first(threshold: Any) -> Tables:
        layer = tables.layers[0]
        cell = neuron(2, threshold=threshold, reset="none")
        return replace(tables, layers=(replace(layer, neuron=cell), tables.layers[1]))

    shapes = tuple(StageShape(layers=1, lanes=2, update_lanes=2) for _ in range(2))
    base, other = with_first(None), with_first(np.ones(2, int))
    plan = a_plan(tables=base, shapes=shapes)
    bits = plan.stages[1].accumulator_bits, other.accumulator_bits("out")
    must_refuse(
        other,
        f"layers out: sums must fit in {bits[0]} bits, not need {bits[1]}",
        base=base,
        plan=plan,
    )


@pytest.mark.parametrize("amount", [10**6, -(10**6)])
def test_a_parameter_that_does_not_fit_is_refused(amount: int) -> None:
    other = renewed(1, amount=np.array([0, amount, 0, 0, 0, 0]))
    (bits,) = [f.bits for f in a_plan().stages[0].parameters if f.name == "amount"]
    half = 1 << (bits - 1)
    must_refuse(
        other,
        f"layers grouped, joined, ring, out: amount must be {-half}…{half - 1}, not {amount}",
    )


def test_tables_of_a_layer_are_refused_by_the_stage_that_has_it() -> None:
    plan = a_plan(**SHAPES["a chain"])
    other = renewed(3, bias=np.array([0, 10**6, 0]))
    stage, new = (p.stages[2] for p in (plan, replace(plan, tables=other)))
    bits = stage.update_bits, signed_bits(*new.bounds.reached)
    must_refuse(
        other, f"layers out: sums must fit in {bits[0]} bits, not need {bits[1]}", plan=plan
    )
