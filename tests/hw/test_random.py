"""Random networks of the whole contract, on random plans, equal golden spike by spike.

`SOMAGATE_EXAMPLES` is how many, 48 where it is not set; `SOMAGATE_SEED` draws others. Both are
fixed otherwise, so every run has the same networks. They come in parts, which pytest-xdist can
share out.
"""

import os
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
from accelerate import most_cycles, must_equal_golden, must_stream
from amaranth.hdl import Module, Signal
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st
from networks import FEATURES, inputs, networks
from smaller import shorter, with_fewer_classes, without_pruned
from somagate.export.neuron import Ternary
from somagate.export.synapse import weight_range
from somagate.export.tables import Layer, Tables
from somagate.hw.plan.loading import LoadError, words
from somagate.hw.plan.plan import Plan, StageShape
from somagate.hw.plan.support import unstreamable
from somagate.hw.rtl.accelerator import Accelerator
from somagate.hw.rtl.memory import RegisteredMemory
from stream_bench import STALLS

EXAMPLES = int(os.environ.get("SOMAGATE_EXAMPLES", "48"))
SEED = int(os.environ.get("SOMAGATE_SEED", "0"))
PARTS = 8
LOADED_PARTS = 4
STREAM_PARTS = 4
MOST_CYCLES = 3000
"""About what the samples of a network take, so that a small plan does not take minutes."""


