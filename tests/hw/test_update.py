"""The update does to every neuron what the golden simulator's `update` does, and nothing else."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Module, Signal, signed
from amaranth.sim import Simulator
from plans import a_stage, chunk_lanes, neuron, visits, weights
from somagate.export.neuron import Leak, Neuron, Shift, Store, Ternary
from somagate.export.synapse import Convolution, Dense
from somagate.export.tables import Input, Layer, Pool, Readout, Tables
from somagate.hw.stage_plan import StagePlan
from somagate.hw.update import Update, UpdateLayout, _times
from somagate.sim import golden
from stream_bench import STALLS, Bench, Transfers

WORD_LIMIT = 2**31
STEPS = 4


def a_layer(name: str, cell: Neuron, *, seed: int = 0, **changes: Any) -> Layer:
    """Return a layer whose sums have 12 bits and more, of 4 columns."""
    rng = np.random.default_rng(seed)
    group = Convolution(
        source="input", weights=weights(rng, 8, cell.channels, 2, 3, 3), bits=8, padding=(1, 1)
    )
    return Layer(name=name, synapses=(group,), neuron=cell, **changes)


def a_plan(
    layers: Sequence[Layer], lanes: int = 4, update_lanes: int = 2, rows: int = 2, **numbers: Any
) -> StagePlan:
    """Return a plan of some rows of 4 columns, with a readout behind the layers."""
    tables = Tables(
        name="cells",
        steps=STEPS,
        input=Input(shape=(2, rows, 4)),
        layers=(*layers, readout("input", 8 * rows, layers[0].neuron)),
        readout=Readout(layer="out"),
    )
    return a_stage(tables, lanes=lanes, update_lanes=update_lanes, word_bits=32, **numbers)


def readout(source: str, elements: int, like: Neuron) -> Layer:
    """Return a readout of two classes in the mode of another layer, so that it adds none."""
    group = Dense(source=source, weights=np.ones((2, elements), int), bits=1)
    leak = like.leak
    if leak.multiplier.ndim:
        leak = Leak(multiplier=leak.multiplier[:2], shift=leak.shift, at=leak.at)
    amount = None if like.amount is None else like.amount[:2]
    store = like.store
    if isinstance(store, Ternary):
        store = Ternary(level=store.level[:2], boundary=store.boundary[:2])
    cell = neuron(
        2, store=store, reset=like.reset, leak=leak, amount=amount,
        mask_negative=like.mask_negative,
    )  # fmt: skip
    return Layer(name="out", synapses=(group,), neuron=cell)


def update(
    plan: StagePlan,
    stalls: str,
    inferences: int = 2,
    *,
    loaded: StagePlan | None = None,
    masks: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Run all layers in every step of some inferences, with random sums, and compare.

    Parameters
    ----------
    plan
        The hardware's.
    loaded
        The plan whose parameters are loaded before, and whose tables then count.
    masks
        The kept channels of layers that are pruned further at run time; lane groups without any
        are skipped.

    Return the spikes of each layer, bool (inferences · steps, *neuron shape). Where negative
    potentials are masked, in any layer but the readout some keep a neuron from firing.
    """
    tables, masks = (loaded or plan).tables, masks or {}
    rng = np.random.default_rng(len(tables.layers))
    layers, sums, first_steps, skips = [], [], [], []
    unmasked = {layer.name for layer in tables.layers[:-1] if layer.neuron.mask_negative}
    wanted: list[dict[str, Any]] = []
    fired: dict[str, list[Any]] = {layer.name: [] for layer in tables.layers}
    for _ in range(inferences):
        state: dict[str, Any] = {}
        for step in range(tables.steps):
            for index, layer in enumerate(tables.layers):
                rule = golden.rule(tables, layer)
                acc = draw_sums(tables, layer, rng).astype(rule.dtype)
                v = state.get(layer.name, np.zeros_like(acc)[None])
                free, _ = golden.update(replace(rule, mask_negative=False), v, acc[None])
                fire, v = golden.update(rule, v, acc[None])
                unmasked -= {layer.name} if (free & ~fire).any() else set()
                mask = masks.get(layer.name, layer.kept).reshape(-1, *(1,) * (acc.ndim - 1))
                fire, v = fire & mask, v * mask
                state[layer.name] = v
                fired[layer.name].append(fire[0])
                layers.append(UpdateLayout.values(plan, index))
                first_steps.append(step == 0)
                skips.append(skipped_groups(plan, index, mask))
                sums += sum_chunks(plan, index, acc, rng, skips[-1])
                wanted += chunks(plan, index, fire[0], v[0])
    assert not unmasked, f"masks in {unmasked} keep nothing from firing"
    dut = Update(plan)
    bench = Bench(dut, stalls=stalls, seed=len(sums))
    done = Transfers(name="loaded", cycles=[] if loaded else [0])
    if loaded:
        bench.add_process(loading(plan, loaded, masks, dut.load, done.cycles))
    static = [(dut.first_step, first_steps), (dut.skips, skips)]
    taken = bench.send("layers", dut.layers, layers, static=static, after=[(0, done, 1)])
    bench.send("sums", dut.sums, sums)
    output = bench.receive("chunks", dut.chunks, len(wanted))
    bench.run(8 * (len(sums) + len(wanted)) + 100 * len(layers))
    output.must_be(wanted)
    # A layer is taken when its last chunk has been sent, and not before.
    last = -1
    for number, cycle in enumerate(taken.cycles):
        last += plan.descriptors[number % len(tables.layers)].updates
        assert cycle >= output.cycles[last], f"layer {number} was taken too early"
    return {name: np.array(spikes) for name, spikes in fired.items()}


