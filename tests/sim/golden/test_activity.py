from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from networks import cases
from receptive import seen
from refusal import refused
from somagate.sim.golden import golden, pools
from somagate.sim.golden.activity import additions


def counted(tables, trace, x):
    """Count by visiting each neuron and each element it sees, one by one."""
    found = {}
    for layer in tables.layers:
        totals = np.zeros(x.shape[:2], int)
        for group in layer.synapses:
            shape = tables.map_shapes[group.source]
            bits = tables.activation(group.source).bits
            for step, sample in np.ndindex(totals.shape):
                late = step - group.delay - (group.source == layer.name)
                if late < 0:
                    continue
                if group.source == "input":
                    source = x[late, sample]
                else:
                    pool = tables.layer(group.source).spike_pool
                    source = pools.pooled(pool, trace.spikes[group.source][late, sample])
                for place in np.ndindex(tables.gathered_shapes[layer.name]):
                    if not layer.kept[place[0]]:
                        continue
                    for element in seen(group, place, shape, len(layer.kept)):
                        value = int(source[element]) & ((1 << bits) - 1)
                        totals[step, sample] += value.bit_count()
        found[layer.name] = totals.tolist()
    return found


@settings(deadline=None, max_examples=50)
@given(cases())
def test_additions_are_the_events_that_each_neuron_sees(case):
    tables, x = case
    trace = golden.run(tables, x)
    found = additions(tables, trace, x)
    assert {name: counts.tolist() for name, counts in found.items()} == counted(tables, trace, x)
    assert all(counts.dtype == np.int64 for counts in found.values())


@settings(deadline=None, max_examples=1)
@given(cases())
def test_a_trace_of_other_tables_is_refused(case):
    tables, x = case
    trace = golden.run(tables, x)
    other = replace(tables, name="other")
    with refused(ValueError, f"trace must be of the tables {other.sha256}, not of {tables.sha256}"):
        additions(other, trace, x)
