from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from networks import cases
from plans import everything
from receptive import seen, weights_of
from refusal import refused
from small_network import small_network
from somagate.sim.golden import golden, pools
from somagate.sim.golden.operations import operations


def counted(tables, trace, x):
    """Count by visiting each connection of each neuron, one by one."""
    found = {}
    for layer in tables.layers:
        counts = {"acs": [0] * x.shape[1], "macs": [0] * x.shape[1], "dense": 0}
        for group in layer.synapses:
            shape, activation = tables.map_shapes[group.source], tables.activation(group.source)
            kind = "acs" if {activation.low, activation.high} <= {-1, 0, 1} else "macs"
            if group.source == "input":
                source = x
            else:
                pool = tables.layer(group.source).spike_pool
                source = pools.pooled(pool, trace.spikes[group.source])
            for place in np.ndindex(tables.gathered_shapes[layer.name]):
                elements = seen(group, place, shape, len(layer.kept))
                weights = weights_of(group, place, shape, len(layer.kept))
                counts["dense"] += tables.steps * len(elements)
                if not layer.kept[place[0]]:
                    continue
                lag = group.delay + (group.source == layer.name)
                for step in range(lag, tables.steps):
                    for sample in range(x.shape[1]):
                        values = [source[step - lag, sample][element] for element in elements]
                        both = np.count_nonzero(weights * np.array(values, int))
                        counts[kind][sample] += both
        found[layer.name] = counts
    return found


@settings(deadline=None, max_examples=25)
@given(cases())
def test_operations_are_those_of_weights_and_activations_that_are_not_0(case):
    tables, x = case
    trace = golden.run(tables, x)
    found = operations(tables, trace, x)
    assert {
        name: {"acs": each.acs.tolist(), "macs": each.macs.tolist(), "dense": each.dense}
        for name, each in found.items()
    } == counted(tables, trace, x)
    for layer in tables.layers:
        spikes, mine = trace.spikes[layer.name], found[layer.name]
        kept = spikes[:, :, layer.kept]
        fires = layer.neuron.threshold is not None
        assert mine.activations == fires * kept[:, 0].size
        assert mine.spikes.tolist() == [
            np.count_nonzero(kept[:, sample]) for sample in range(x.shape[1])
        ]


def test_counts_and_values_are_multiplied_and_signs_are_not():
    tables = everything()
    x = np.random.default_rng(0).integers(-4, 4, (3, 2, 4, 6, 5))
    found = operations(tables, golden.run(tables, x), x)
    assert not found["grouped"].acs.any() and found["grouped"].macs.all()
    assert found["joined"].acs.all() and found["joined"].macs.all()
    assert not found["ring"].macs.any()


def test_weights_of_pruned_channels_are_zeros():
    whole = small_network()
    hidden = replace(whole.layers[0], channel_mask=np.arange(4) < 3)
    pruned = replace(whole, layers=(hidden, whole.layers[1]))
    x = np.zeros((3, 1, 2, 6, 6), np.uint8)
    before, after = (operations(t, golden.run(t, x), x) for t in (whole, pruned))
    first, second = (layer.synapses[0].weights for layer in whole.layers)
    assert before["hidden"].zero_weights == np.count_nonzero(first == 0)
    assert after["hidden"].zero_weights == np.count_nonzero(first[:3] == 0) + first[3].size
    # The readout has a quarter of its inputs from the pruned channel.
    assert after["output"].zero_weights == np.count_nonzero(second[:, :27] == 0) + 5 * 9
    assert {name: one.dense for name, one in before.items()} == {
        name: one.dense for name, one in after.items()
    }
    assert after["hidden"].activations == 3 * 3 * 36


def test_a_trace_of_other_tables_is_refused():
    tables = small_network()
    x = np.zeros((3, 1, 2, 6, 6), np.uint8)
    other = replace(tables, name="other")
    with refused(ValueError, f"trace must be of the tables {other.sha256}, not of {tables.sha256}"):
        operations(other, golden.run(tables, x), x)