def skipped_groups(plan: StagePlan, index: int, mask: Any) -> int:
    """Return a bit for each lane group whose channels are all pruned."""
    kept = mask.reshape(-1)[plan.tables.layers[plan.layers[index]].kept]
    groups = [kept[first : first + plan.lanes] for first in range(0, len(kept), plan.lanes)]
    return sum(int(not group.any()) << n for n, group in enumerate(groups))


def loading(
    plan: StagePlan, other: StagePlan, masks: dict[str, Any], port: Any, done: list[int]
) -> Any:
    """Return the process that writes the parameters of another plan, less what masks prune."""
    fields = {field.name: field.values for field in other.parameters}
    keep = []
    for d in other.descriptors:
        layer = other.tables.layers[d.number]
        mask = masks.get(layer.name, layer.kept)[layer.kept]
        chosen = d.lane_channels()
        keep.append(np.where((chosen >= 0) & mask[chosen], -1, 0))
    fields["keep"] = np.concatenate(keep)

    async def load(ctx: Any) -> None:
        for row in range(len(fields["keep"])):
            word, offset = 0, 0
            for lane in range(plan.update_lanes):
                for field in plan.parameters:
                    value = int(fields[field.name][row, lane])
                    assert -(1 << (field.bits - 1)) <= value < 1 << (field.bits - 1)
                    word |= (value & ((1 << field.bits) - 1)) << offset
                    offset += field.bits
            ctx.set(port.en, (1 << len(port.en)) - 1)
            ctx.set(port.addr, row)
            ctx.set(port.data, word)
            await ctx.tick()
            ctx.set(port.en, 0)
        await ctx.tick()
        done.append(0)

    return load


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


def sum_chunks(
    plan: StagePlan, layer: int, acc: Any, rng: np.random.Generator, skips: int = 0
) -> list[list[int]]:
    """Return what the array sends: every chunk of a lane group, noise where it holds no channel."""
    kept = np.flatnonzero(plan.tables.layers[layer].kept)
    half = 1 << (plan.accumulator_bits - 1)
    sent = []
    for visit in visits(plan, layer):
        if skips >> visit.group & 1:
            continue
        used = [
            [0 if c < 0 else int(at(acc, kept[c], visit)) for c in lanes]
            for lanes in chunk_lanes(plan, layer, visit.group)
        ]
        spare = plan.lanes // plan.update_lanes - len(used)
        sent += used + rng.integers(-half, half, (spare, plan.update_lanes)).tolist()
    return sent


def chunks(plan: StagePlan, layer: int, fire: Any, v: Any) -> list[dict[str, Any]]:
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


