"""The update does to every neuron what the golden simulator's `update` does, and nothing else."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from plans import chunk_lanes, neuron, visits, weights
from somagate.export.neuron import Leak, Neuron, Shift
from somagate.export.synapse import Convolution, Dense
from somagate.export.tables import Input, Layer, Pool, Readout, Tables
from somagate.hw.plan import Plan
from somagate.hw.update import Update, UpdateLayout
from somagate.sim import golden
from stream_bench import STALLS, Bench

WORD_LIMIT = 2**31
STEPS = 4


def a_layer(name: str, cell: Neuron, *, seed: int = 0, **changes: Any) -> Layer:
    """Return a layer whose sums have 12 bits and more, of 4 columns."""
    rng = np.random.default_rng(seed)
    group = Convolution(
        source="input", weights=weights(rng, 8, cell.channels, 2, 3, 3), bits=8, padding=(1, 1)
    )
    return Layer(name=name, synapses=(group,), neuron=cell, **changes)


def a_plan(layers: Sequence[Layer], lanes: int = 4, update_lanes: int = 2, rows: int = 2) -> Plan:
    """Return a plan of some rows of 4 columns, with a readout behind the layers."""
    tables = Tables(
        name="cells",
        steps=STEPS,
        input=Input(shape=(2, rows, 4)),
        layers=(*layers, readout("input", 8 * rows, layers[0].neuron)),
        readout=Readout(layer="out"),
    )
    return Plan(tables=tables, lanes=lanes, update_lanes=update_lanes, word_bits=32)


def readout(source: str, elements: int, like: Neuron) -> Layer:
    """Return a readout of two classes in the mode of another layer, so that it adds none."""
    group = Dense(source=source, weights=np.ones((2, elements), int), bits=1)
    leak = like.leak
    if leak.multiplier.ndim:
        leak = Leak(multiplier=leak.multiplier[:2], shift=leak.shift, at=leak.at)
    amount = None if like.amount is None else like.amount[:2]
    cell = neuron(2, store=like.store, reset=like.reset, leak=leak, amount=amount)
    return Layer(name="out", synapses=(group,), neuron=cell)


def update(plan: Plan, stalls: str, inferences: int = 2) -> dict[str, Any]:
    """Run all layers in every step of some inferences, with random sums, and compare.

    Return the spikes of each layer, bool (inferences · steps, *neuron shape).
    """
    tables = plan.tables
    rng = np.random.default_rng(len(tables.layers))
    layers, sums, first_steps = [], [], []
    wanted: list[dict[str, Any]] = []
    fired: dict[str, list[Any]] = {layer.name: [] for layer in tables.layers}
    for _ in range(inferences):
        state: dict[str, Any] = {}
        for step in range(tables.steps):
            for index, layer in enumerate(tables.layers):
                rule = golden.rule(tables, layer)
                acc = draw_sums(tables, layer, rng).astype(rule.dtype)
                v = state.get(layer.name, np.zeros_like(acc)[None])
                fire, v = golden.update(rule, v, acc[None])
                state[layer.name] = v
                fired[layer.name].append(fire[0])
                layers.append(UpdateLayout.values(plan, index))
                first_steps.append(step == 0)
                sums += sum_chunks(plan, index, acc, rng)
                wanted += chunks(plan, index, fire[0], v[0])
    dut = Update(plan)
    bench = Bench(dut, stalls=stalls, seed=len(sums))
    taken = bench.send("layers", dut.layers, layers, static=[(dut.first_step, first_steps)])
    bench.send("sums", dut.sums, sums)
    output = bench.receive("chunks", dut.chunks, len(wanted))
    bench.run(8 * len(sums) + 100 * len(layers))
    output.must_be(wanted)
    # A layer is taken when its last chunk has been sent, and not before.
    last = -1
    for number, cycle in enumerate(taken.cycles):
        last += plan.descriptors[number % len(tables.layers)].updates
        assert cycle >= output.cycles[last], f"layer {number} was taken too early"
    return {name: np.array(spikes) for name, spikes in fired.items()}


def draw_sums(tables: Tables, layer: Layer, rng: np.random.Generator) -> Any:
    """Draw sums of a layer within their bounds, which some of them reach: (*neuron shape)."""
    low, high = tables.accumulator_bounds(layer.name)
    shape = tables.neuron_shapes[layer.name]
    axes = (-1,) + (1,) * (len(shape) - 1)
    low, high = low.reshape(axes), high.reshape(axes)
    drawn = [
        np.broadcast_to(low, shape),
        np.broadcast_to(high, shape),
        rng.integers(low, high + 1, shape),
        rng.integers(low // 9, high // 9 + 1, shape),
    ]
    return np.choose(rng.choice(4, shape, p=[0.05, 0.05, 0.4, 0.5]), drawn)


def sum_chunks(plan: Plan, layer: int, acc: Any, rng: np.random.Generator) -> list[list[int]]:
    """Return what the array sends: every chunk of a lane group, noise where it holds no channel."""
    kept = np.flatnonzero(plan.tables.layers[layer].kept)
    half = 1 << (plan.accumulator_bits - 1)
    sent = []
    for visit in visits(plan, layer):
        used = [
            [0 if c < 0 else int(at(acc, kept[c], visit)) for c in lanes]
            for lanes in chunk_lanes(plan, layer, visit.group)
        ]
        spare = plan.lanes // plan.update_lanes - len(used)
        sent += used + rng.integers(-half, half, (spare, plan.update_lanes)).tolist()
    return sent


def chunks(plan: Plan, layer: int, fire: Any, v: Any) -> list[dict[str, Any]]:
    """Return the payloads of a layer's chunks in one time step."""
    kept = np.flatnonzero(plan.tables.layers[layer].kept)
    sent: list[dict[str, Any]] = []
    for visit in visits(plan, layer):
        used = chunk_lanes(plan, layer, visit.group)
        for number, lanes in enumerate(used):
            tail = visit.group == visit.groups - 1 and number == len(used) - 1
            there = [c >= 0 for c in lanes]
            sent.append(
                {
                    "spikes": sum(
                        int(at(fire, kept[c], visit)) << lane
                        for lane, c in enumerate(lanes)
                        if there[lane]
                    ),
                    # An unused lane stays at 0.
                    "potentials": [int(at(v, kept[c], visit)) if c >= 0 else 0 for c in lanes],
                    "chunk": number,
                    "first": int(visit.first),
                    "final": int(visit.final),
                    "tail": int(tail),
                    "row_end": int(tail and visit.final and visit.row_end),
                    "index": len(sent),
                }
            )
    return sent


