from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from accelerate import most_cycles
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from networks import cases
from plans import everything, late, with_neurons
from refusal import refused
from small_network import small_network
from somagate.export.neuron import Current, Leak, Shift
from somagate.export.tables import Pool, Tables
from somagate.hw.generate import verilog
from somagate.hw.plan.plan import Plan, StageShape
from somagate.sim.bench.toggles import count_toggles
from somagate.sim.cycles.accesses import Access, accesses
from somagate.sim.golden import golden
from taps import reads

MOST_CYCLES = 1500
"""About what the samples of a random network take at most."""


def pooled_sums() -> Tables:
    """Return the small network with its pool before the neurons."""
    small = small_network()
    hidden = replace(small.layers[0], pool=Pool(kind="sum", size=(2, 2), of="sums"))
    return replace(small, layers=(hidden, small.layers[1]))


def second_state() -> Tables:
    """Return the small network with a synaptic current in its hidden layer."""
    current = Current(leak=Leak(multiplier=3, shift=2), store=Shift(bits=6, shift=0))
    return with_neurons(small_network(), hidden={"current": current})


def one_stage(tables: Tables, **shape: Any) -> Plan:
    """Return a plan of one stage, whose last chunks are not all used."""
    given = {"lanes": 4, "update_lanes": 2} | shape
    return Plan(
        tables=tables, shapes=(StageShape(layers=len(tables.layers), **given),), word_bits=16
    )


def chain() -> Plan:
    """Return the small network on two unlike stages."""
    shapes = (
        StageShape(layers=1, lanes=2, update_lanes=2),
        StageShape(layers=1, lanes=4, update_lanes=1, banks=2),
    )
    return Plan(tables=small_network(), shapes=shapes, word_bits=16)


def tiled() -> Plan:
    """Return the small network's hidden layer on two tiles."""
    first, second = chain().shapes
    return replace(chain(), shapes=(replace(first, tiles=2), second))


PLANS = {
    "four banks": one_stage(everything(), lanes=8, banks=4),
    "held currents": one_stage(everything(constant=True), holds=True),
    "late and held": one_stage(late(constant=True), holds=True),
    "two stages": chain(),
    "flags": one_stage(everything(), lanes=8, banks=2, flags=2),
    "tiles": tiled(),
    "loaded weights": one_stage(small_network(), weight_memory="spram"),
    "a pool of sums": one_stage(pooled_sums()),
    "a second state": one_stage(second_state()),
}


def samples(tables: Tables, batch: int = 2) -> Any:
    """Draw samples with some spikes in them."""
    kind, rng = tables.input.activation, np.random.default_rng(3)
    steps = 1 if tables.input.constant else tables.steps
    shape = (steps, batch, *tables.input.shape)
    x = rng.integers(kind.low, kind.high + 1, shape) * (rng.random(shape) < 0.5)
    return np.broadcast_to(x, (tables.steps, *shape[1:])).copy()


def predicted(plan: Plan, x: Any) -> list[Access]:
    return accesses(plan, golden.run(plan.tables, x), x)


def must_read_as_the_rtl(plan: Plan, x: Any) -> None:
    mine: Counter[tuple[int, str, str]] = Counter()
    for access in predicted(plan, x):
        ahead = access.memory.name.startswith(("maps", "flags", "weights"))
        mine[access.stage, access.memory.name, "" if ahead else access.layer] += int(
            access.reads.sum()
        )
    assert +mine == +reads(plan, x)


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_reads_are_those_of_the_rtl(plan: Plan) -> None:
    must_read_as_the_rtl(plan, samples(plan.tables))


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.filter_too_much])
@given(cases(), st.sampled_from([1, 2, 4]), st.booleans(), st.sampled_from([0, 3]))
def test_reads_of_random_networks_are_those_of_the_rtl(
    case: tuple[Tables, Any], banks: int, holds: bool, flags: int
) -> None:
    tables, x = case
    last = replace(tables.layers[-1], channel_mask=None)  # the readout keeps all its classes
    tables = replace(tables, layers=(*tables.layers[:-1], last))
    plan = one_stage(tables, banks=banks, holds=holds, flags=flags)
    assume(sum(map(max, most_cycles(plan, 0.5))) * tables.steps * x.shape[1] < MOST_CYCLES)
    must_read_as_the_rtl(plan, x)


@pytest.mark.parametrize(
    ("name", "replicas"),
    [
        *((name, 1) for name in ("four banks", "held currents", "two stages", "loaded weights")),
        ("flags", 1),
        ("tiles", 2),
    ],
)
def test_writes_are_those_of_the_rtl(name: str, replicas: int, models: Path) -> None:
    plan = replace(PLANS[name], replicas=replicas)
    x = samples(plan.tables)
    reads: Counter[tuple[int, str]] = Counter()
    writes: Counter[tuple[int, str]] = Counter()
    for access in predicted(plan, x):
        reads[access.stage, access.memory.name] += int(access.reads.sum())
        writes[access.stage, access.memory.name] += int(access.writes.sum())
    found = count_toggles(plan, verilog(plan), x, folder=models)
    assert {(port.stage, port.memory): port.writes for port in found.memories} == writes
    # A port is enabled whenever its pipeline moves.
    for port in found.memories:
        assert reads[port.stage, port.memory] <= port.reads <= replicas * found.cycles


def test_each_sample_has_its_own_counts() -> None:
    plan = PLANS["four banks"]
    x = samples(plan.tables)
    both = predicted(plan, x)
    for number in range(2):
        for one, alone in zip(both, predicted(plan, x[:, number : number + 1]), strict=True):
            assert (one.memory.name, one.layer) == (alone.memory.name, alone.layer)
            assert one.reads[number] == alone.reads[0]
            assert one.writes[number] == alone.writes[0]
    assert len({tuple(access.reads) for access in both}) > 1


def test_a_trace_of_other_tables_is_refused() -> None:
    plan, x = chain(), samples(small_network())
    other = replace(plan.tables, name="other")
    trace = golden.run(other, x)
    message = f"trace must be of the tables {plan.tables.sha256}, not of {other.sha256}"
    with refused(ValueError, message):
        accesses(plan, trace, x)