def a_cell(reset: str, leak: Leak, store: Store, **changes: Any) -> Neuron:
    """Return a neuron whose threshold, bias and amount lie where the sums lie."""
    shift = store.shift if isinstance(store, Shift) else 0
    rng = np.random.default_rng([RESETS.index(reset), store.bits, shift])
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


# A stored ±1 stands for a level.

TERNARY = {
    "typical": Ternary(level=[300, 200, 500, 0, 900], boundary=[100, 200, 300, 50, 1]),
    "widest": Ternary(level=[WORD_LIMIT - 1] * 5, boundary=[1, WORD_LIMIT - 1, 2, 3, 400]),
    "never left": Ternary(level=[5] * 5, boundary=[WORD_LIMIT - 1] * 5),
    "no level": Ternary(level=[0] * 5, boundary=[1] * 5),
}


@pytest.mark.parametrize("name", TERNARY)
@pytest.mark.parametrize("reset", RESETS)
def test_a_ternary_store_is_goldens(reset: str, name: str) -> None:
    plan = a_plan([a_layer("a", a_cell(reset, Leak(), TERNARY[name]))])
    assert [mode.shift for mode in plan.modes] == [None]
    fired = update(plan, "random")["a"]
    assert fired.any() and not fired.all()


def test_a_boundary_belongs_to_the_state_above() -> None:
    """r = u, one channel at each side of both boundaries, read back in the next step."""
    store = Ternary(level=[7] * 5, boundary=[4] * 5)
    cell = neuron(5, bias=[-5, -4, 3, 4, 0], threshold=None, reset="none", store=store)
    plan = a_plan([a_layer("a", cell)], lanes=8, update_lanes=1)
    dut = Update(plan)
    bench = Bench(dut, stalls="random")
    layers = [UpdateLayout.values(plan, 0)]
    bench.send("layers", dut.layers, layers, static=[(dut.first_step, [1])])
    bench.send("sums", dut.sums, [[0]] * 8 * 8)
    output = bench.receive("chunks", dut.chunks, 8 * 5)
    bench.run(2000)
    got = [chunk["potentials"][0] for chunk in output.payloads]
    assert got == [-1, 0, 0, 1, 0] * 8


@pytest.mark.parametrize(
    ("store", "leak"),
    [("narrowest", "never"), ("saturating", "load by a channel"), ("typical", "store by a layer"),
     ("exact", "load to half"), ("ternary", "never")],
)  # fmt: skip
@pytest.mark.parametrize("reset", RESETS)
def test_a_negative_potential_keeps_its_neuron_from_firing(
    reset: str, leak: str, store: str
) -> None:
    stores = STORES | {"ternary": TERNARY["typical"]}
    cell = a_cell(reset, LEAKS[leak], stores[store], mask_negative=True)
    assert update(a_plan([a_layer("a", cell)]), "random")["a"].any()


@pytest.mark.parametrize("stalls", STALLS)
def test_layers_with_and_without_masks_share_an_update(stalls: str) -> None:
    """Two of them in the same mode but for the mask, one of another width."""
    cells = [
        a_cell("zero", LEAKS["never"], STORES["typical"], mask_negative=True),
        a_cell("zero", LEAKS["never"], STORES["typical"]),
        a_cell("subtract", LEAKS["load by a layer"], STORES["saturating"], mask_negative=True),
        a_cell("none", Leak(), TERNARY["typical"], mask_negative=True),
        a_cell("none", LEAKS["never"], STORES["exact"], threshold=None),
    ]
    plan = a_plan([a_layer(f"layer{n}", cell, seed=n) for n, cell in enumerate(cells)])
    assert [mode.mask_negative for mode in plan.modes] == [True, False, True, True, False]
    fired = update(plan, stalls)
    assert all(fired[f"layer{n}"].any() for n in range(4))


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
        a_cell("subtract", Leak(), TERNARY["typical"]),
        a_cell("zero", Leak(), TERNARY["typical"]),
    ]
    layers = [a_layer(f"layer{n}", cell, seed=n) for n, cell in enumerate(cells)]
    plan = a_plan(layers)
    assert len(plan.modes) == 9
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
    alone = a_stage(replace(plan.tables, steps=1), lanes=4, update_lanes=2)
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


