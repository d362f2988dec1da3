from typing import Any

import numpy as np
from hypothesis import given, settings
from networks import cases
from somagate.export.tables import Tables
from somagate.sim.causes.breaks import breaks
from somagate.sim.causes.field import fields, sample_maps
from somagate.sim.causes.life import life, window_sums
from somagate.sim.golden.golden import run


@settings(max_examples=40, deadline=None)
@given(cases())
def test_every_moment_of_every_neuron_is_golden(case: tuple[Tables, Any]) -> None:
    tables, x = case
    trace = run(tables, x, potentials=True)
    maps = sample_maps(tables, trace, x, 0)
    for layer in tables.layers:
        shape = tables.neuron_shapes[layer.name]
        places = list(np.ndindex(shape))[:: max(1, int(np.prod(shape)) // 12)]
        for place in places:
            at = (slice(None), 0, *place)
            moments = life(tables, maps, trace, layer, 0, place)
            assert [m.fire for m in moments] == trace.spikes[layer.name][at].tolist()
            assert [m.kept for m in moments] == trace.potentials[layer.name][at].tolist()
            assert [list(m.sums) for m in moments] == window_sums(
                fields(tables, layer, place), maps
            ).tolist()


@settings(max_examples=30, deadline=None)
@given(cases())
def test_golden_breaks_the_rule_nowhere(case: tuple[Tables, Any]) -> None:
    tables, x = case
    trace = run(tables, x, potentials=True)
    found = breaks(tables, trace, x)
    assert {name: each.count for name, each in found.items()} == dict.fromkeys(trace.spikes, 0)
    assert all(each.first is None and each.channels == {} for each in found.values())