@pytest.fixture(autouse=True)
def reads_that_meet_a_write_give_garbage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make each memory as bad as a block RAM may be; what is read is the opposite of the last."""
    plain = RegisteredMemory.elaborate

    def elaborate(memory: RegisteredMemory, platform: object) -> Module:
        m = plain(memory, platform)
        read, write, met = memory.read, memory.write, Signal()
        with m.If(read.en):
            m.d.sync += met.eq(write.en & (write.addr == read.addr))
            with m.If(met):
                m.d.sync += read.data.eq(~read.data)
        return m

    monkeypatch.setattr(RegisteredMemory, "elaborate", elaborate)


@st.composite
def plans(draw: st.DrawFn, *, loadable: bool = False) -> tuple[Plan, Any]:
    """Draw a network, a plan of it and samples."""
    tables = draw(networks(FEATURES))
    replicas = draw(st.sampled_from([1, 1, 2, 3]), label="replicas")
    x = draw(inputs(tables, batch=2 if replicas == 1 else replicas + 1))
    # The readout keeps all its classes.
    last = replace(tables.layers[-1], channel_mask=None)
    tables = replace(tables, layers=(*tables.layers[:-1], last))
    word_bits = draw(st.sampled_from([16, 8, 32, 64]), label="word bits")
    shapes: list[StageShape] = []
    left = len(tables.layers)
    while left:
        layers = draw(st.integers(1, left), label="layers")
        most = most_tiles(tables, len(tables.layers) - left) if layers == 1 else 1
        update_lanes = draw(st.sampled_from([2, 1, 4, 8]), label="update lanes")
        shapes.append(
            StageShape(
                layers=layers,
                lanes=update_lanes * draw(st.integers(1, 8 // update_lanes + 1), label="chunks"),
                update_lanes=update_lanes,
                banks=draw(st.sampled_from([1, 1, 2, 4, 8]), label="banks"),
                holds=draw(st.booleans(), label="holds") and not loadable,
                weight_memory=draw(st.sampled_from(["block", "block", "spram"]), label="memory"),
                ahead=draw(st.sampled_from([2, 2, 3, 4]), label="ahead"),
                flags=draw(st.sampled_from([0, 0, 1, 2, 3, 8]), label="flags"),
                tiles=draw(st.integers(1, most), label="tiles"),
            )
        )
        left -= layers
    plan = Plan(
        tables=tables,
        word_bits=word_bits,
        shapes=tuple(shapes),
        loadable=loadable,
        replicas=replicas,
        orders=orders(tables, draw(st.randoms(use_true_random=False), label="orders")),
    )
    cycles = sum(map(max, most_cycles(plan, density=0.3)))
    assume(cycles * tables.steps * x.shape[1] < MOST_CYCLES)
    return plan, x


def most_tiles(tables: Tables, number: int) -> int:
    """Return how many tiles a layer can have, or 4."""
    layer = tables.layers[number]
    shape = tables.map_shapes[layer.name]
    if layer is tables.layers[-1] or any(g.source == layer.name for g in layer.synapses):
        return 1
    return min(4, shape[1]) if len(shape) == 3 else 1


def orders(tables: Tables, random: Random) -> dict[str, tuple[int, ...]]:
    """Return the channels of some maps in any order."""
    names = ["input", *(layer.name for layer in tables.layers[:-1])]
    chosen = [name for name in names if random.random() < 0.3]
    kept = {name: np.flatnonzero(tables.mask(name)).tolist() for name in chosen}
    return {name: tuple(random.sample(kept[name], len(kept[name]))) for name in chosen}


def examples(count: int) -> settings:
    """Return settings of a part; its first network is always the simplest one, so not counted."""
    return settings(
        max_examples=count + 1,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )


@pytest.mark.parametrize("part", range(PARTS))
def test_random_networks_equal_golden(part: int) -> None:
    @seed(SEED * PARTS + part)
    @examples(-(-EXAMPLES // PARTS))
    @given(case=plans(), stalls=st.sampled_from(STALLS), noise=st.integers(0, 2**16))
    def check(case: tuple[Plan, Any], stalls: str, noise: int) -> None:
        plan, x = case
        own = plan.tables if plan.must_load else None
        must_equal_golden(Accelerator(plan), plan, x, stalls=stalls, seed=noise, tables=own)

    check()


# Loaded at run time.


def renewed(layer: Layer, base: Layer, rng: np.random.Generator) -> Layer:
    """Return a layer with other numbers of the same widths, and some more channels pruned."""
    groups = []
    for group in layer.synapses:
        low, high = weight_range(group.bits)
        drawn = rng.integers(low, high + 1, group.weights.shape)
        drawn = np.where(drawn < 0, -1, 1) if group.bits == 1 else drawn
        groups.append(replace(group, weights=drawn))
    cell = layer.neuron
    changes: dict[str, Any] = {"bias": rng.permutation(cell.bias)}
    if cell.threshold is not None:
        changes["threshold"] = rng.permutation(cell.threshold)
    if cell.amount is not None:
        changes["amount"] = rng.permutation(cell.amount)
        if cell.spike_bits > 1:
            changes["amount"] = changes["threshold"]
    if cell.lower_bound is not None:
        changes["lower_bound"] = rng.permutation(cell.lower_bound)
    if isinstance(cell.store, Ternary):
        changes["store"] = Ternary(
            level=rng.permutation(cell.store.level), boundary=rng.permutation(cell.store.boundary)
        )
    if cell.leak.multiplier.ndim:
        multiplier = rng.permutation(cell.leak.multiplier)
        changes["leak"] = replace(cell.leak, multiplier=multiplier)
    mask = base.kept & (rng.random(len(base.kept)) < 0.6)
    mask[rng.choice(np.flatnonzero(base.kept))] = True
    return replace(
        layer, synapses=tuple(groups), neuron=replace(cell, **changes), channel_mask=mask
    )


def other_tables(tables: Tables, rng: np.random.Generator) -> Tables:
    """Return tables of the same shape; the readout keeps all its classes."""
    layers = [renewed(layer, layer, rng) for layer in tables.layers]
    layers[-1] = replace(layers[-1], channel_mask=None)
    return replace(tables, layers=tuple(layers))


@pytest.mark.parametrize("part", range(STREAM_PARTS))
def test_random_networks_stream_as_golden_does(part: int) -> None:
    @seed(SEED * STREAM_PARTS + part)
    @examples(-(-EXAMPLES // 8 // STREAM_PARTS))
    @given(
        case=plans(),
        longer=st.integers(0, 2**32 - 1),
        stalls=st.sampled_from(STALLS),
        noise=st.integers(0, 2**16),
    )
    def check(case: tuple[Plan, Any], longer: int, stalls: str, noise: int) -> None:
        plan, x = replace(case[0], replicas=1), case[1]
        assume(not unstreamable(plan.tables))
        steps = np.concatenate(list(x.swapaxes(0, 1)))  # of all samples, one behind the other
        rng = np.random.default_rng(longer)
        must_stream(plan, rng.permuted(steps, axis=0), stalls=stalls, seed=noise)

    check()


@pytest.mark.parametrize("part", range(LOADED_PARTS))
def test_random_tables_in_an_accelerator_already_built_equal_golden(part: int) -> None:
    @seed(SEED * LOADED_PARTS + part)
    @examples(-(-EXAMPLES // 10 // LOADED_PARTS))
    @given(
        case=plans(loadable=True),
        numbers=st.integers(0, 2**32 - 1),
        stalls=st.sampled_from(STALLS),
        noise=st.integers(0, 2**16),
    )
    def check(case: tuple[Plan, Any], numbers: int, stalls: str, noise: int) -> None:
        plan, x = case
        rng = np.random.default_rng(numbers)
        tables = other_tables(plan.tables, rng)
        if numbers % 2:
            tables = with_fewer_classes(shorter(without_pruned(tables), rng), rng)
        try:
            words(plan, tables)
        except LoadError:
            # Sums of other weights may need more bits, which is refused by name.
            assume(False)
        x = x[: tables.steps]
        must_equal_golden(Accelerator(plan), plan, x, stalls=stalls, seed=noise, tables=tables)

    check()
