"""Benches of the update: layers whose sums are drawn, and golden beside them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from places import chunk_lanes, visits
from plans import a_stage, neuron, weights
from somagate.export.neuron import Leak, Neuron, Shift, Store, Ternary
from somagate.export.synapse import Convolution, Dense
from somagate.export.tables import Input, Layer, Readout, Tables
from somagate.hw.plan.stage_plan import StagePlan
from somagate.hw.plan.weight_rows import pack
from somagate.hw.rtl.update.update import Update
from somagate.hw.rtl.update.update_layout import UpdateLayout, spike_bits
from somagate.sim.golden import golden
from stream_bench import Bench, Transfers

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
        leak = replace(leak, multiplier=leak.multiplier[:2])
    amount = None if like.amount is None else like.amount[:2]
    current, store = like.current, like.store
    if current and current.leak.multiplier.ndim:
        parts = replace(current.leak, multiplier=current.leak.multiplier[:2])
        current = replace(current, leak=parts)
    if isinstance(store, Ternary):
        store = Ternary(level=store.level[:2], boundary=store.boundary[:2])
    cell = neuron(
        2, store=store, reset=like.reset, leak=leak, amount=amount,
        mask_negative=like.mask_negative, gain=like.gain,
        lower_bound=None if like.lower_bound is None else like.lower_bound[:2],
        spike_bits=like.spike_bits, current=current,
        threshold=np.ones(2, int) if like.spike_bits == 1 else like.threshold[:2],
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
                last = None if step == 0 else state[f"{layer.name} fired"]
                enters = acc[None]
                if rule.current:
                    i = state.get(f"{layer.name} current", np.zeros_like(enters))
                    found = golden.enter(rule.current, i, enters)
                    enters, state[f"{layer.name} current"] = found
                free, _ = golden.update(replace(rule, mask_negative=False), v, enters, last)
                fire, v = golden.update(rule, v, enters, last)
                unmasked -= {layer.name} if (free != fire).any() else set()
                mask = masks.get(layer.name, layer.kept).reshape(-1, *(1,) * (acc.ndim - 1))
                fire, v = fire * mask, v * mask
                state[layer.name], state[f"{layer.name} fired"] = v, fire
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
            spikes = [int(at(fire, kept[c], visit)) if c >= 0 else 0 for c in lanes]
            sent.append(
                {
                    "spikes": spikes if spike_bits(plan) > 1 else pack(spikes, 1),
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
LATER_RESETS = ("blank", "undelayed")
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
    "load, rounded up": Leak(multiplier=7, shift=3, rounding="up"),
    "store by a channel, rounded up": Leak(
        multiplier=[16, 0, 13, 1, 9], shift=4, at="store", rounding="up"
    ),
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
    number = (*RESETS, *LATER_RESETS).index(reset)
    rng = np.random.default_rng([number, store.bits, shift])
    given: dict[str, Any] = {
        "bias": rng.integers(-200, 200, CHANNELS),
        "threshold": rng.integers(-100, 600, CHANNELS),
        "amount": rng.integers(-300, 900, CHANNELS) if reset in ("subtract", "undelayed") else None,
    }
    return neuron(CHANNELS, reset=reset, leak=leak, store=store, **given | changes)


TERNARY = {
    "typical": Ternary(level=[300, 200, 500, 0, 900], boundary=[100, 200, 300, 50, 1]),
    "widest": Ternary(level=[WORD_LIMIT - 1] * 5, boundary=[1, WORD_LIMIT - 1, 2, 3, 400]),
    "never left": Ternary(level=[5] * 5, boundary=[WORD_LIMIT - 1] * 5),
    "no level": Ternary(level=[0] * 5, boundary=[1] * 5),
}