@pytest.mark.parametrize("at", ["load", "store"])
@pytest.mark.parametrize("reset", RESETS)
def test_what_rounds_is_added_before_a_reset_but_behind_a_leak(reset: str, at: str) -> None:
    """Half a stored LSB lies in the bias and the threshold, unless a leak comes in between."""
    leak = Leak(multiplier=15, shift=4, at=at)
    cell = a_cell(reset, leak, STORES["typical"])
    plan = a_plan([a_layer("a", cell)])
    (mode,) = plan.modes
    assert (mode.half, mode.rounds_early) == (128, at == "load")
    fields = {field.name: field for field in plan.parameters}
    early = 128 if at == "load" else 0
    for name, values in (("bias", cell.bias), ("threshold", cell.threshold)):
        assert fields[name].values[:3].reshape(-1)[:5].tolist() == (values + early).tolist()
    update(plan, "random")


# Loaded at run time.

LOADED = [
    a_cell("subtract", LEAKS["load by a channel"], STORES["typical"]),
    a_cell("zero", LEAKS["store by a channel"], STORES["saturating"], mask_negative=True),
    a_cell("none", Leak(), TERNARY["typical"]),
]
OTHER = [
    a_cell(
        "subtract", Leak(multiplier=[1, 2, 3, 4, 5], shift=3), STORES["typical"],
        bias=[9, -9, 300, 0, 1], threshold=[800, -500, 1, 1500, 99], amount=[-9, 9, 99, 999, 0],
    ),
    a_cell(
        "zero", Leak(multiplier=[1, 9, 3, 16, 5], shift=4, at="store"), STORES["saturating"],
        bias=[700, -700, 1, 0, 1], threshold=[70, 60, 1, 9000, 99], mask_negative=True,
    ),
    a_cell(
        "none", Leak(), Ternary(level=[1, 2, 3, 4, 999], boundary=[1000, 2, 3, 4, 5]),
        bias=[-5, 0, 0, 0, 0], threshold=[1, 1, 2, 3, -4],
    ),
]  # fmt: skip


def loadable(cells: Sequence[Neuron], seed: int, lanes: int, update_lanes: int) -> StagePlan:
    layers = [a_layer(f"layer{n}", cell, seed=seed + n) for n, cell in enumerate(cells)]
    layers[1] = replace(layers[1], pool=Pool(size=(2, 2)))
    mask = np.array([True, False, True, True, True])
    layers[2] = replace(layers[2], channel_mask=mask)
    return a_plan(layers, lanes, update_lanes, loadable=True)


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize(("lanes", "update_lanes"), [(1, 1), (2, 2), (4, 2), (4, 4), (2, 1)])
def test_parameters_can_be_loaded(lanes: int, update_lanes: int, stalls: str) -> None:
    plan = loadable(LOADED, 0, lanes, update_lanes)
    update(plan, stalls, loaded=loadable(OTHER, 5, lanes, update_lanes))


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize(
    ("lanes", "update_lanes"), [(1, 1), (2, 2), (4, 2), (4, 4), (2, 1), (8, 2)]
)
def test_channels_that_are_not_kept_stay_silent_and_empty_lane_groups_are_skipped(
    lanes: int, update_lanes: int, stalls: str
) -> None:
    plan = loadable(LOADED, 0, lanes, update_lanes)
    masks = {
        "layer0": np.array([False, False, True, False, False]),
        "layer1": np.array([True, True, True, False, False]),
        "layer2": np.array([False, False, False, False, False]),
    }
    other = loadable(OTHER, 5, lanes, update_lanes)
    fired = update(plan, stalls, loaded=other, masks=masks)
    assert fired["layer0"][:, 2].any() and not fired["layer2"].any()


def test_a_constant_multiplies_exactly_whatever_it_is_made_of() -> None:
    x = Signal(signed(5))
    products = {factor: Signal(signed(16), name=f"times_{factor}") for factor in range(1, 66)}
    m = Module()
    m.d.comb += [product.eq(_times(x, factor)) for factor, product in products.items()]

    async def testbench(ctx: Any) -> None:
        for value in range(-16, 16):
            ctx.set(x, value)
            for factor, product in products.items():
                assert ctx.get(product) == factor * value

    simulator = Simulator(m)
    simulator.add_testbench(testbench)
    simulator.run()
