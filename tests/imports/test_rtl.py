"""Networks from elsewhere reach the hardware: source, golden and RTL fire alike."""

import numpy as np
import pytest
import source_networks
from accelerate import must_be_verified
from somagate.hw.plan.plan import Plan, StageShape
from somagate.imports.bits import Bits
from somagate.imports.lower import lower
from somagate.imports.reference import run

CHAIN = (
    StageShape(layers=1, lanes=4, update_lanes=2),
    StageShape(layers=2, lanes=2, update_lanes=1),
)
PLANS = {
    "one stage": (StageShape(layers=3, lanes=4, update_lanes=2),),
    "banks": (StageShape(layers=3, lanes=4, update_lanes=4, banks=2),),
    "a chain": CHAIN,
}


@pytest.mark.parametrize(
    ("kind", "seed", "shapes"),
    [("dense", 1, "one stage"), ("recurrent", 2, "a chain"), ("recurrent", 6, "banks"),
     ("maps", 3, "one stage"), ("maps", 4, "banks"), ("maps", 8, "a chain")],
)  # fmt: skip
def test_the_rtl_of_an_exact_import_fires_as_its_source(kind: str, seed: int, shapes: str) -> None:
    rng = np.random.default_rng(seed)
    if kind == "maps":
        network = source_networks.maps(rng)
    else:
        network = source_networks.dense(rng, recurrent=kind == "recurrent")
    x = source_networks.frames(rng, network)
    lowered = lower(network, samples=x, bits=Bits(exact=True))
    plan = Plan(tables=lowered.tables, shapes=PLANS[shapes], word_bits=16)
    trace = must_be_verified(plan, lowered.input.integers(x), stalls=0.3 * (seed % 2))
    source = run(network, x).spikes
    for theirs, ours in lowered.names.items():
        spikes = trace.spikes[ours]
        covered = source[theirs][tuple(slice(size) for size in spikes.shape)]
        assert np.array_equal(covered, spikes), theirs
    assert any(spikes.any() for spikes in trace.spikes.values())


@pytest.mark.parametrize(("seed", "shapes"), [(0, "one stage"), (3, "a chain"), (5, "banks")])
def test_the_rtl_of_synaptic_currents_fires_as_its_source(seed: int, shapes: str) -> None:
    rng = np.random.default_rng(seed)
    network = source_networks.dense(rng, recurrent=seed % 2 == 1, late=seed == 3)
    x = source_networks.frames(rng, network, steps=7)
    lowered = lower(network, samples=x)
    plan = Plan(tables=lowered.tables, shapes=PLANS[shapes], word_bits=16)
    trace = must_be_verified(plan, lowered.input.integers(x), stalls=0.3 * (seed % 2))
    source = run(network, x).spikes
    for theirs, ours in lowered.names.items():
        assert np.array_equal(source[theirs], trace.spikes[ours]), theirs
    assert any(spikes.any() for spikes in trace.spikes.values())