def at(values: Any, channel: int, visit: Any) -> Any:
    """Return a neuron's value, of a map or of a dense layer."""
    return values[channel, visit.row, visit.column] if values.ndim == 3 else values[channel]


CHANNELS = 5
RESETS = ("zero", "subtract", "none")
LEAKS = {
    "never": Leak(),
    "never, written as 8 / 8": Leak(multiplier=8, shift=3),
    "load by a layer": Leak(multiplier=7, shift=3),
    "load by a channel": Leak(multiplier=[0, 3, 8, 7, 1], shift=3),
    "load by a channel, 15 bits": Leak(multiplier=[32768, 1, 30000, 0, 16384], shift=15),
    "load to nothing": Leak(multiplier=0, shift=2),
    "load to half": Leak(multiplier=4, shift=3),
    "store by a layer": Leak(multiplier=15, shift=4, at="store"),
    "store by a channel": Leak(multiplier=[16, 0, 13, 1, 9], shift=4, at="store"),
    "store to nothing": Leak(multiplier=0, shift=0, at="store"),
}
STORES = {
    "narrowest": Shift(bits=2, shift=0),
    "narrowest, shifted": Shift(bits=2, shift=9),
    "saturating": Shift(bits=3, shift=4),
    "typical": Shift(bits=4, shift=8),
    "exact": Shift(bits=16, shift=0),
    "widest": Shift(bits=16, shift=1),
    "all bits dropped": Shift(bits=3, shift=15),
}


def a_cell(reset: str, leak: Leak, store: Shift, **changes: Any) -> Neuron:
    """Return a neuron whose threshold, bias and amount lie where the sums lie."""
    rng = np.random.default_rng([RESETS.index(reset), store.bits, store.shift])
    given: dict[str, Any] = {
        "bias": rng.integers(-200, 200, CHANNELS),
        "threshold": rng.integers(-100, 600, CHANNELS),
        "amount": rng.integers(-300, 900, CHANNELS) if reset == "subtract" else None,
    }
    return neuron(CHANNELS, reset=reset, leak=leak, store=store, **given | changes)


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("reset", RESETS)
def test_every_reset_leak_and_store_is_goldens(reset: str, leak: str, store: str) -> None:
    layer = a_layer("a", a_cell(reset, LEAKS[leak], STORES[store]))
    plan = a_plan([layer])
    assert len(plan.modes) == 1
    fired = update(plan, "random")["a"]
    assert fired.any() and not fired.all()


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize(
    ("lanes", "update_lanes"), [(1, 1), (2, 2), (3, 1), (4, 1), (4, 4), (8, 2), (8, 8), (16, 4)]
)
def test_groups_tails_pools_and_masks_keep_every_neuron_at_its_place(
    lanes: int, update_lanes: int, stalls: str
) -> None:
    cell = a_cell("subtract", LEAKS["load by a channel"], STORES["typical"])
    mask = np.array([True, False, True, True, False])
    layers = [
        a_layer("plain", cell),
        a_layer("pooled", cell, seed=1, pool=Pool(size=(2, 1))),
        a_layer("masked", cell, seed=2, pool=Pool(size=(1, 3)), channel_mask=mask),
    ]
    update(a_plan(layers, lanes, update_lanes, rows=4), stalls)


@pytest.mark.parametrize("stalls", STALLS)
def test_one_update_serves_layers_of_several_modes(stalls: str) -> None:
    cells = [
        a_cell("zero", LEAKS["never"], STORES["typical"]),
        a_cell("subtract", LEAKS["store by a channel"], STORES["saturating"]),
        a_cell("none", LEAKS["load by a layer"], STORES["exact"]),
        a_cell("zero", LEAKS["load by a channel, 15 bits"], STORES["typical"]),
        a_cell("subtract", LEAKS["load to nothing"], STORES["narrowest"]),
        a_cell("none", LEAKS["store by a layer"], STORES["narrowest, shifted"]),
        a_cell("subtract", LEAKS["never"], STORES["all bits dropped"]),
        a_cell("zero", LEAKS["never"], STORES["typical"]),
    ]
    layers = [a_layer(f"layer{n}", cell, seed=n) for n, cell in enumerate(cells)]
    plan = a_plan(layers)
    assert len(plan.modes) == 7
    fired = update(plan, stalls)
    assert all(spikes.any() and not spikes.all() for spikes in fired.values())


EXTREMES = [-WORD_LIMIT, WORD_LIMIT - 1]


@pytest.mark.parametrize("reset", RESETS)
def test_a_threshold_that_is_always_or_never_reached(reset: str) -> None:
    amount = {"amount": [*EXTREMES, 5, -5, 0]} if reset == "subtract" else {}
    cell = a_cell(reset, LEAKS["load by a layer"], STORES["typical"])
    low, high = a_plan([a_layer("a", cell)]).tables.update_bounds("a")
    thresholds = [low[0], high[1] + 1, *EXTREMES, low[4] - 1]
    cell = a_cell(
        reset, LEAKS["load by a layer"], STORES["typical"], threshold=thresholds, **amount
    )
    fired = update(a_plan([a_layer("a", cell)]), "random")["a"]
    assert fired[:, [0, 2, 4]].all()
    assert not fired[:, [1, 3]].any()


def test_a_threshold_at_the_very_bounds_of_u_decides_exactly() -> None:
    """The only mode in which sums reach the bounds of u is one whose state is full."""
    cell = a_cell("none", LEAKS["never"], STORES["narrowest"], bias=[0] * CHANNELS)
    low, high = a_plan([a_layer("a", cell)]).tables.update_bounds("a")
    thresholds = [low[0] + 1, low[1] + 2, high[2], high[3] - 1, high[4] + 1]
    cell = a_cell(
        "none", LEAKS["never"], STORES["narrowest"], bias=[0] * CHANNELS, threshold=thresholds
    )
    fired = update(a_plan([a_layer("a", cell)]), "random", inferences=20)["a"]
    for channel in range(4):
        assert fired[:, channel].any() and not fired[:, channel].all()
    assert not fired[:, 4].any()


@pytest.mark.parametrize("value", EXTREMES)
def test_biases_and_amounts_may_be_any_word(value: int) -> None:
    """As far as sums then fit in 41 bits."""
    cell = a_cell(
        "subtract", LEAKS["store by a channel"], STORES["exact"],
        bias=[value, 0, value, 0, -1], amount=[value, value, 0, -1, 1],
    )  # fmt: skip
    update(a_plan([a_layer("a", cell)]), "random")


def test_a_layer_that_never_fires_only_integrates() -> None:
    cell = a_cell("none", LEAKS["load by a layer"], STORES["widest"], threshold=None)
    fired = update(a_plan([a_layer("a", cell)]), "random")["a"]
    assert not fired.any()


def test_the_first_step_finds_every_potential_at_zero() -> None:
    """One step an inference: whatever the memory holds, no potential is ever seen."""
    cell = a_cell("none", LEAKS["never"], STORES["exact"])
    plan = a_plan([a_layer("a", cell)])
    alone = Plan(tables=replace(plan.tables, steps=1), lanes=4, update_lanes=2)
    update(alone, "random", inferences=4)


def test_the_latency_is_as_stated_and_one_chunk_comes_a_cycle() -> None:
    cell = a_cell("zero", LEAKS["never"], STORES["typical"], threshold=[WORD_LIMIT - 1] * 5)
    plan = a_plan([a_layer("a", cell)], lanes=8)
    dut = Update(plan)
    bench = Bench(dut, stalls="none")
    bench.send("layers", dut.layers, [UpdateLayout.values(plan, 0)])
    sums = bench.send("sums", dut.sums, [[0, 0]] * 4 * 8)
    output = bench.receive("chunks", dut.chunks, 3 * 8)
    bench.run(200)
    # Three of the four chunks of a lane group hold channels.
    used = [cycle for number, cycle in enumerate(sums.cycles) if number % 4 < 3]
    assert output.cycles == [cycle + Update.latency for cycle in used]
    assert sums.cycles == list(range(sums.cycles[0], sums.cycles[0] + 32))
