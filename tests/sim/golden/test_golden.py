"""The golden simulator equals plain Python integers on every network, and its rule by hand."""

import gc
from dataclasses import replace

import naive
import numpy as np
import pytest
from hypothesis import find, given, settings
from negative import kept_from_firing
from networks import FEATURES, cases
from refusal import refused
from somagate.export.neuron import Activation, Current, Leak, Neuron, Shift, Ternary
from somagate.export.synapse import Convolution, Dense, Identity
from somagate.export.tables import Input, Layer, Pool, Readout, Tables
from somagate.sim.golden import golden, pools
from somagate.sim.golden.neuron_rule import rule
from somagate.sim.golden.past import before


def assert_equal(trace, plain):
    """Demand every spike, potential, output and prediction; names the first that differs."""
    for quantity, maps in (("spikes", trace.spikes), ("potentials", trace.potentials)):
        for layer, values in maps.items():
            assert values.shape[:2] == (len(plain[quantity][layer]), len(plain[quantity][layer][0]))
            for step, sample in np.ndindex(values.shape[:2]):
                expected = plain[quantity][layer][step][sample]
                assert len(expected) == values[step, sample].size
                for place, value in np.ndenumerate(values[step, sample]):
                    assert int(value) == expected[place], (
                        f"{quantity}, layer {layer}, step {step}, sample {sample}, {place}: "
                        f"{int(value)} and {expected[place]}"
                    )
    assert trace.output.tolist() == plain["output"]
    assert trace.prediction.tolist() == plain["prediction"]


@settings(deadline=None, max_examples=150)
@given(cases())
def test_every_spike_and_potential_equals_plain_integers(case):
    tables, x = case
    assert_equal(golden.run(tables, x, potentials=True), naive.run(tables, x))


@settings(deadline=None, max_examples=60)
@given(cases())
def test_small_blocks_change_nothing(case):
    tables, x = case
    whole = golden.run(tables, x, potentials=True)
    blocks = golden.BLOCK_NEURONS, golden.BLOCK_ACTIVATIONS
    try:
        golden.BLOCK_NEURONS, golden.BLOCK_ACTIVATIONS = 20, 200
        assert_same(golden.run(tables, x, potentials=True), whole)
    finally:
        golden.BLOCK_NEURONS, golden.BLOCK_ACTIVATIONS = blocks


def assert_same(first, second):
    for kind in ("spikes", "potentials"):
        ours, theirs = getattr(first, kind), getattr(second, kind)
        assert list(ours) == list(theirs)
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    assert first.output.tolist() == second.output.tolist()
    assert first.prediction.tolist() == second.prediction.tolist()


@settings(deadline=None, max_examples=40)
@given(cases())
def test_samples_do_not_see_each_other(case):
    tables, x = case
    whole = golden.run(tables, x, potentials=True)
    for sample in range(x.shape[1]):
        alone = golden.run(tables, x[:, sample : sample + 1], potentials=True)
        for name, spikes in alone.spikes.items():
            assert np.array_equal(spikes[:, 0], whole.spikes[name][:, sample])
            assert np.array_equal(alone.potentials[name][:, 0], whole.potentials[name][:, sample])
        assert alone.output[0].tolist() == whole.output[sample].tolist()


HAPPENINGS = {
    "a layer both fires and is silent": lambda n, t: any(
        0 < spikes.mean() < 1 for spikes in t.spikes.values()
    ),
    "every layer both fires and is silent": lambda n, t: (
        len(n.layers) == 3 and all(0 < spikes.mean() < 1 for spikes in t.spikes.values())
    ),
    "a potential saturates low": lambda n, t: _saturates(n, t, "low"),
    "a potential saturates high": lambda n, t: _saturates(n, t, "high"),
    "no event at all": lambda n, t: not any(spikes.any() for spikes in t.spikes.values()),
    "a ternary potential": lambda n, t: any(
        isinstance(layer.neuron.store, Ternary) and (t.potentials[layer.name] == -1).any()
        for layer in n.layers
    ),
    "a recurrent spike": lambda n, t: any(
        group.source == layer.name and t.spikes[layer.name][:-1].any()
        for layer in n.layers
        for group in layer.synapses
    ),
    "a spike seen late": lambda n, t: any(
        0 < group.delay < n.steps
        and group.source != "input"
        and t.spikes[group.source][: n.steps - group.delay].any()
        for layer in n.layers
        for group in layer.synapses
    ),
    "a count above one": lambda n, t: any(
        layer.pool
        and layer.pool.kind == "sum"
        and (pools.pooled(layer.spike_pool, t.spikes[layer.name]) > 1).any()
        for layer in n.layers
    ),
    "a cropped layer": lambda n, t: any(
        layer.pool and t.spikes[layer.name].shape[2:] != _uncropped(n, layer) for layer in n.layers
    ),
    "a depthwise convolution with a stride": lambda n, t: any(
        isinstance(group, Convolution) and group.groups > 1 and max(group.stride) > 1
        for layer in n.layers
        for group in layer.synapses
    ),
    "an identity from another layer": lambda n, t: any(
        isinstance(group, Identity) and group.source not in (layer.name, "input")
        for layer in n.layers
        for group in layer.synapses
    ),
    "a tied prediction": lambda n, t: any(
        (values == values.max()).sum() > 1 and values.max() > 0
        for values in t.output.reshape(-1, n.classes)
    ),
    "a potential of every step": lambda n, t: t.output.ndim == 3 and np.ptp(t.output, 1).any(),
    "a largest potential before the last step": lambda n, t: (
        n.readout.over == "largest"
        and n.readout.voters == 1
        and (t.output != t.potentials[n.readout.layer][-1].reshape(t.output.shape)).any()
    ),
    "a sum of potentials": lambda n, t: n.readout.over == "sum" and n.steps > 1 and t.output.any(),
    "a first spike": lambda n, t: n.readout.kind == "first" and (t.output > 0).any(),
    "voters that disagree": lambda n, t: n.readout.voters > 1 and np.ptp(t.output, -1).any(),
    "sums of 32 bits": lambda n, t: any(rule(n, layer).dtype == np.int32 for layer in n.layers),
}


def _saturates(tables, trace, end):
    return any(
        isinstance(layer.neuron.store, Shift)
        and (trace.potentials[layer.name] == getattr(layer.neuron.store, end)).any()
        for layer in tables.layers
    )


def _uncropped(tables, layer):
    return layer.synapses[0].target(tables.map_shapes[layer.synapses[0].source])


@pytest.mark.parametrize("happening", HAPPENINGS)
def test_random_networks_reach(happening):
    def happens(case):
        return HAPPENINGS[happening](case[0], golden.run(*case, potentials=True))

    quick = settings(max_examples=1500, deadline=None, database=None, phases=["generate"])
    find(cases(), happens, settings=quick)


def test_random_networks_reach_a_mask_that_keeps_a_neuron_from_firing():
    quick = settings(max_examples=1500, deadline=None, database=None, phases=["generate"])
    find(cases(), lambda case: bool(kept_from_firing(*case)), settings=quick)


def test_a_restricted_network_has_no_more_than_its_features():
    allowed = frozenset({"convolution", "padding", "max pool", "leak"})

    @settings(deadline=None, max_examples=60)
    @given(cases(allowed))
    def check(case):
        tables, _ = case
        assert tables.input == Input(shape=tables.input.shape)
        for layer in tables.layers:
            assert len(layer.synapses) == 1
            assert not isinstance(layer.synapses[0], Identity)
            assert layer.neuron.reset == "zero"
            assert layer.neuron.leak.at == "load"
            assert layer.kept.all()

    assert allowed < FEATURES
    check()


def one_neuron(weight=1, steps=4, activation=None, **fields):
    """Return a network of one input and one neuron."""
    given = {"bias": [0], "threshold": [100], "store": Shift(bits=8, shift=0)} | fields
    layer = Layer(
        name="one",
        synapses=(Dense(source="input", weights=[[weight]], bits=8),),
        neuron=Neuron(**given),
    )
    kind = "potential" if given["threshold"] is None else "count"
    return Tables(
        name="net",
        steps=steps,
        input=Input(shape=(1,), activation=activation or Activation()),
        layers=(layer,),
        readout=Readout(layer="one", kind=kind),
    )


def play(tables, x):
    """Return the spikes and the potentials of a network of one neuron."""
    x = np.array(x).reshape(-1, 1, 1)
    trace = golden.run(tables, x, potentials=True)
    return trace.spikes["one"].ravel().tolist(), trace.potentials["one"].ravel().tolist()


def test_a_neuron_fires_at_its_threshold_and_not_below():
    assert play(one_neuron(weight=10, threshold=[10]), [1, 0, 1, 1])[0] == [1, 0, 1, 1]
    assert play(one_neuron(weight=10, threshold=[11]), [1, 0, 1, 1])[0] == [0, 0, 1, 0]


@pytest.mark.parametrize(
    ("fields", "potentials"),
    [
        ({"reset": "zero"}, [0, 0, 7, 0]),
        ({"reset": "subtract", "amount": [10]}, [4, 4, 1, 5]),
        ({"reset": "subtract", "amount": [-3]}, [17, 20, 30, 47]),
        ({"reset": "none"}, [14, 14, 21, 35]),
    ],
)
def test_a_reset_acts_on_the_sum_that_fired(fields, potentials):
    # The sums of the four steps are 14, 0, 7 and 14; the threshold is 10.
    net = one_neuron(7, activation=Activation(kind="count", bits=2), threshold=[10], **fields)
    assert play(net, [2, 0, 1, 2])[1] == potentials


@pytest.mark.parametrize(
    ("at", "reset", "potentials"),
    [
        # load: ⌊v·3/4⌋ + 10, fires at 20; store: ⌊(v + 10)·3/4⌋, minus 8 undecayed where it fired.
        ("load", "none", [10, 17, 22, 26]),
        ("load", "zero", [10, 17, 0, 10]),
        ("load", "subtract", [10, 17, 14, 12]),
        ("store", "none", [7, 12, 16, 19]),
        ("store", "zero", [7, 12, 0, 7]),
        ("store", "subtract", [7, 12, 8, 13]),
    ],
)
def test_a_leak_acts_at_load_or_at_store(at, reset, potentials):
    net = one_neuron(
        10,
        threshold=[20],
        reset=reset,
        amount=[8] if reset == "subtract" else None,
        leak=Leak(multiplier=[3], shift=2, at=at),
    )
    assert play(net, [1, 1, 1, 1])[1] == potentials


@pytest.mark.parametrize(
    ("fields", "spikes", "potentials"),
    [
        # The sums are -6, 30, 10, -30, 9, 40 and 10; the threshold is 10.
        ({}, [0, 0, 1, 0, 0, 0, 1], [-6, 24, 0, -30, -21, 19, 0]),
        ({"reset": "none"}, [0, 0, 1, 0, 1, 1, 1], [-6, 24, 34, 4, 13, 53, 63]),
        (
            {"reset": "subtract", "amount": [50]},
            [0, 0, 1, 0, 0, 0, 1], [-6, 24, -16, -46, -37, 3, -37],
        ),
        (
            {"leak": Leak(multiplier=[1], shift=1)},
            [0, 0, 1, 0, 0, 0, 1], [-6, 27, 0, -30, -6, 37, 0],
        ),
        # What is stored counts: -6 is stored as ⌊(-6 + 8)/16⌋ = 0, and masks nothing.
        (
            {"store": Shift(bits=4, shift=4)},
            [0, 1, 1, 0, 0, 0, 1], [0, 0, 0, -2, -1, 2, 0],
        ),
        (
            {"store": Ternary(level=[20], boundary=[6])},
            [0, 1, 1, 0, 0, 0, 1], [0, 0, 0, -1, -1, 1, 0],
        ),
        # And so does a -1 whose level is 0.
        (
            {"store": Ternary(level=[0], boundary=[6]), "threshold": [9]},
            [0, 1, 1, 0, 0, 1, 1], [0, 0, 0, -1, 1, 0, 0],
        ),
    ],
)  # fmt: skip
def test_a_negative_stored_potential_keeps_its_neuron_from_firing(fields, spikes, potentials):
    net = one_neuron(
        steps=7, activation=Activation(kind="value", bits=8, signed=True),
        mask_negative=True, **{"threshold": [10]} | fields,
    )  # fmt: skip
    assert play(net, [-6, 30, 10, -30, 9, 40, 10]) == (spikes, potentials)


def test_a_leak_rounds_down():
    net = one_neuron(-1, threshold=None, reset="none", leak=Leak(multiplier=[1], shift=1))
    assert play(net, [1, 0, 0, 0])[1] == [-1, -1, -1, -1]


def test_a_reset_without_delay_leaves_what_reaches_the_threshold_but_not_twice():
    """3.5 once at a threshold of 1, in snnTorch: with delay 1, 1, 1, 0, without 1, 1, 0, 0."""
    for reset, spikes, potentials in (
        ("subtract", [1, 1, 1, 0, 0], [5, 3, 1, 1, 1]),
        ("undelayed", [1, 1, 0, 0, 0], [5, 3, 3, 3, 3]),
    ):
        net = one_neuron(7, steps=5, threshold=[3], reset=reset, amount=[2])
        assert play(net, [1, 0, 0, 0, 0]) == (spikes, potentials)


@pytest.mark.parametrize(("reset", "second"), [("subtract", 28), ("undelayed", 27)])
def test_a_constant_input_fires_when_snntorch_does(reset, second):
    """β = 0.8 and an input of 0.21 at a threshold of 1, in units of 2^-13."""
    one = 1 << 13
    at = "store" if reset == "subtract" else "load"
    net = one_neuron(
        1, bias=[round(0.21 * one)], steps=30, threshold=[one + 1], reset=reset, amount=[one],
        leak=Leak(multiplier=[round(0.8 * 2**15)], shift=15, at=at),
        store=Shift(bits=16, shift=0),
    )  # fmt: skip
    assert np.flatnonzero(play(net, [0] * 30)[0]).tolist() == [13, second]


@pytest.mark.parametrize(
    ("fields", "spikes", "potentials"),
    [
        # Where it fires it keeps u; one step later it holds 0, and lost that step's input and bias.
        ({}, [0, 1, 0, 1, 0, 0, 0], [7, 13, 0, 41, 0, 2, 9]),
        ({"leak": Leak(multiplier=[1], shift=1)}, [0, 0, 1, 0, 1, 0, 0], [7, 9, 45, 0, 41, 0, 7]),
        # Where 0 reaches the threshold, it fires on, blank for ever.
        ({"threshold": [0]}, [1] * 7, [7, 0, 0, 0, 0, 0, 0]),
    ],
)
def test_a_blank_neuron_loses_the_step_after_its_spike(fields, spikes, potentials):
    net = one_neuron(
        steps=7, activation=Activation(kind="value", bits=8), bias=[1], reset="blank",
        **{"threshold": [10]} | fields,
    )  # fmt: skip
    assert play(net, [6, 5, 40, 40, 40, 1, 6]) == (spikes, potentials)


@pytest.mark.parametrize(
    ("fields", "spikes", "potentials"),
    [
        ({"lower_bound": [-5]}, [0, 0, 0, 1, 0], [-5, -2, -5, 0, 3]),
        ({"lower_bound": [-5], "reset": "none"}, [0, 0, 0, 1, 1], [-5, -2, -5, 15, 18]),
        # A bound at the threshold lets the neuron fire always, one below it never by itself.
        ({"lower_bound": [10], "reset": "none"}, [1] * 5, [10, 13, 10, 30, 33]),
        ({"lower_bound": [9], "reset": "none"}, [0, 1, 0, 1, 1], [9, 12, 9, 29, 32]),
        ({"lower_bound": [4], "reset": "blank"}, [0, 0, 0, 1, 0], [4, 7, 4, 24, 4]),
        ({"lower_bound": [-(2**31)]}, [0, 0, 0, 0, 0], [-30, -27, -57, -37, -34]),
    ],
)
def test_a_potential_is_raised_to_its_lower_bound_before_it_is_compared(fields, spikes, potentials):
    net = one_neuron(
        steps=5, activation=Activation(kind="value", bits=8, signed=True),
        **{"threshold": [10]} | fields,
    )  # fmt: skip
    assert play(net, [-30, 3, -30, 20, 3]) == (spikes, potentials)


@pytest.mark.parametrize(
    ("fields", "spikes", "potentials"),
    [
        ({"reset": "subtract", "amount": [10]}, [0, 1, 3, 3, 0], [9, 9, 9, 19, -11]),
        ({}, [0, 1, 3, 3, 0], [9, 0, 0, 0, -30]),
        ({"reset": "none"}, [0, 1, 3, 3, 3], [9, 19, 49, 89, 59]),
        ({"reset": "blank"}, [0, 1, 0, 3, 0], [9, 19, 0, 40, 0]),
        (
            {"reset": "subtract", "amount": [10], "mask_negative": True, "bias": [-20]},
            [0, 0, 0, 0, 0], [-11, -21, -11, 9, -41],
        ),
    ],
)  # fmt: skip
def test_a_neuron_sends_as_many_spikes_as_it_holds_up_to_the_most(fields, spikes, potentials):
    net = one_neuron(
        steps=5, activation=Activation(kind="value", bits=8, signed=True),
        **{"threshold": [10], "spike_bits": 2} | fields,
    )  # fmt: skip
    assert play(net, [9, 10, 30, 40, -30]) == (spikes, potentials)


@pytest.mark.parametrize(("kind", "counts"), [("max", [3, 1, 0]), ("sum", [4, 2, 0])])
def test_a_pool_of_several_spikes_takes_the_most_or_their_sum(kind, counts):
    spikes = np.array([[[3, 1, 1, 1, 0, 0]]], np.uint8)
    assert pools.pooled(Pool(kind=kind, size=(1, 2)), spikes).ravel().tolist() == counts


@pytest.mark.parametrize(
    ("fields", "potentials"),
    [
        # snnTorch: i = i / 2 + x, u = u + i. Norse: i = i + x, u = u + i, i = i / 2; and before.
        ({}, [8, 12, 14, 31, 39]),
        ({"leak": Leak(multiplier=1, shift=1, at="store")}, [8, 12, 14, 31, 39]),
        ({"late": True}, [0, 8, 12, 14, 31]),
        ({"late": True, "leak": Leak(multiplier=1, shift=1, at="store")}, [0, 4, 6, 7, 15]),
        ({"store": Shift(bits=3, shift=0)}, [8, 9, 9, 25, 26]),
        ({"store": Shift(bits=4, shift=2)}, [8, 12, 14, 32, 42]),
    ],
)
def test_a_current_keeps_what_enters_it(fields, potentials):
    net = one_neuron(
        1, threshold=None, reset="none", steps=5, activation=Activation(kind="value", bits=5),
        current=Current(
            **{"store": Shift(bits=8, shift=0), "leak": Leak(multiplier=1, shift=1)} | fields
        ),
    )  # fmt: skip
    assert play(net, [8, 0, 0, 16, 0])[1] == potentials


@pytest.mark.parametrize(
    ("reset", "spikes"),
    [
        ("subtract", [0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1]),
        ("blank", [0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1]),
    ],
)
def test_a_current_makes_spikes_when_snntorch_does(reset, spikes):
    """Synaptic of snnTorch 1.0.0, α = 0.9, β = 0.8, input 0.4 at every third step, in 1/8000."""
    at = "store" if reset == "subtract" else "load"
    net = one_neuron(
        100, gain=5, steps=20, threshold=[8001], reset=reset,
        amount=[8000] if reset == "subtract" else None,
        store=Shift(bits=16, shift=0),
        leak=Leak(multiplier=round(0.8 * 2**15), shift=15, at=at),
        current=Current(
            store=Shift(bits=16, shift=0), leak=Leak(multiplier=round(0.9 * 2**15), shift=15)
        ),
    )  # fmt: skip
    assert play(net, [int(not step % 3) for step in range(20)])[0] == spikes


@pytest.mark.parametrize(
    ("pool", "spikes", "potentials"),
    [
        (Pool(kind="max", size=(1, 2), of="sums"), [[1, 0], [1, 1]], [[0, -3], [0, 0]]),
        (Pool(kind="sum", size=(1, 2), of="sums"), [[1, 0], [1, 0]], [[0, -7], [0, 1]]),
        (
            Pool(kind="max", size=(1, 2)),
            [[1, 0, 0, 0], [0, 1, 0, 1]],
            [[0, 1, -3, -3], [1, 0, -2, 0]],
        ),
    ],
)
def test_a_pool_of_sums_comes_before_the_neurons(pool, spikes, potentials):
    """One of spikes behind them; a bias is added once a neuron, and the sixth place is nowhere."""
    layer = Layer(
        name="one",
        synapses=(Convolution(source="input", weights=[[[[1]]]], bits=2),),
        neuron=Neuron(bias=[1], threshold=[5], store=Shift(bits=8, shift=0)),
        pool=pool,
    )
    out = Layer(
        name="out", synapses=(Dense(source="one", weights=[[1, 1]], bits=2),),
        neuron=Neuron(bias=[0], threshold=[1], store=Shift(bits=8, shift=0)),
    )  # fmt: skip
    net = Tables(
        name="net", steps=2, layers=(layer, out), readout=Readout(layer="out"),
        input=Input(
            shape=(1, 1, 5), activation=Activation(kind="value", bits=4, signed=True)
        ),
    )  # fmt: skip
    x = np.array([[7, 0, -4, -4, 7], [0, 4, 0, 7, 7]]).reshape(2, 1, 1, 1, 5)
    trace = golden.run(net, x, potentials=True)
    assert trace.spikes["one"][:, 0, 0, 0].astype(int).tolist() == spikes
    assert trace.potentials["one"][:, 0, 0, 0].tolist() == potentials


def test_a_gain_is_of_the_sums_alone():
    net = one_neuron(
        -3, bias=[5], threshold=[18], reset="none", gain=2, steps=3,
        activation=Activation(kind="value", bits=4, signed=True),
    )  # fmt: skip
    assert play(net, [1, -1, -2]) == ([0, 0, 1], [-7, 10, 39])


@pytest.mark.parametrize(
    ("multiplier", "rounding", "value", "leaked"),
    [
        (3, "down", 9, [9, 6, 4, 3, 2, 1]),
        (3, "down", -9, [-9, -7, -6, -5, -4, -3]),
        (3, "up", 9, [9, 7, 6, 5, 4, 3]),
        (3, "up", -9, [-9, -6, -4, -3, -2, -1]),
        (0, "up", 9, [9, 0, 0, 0, 0, 0]),
        (4, "up", -9, [-9] * 6),
    ],
)
@pytest.mark.parametrize("at", ["load", "store"])
def test_a_leak_rounds_as_it_says(multiplier, rounding, value, leaked, at):
    leak = Leak(multiplier=[multiplier], shift=2, at=at, rounding=rounding)
    net = one_neuron(value, steps=5, threshold=None, reset="none", leak=leak)
    assert play(net, [1, 0, 0, 0, 0])[1] == (leaked[:5] if at == "load" else leaked[1:])


def test_a_leak_that_rounds_up_fires_as_a_strict_comparison_of_reals_does():
    """u = v / 2 + x, fires at u > 1, reset to zero; a step of input is 1/16."""
    net = one_neuron(
        1, steps=60, activation=Activation(kind="value", bits=8), threshold=[17],
        leak=Leak(multiplier=[1], shift=1, rounding="up"), store=Shift(bits=16, shift=0),
    )  # fmt: skip
    rng = np.random.default_rng(0)
    inputs = rng.integers(0, 17, 60)
    u, spikes = 0.0, []
    for x in inputs:
        u = u / 2 + x / 16
        spikes.append(int(u > 1))
        u *= not spikes[-1]
    assert play(net, inputs.tolist())[0] == spikes
    assert 5 < sum(spikes) < 55


def test_a_leak_at_load_acts_on_accumulator_lsbs():
    # Stored 3 is 12 in accumulator LSBs; ⌊12·7/8⌋ = 10, stored as ⌊(10 + 2)/4⌋ = 3 again.
    net = one_neuron(
        12,
        threshold=None,
        reset="none",
        store=Shift(bits=4, shift=2),
        leak=Leak(multiplier=[7], shift=3),
    )
    assert play(net, [1, 0, 0, 0])[1] == [3, 3, 3, 3]


@pytest.mark.parametrize(
    ("value", "stored"),
    [(0, 0), (1, 0), (2, 1), (5, 1), (6, 2), (-2, 0), (-3, -1), (-6, -1), (-7, -2), (13, 3),
     (14, 3), (127, 3), (-18, -4), (-19, -4), (-128, -4)],
)  # fmt: skip
def test_a_store_rounds_half_up_and_saturates(value, stored):
    net = one_neuron(value, threshold=None, reset="none", store=Shift(bits=3, shift=2), steps=1)
    assert play(net, [1])[1] == [stored]


@pytest.mark.parametrize(
    ("value", "stored"), [(-6, -1), (-5, 0), (0, 0), (4, 0), (5, 1), (127, 1), (-128, -1)]
)
def test_a_ternary_boundary_belongs_to_the_upper_state(value, stored):
    store = Ternary(level=[3], boundary=[5])
    net = one_neuron(value, threshold=None, reset="none", store=store, steps=1)
    assert play(net, [1])[1] == [stored]


def test_a_ternary_potential_is_read_back_as_its_level():
    store = Ternary(level=[7], boundary=[5])
    net = one_neuron(6, threshold=[13], store=store)
    assert play(net, [1, 1, 0, 1]) == ([0, 1, 0, 0], [1, 0, 0, 1])


def test_a_signed_value_subtracts():
    activation = Activation(kind="value", bits=8, signed=True)
    net = one_neuron(-2, threshold=None, reset="none", activation=activation, steps=2)
    assert play(net, [-60, 127])[1] == [120, -128]


def test_thresholds_far_out_of_reach_fire_always_or_never():
    for threshold, fires in ((-(2**31), [1] * 4), (2**31 - 1, [0] * 4)):
        assert play(one_neuron(threshold=[threshold]), [1, 0, 1, 1])[0] == fires


def test_a_boundary_far_out_of_reach_stores_zero():
    store = Ternary(level=[3], boundary=[2**31 - 1])
    assert play(one_neuron(-128, store=store), [1] * 4)[1] == [0] * 4


@pytest.mark.parametrize(("amount", "stored"), [(-(2**31), 127), (2**31 - 1, -128)])
def test_sums_beyond_32_bits_are_exact(amount, stored):
    leak = Leak(multiplier=[2**15 - 1], shift=15, at="store")
    net = one_neuron(100, reset="subtract", amount=[amount], leak=leak)
    assert rule(net, net.layers[0]).dtype == np.int64
    assert play(net, [1, 0, 0, 0])[1][0] == stored


def recurrent(**fields):
    own = Dense(source="one", weights=[[-9]], bits=8)
    net = one_neuron(5, threshold=[3], **fields)
    layer = replace(net.layers[0], synapses=(own, *net.layers[0].synapses))
    return replace(net, layers=(layer,))


def test_a_recurrent_group_sees_the_step_before():
    assert play(recurrent(), [1, 1, 1, 1]) == ([1, 0, 0, 1], [0, -4, 1, 0])


@pytest.mark.parametrize(
    ("delay", "fires"),
    [(0, [1, 0, 1, 1, 0, 1]), (1, [0, 1, 0, 1, 1, 0]), (4, [0, 0, 0, 0, 1, 0]), (5, [0] * 5 + [1]),
     (6, [0] * 6), (255, [0] * 6)],
)  # fmt: skip
def test_a_delay_is_in_steps_and_finds_nothing_before_the_first(delay, fires):
    net = one_neuron(5, steps=6, threshold=[3])
    late = replace(net.layers[0].synapses[0], delay=delay)
    net = replace(net, layers=(replace(net.layers[0], synapses=(late,)),))
    assert play(net, [1, 0, 1, 1, 0, 1])[0] == fires
    # A constant input is there for the first time as many steps later.
    still = replace(net, input=replace(net.input, constant=True))
    assert play(still, [1] * 6)[0] == [int(step >= delay) for step in range(6)]


def test_a_recurrent_group_sees_as_many_further_steps_before():
    net = replace(recurrent(), steps=5)
    own, other = net.layers[0].synapses
    late = replace(net, layers=(replace(net.layers[0], synapses=(replace(own, delay=1), other)),))
    assert play(late, [1, 1, 1, 1, 1]) == ([1, 1, 0, 0, 0], [0, 0, -4, -8, -3])


def test_maps_of_the_steps_before_are_empty_at_first():
    maps = np.arange(1, 7).reshape(6, 1)
    for first, last in ((0, 6), (0, 2), (2, 5), (5, 6)):
        for delay in (0, 1, 3, 5, 6, 9):
            wanted = [maps[t - delay, 0] if t >= delay else 0 for t in range(first, last)]
            assert before(maps, slice(first, last), delay)[:, 0].tolist() == wanted


def test_a_pruned_channel_is_silent_at_zero_and_unseen():
    group = Dense(source="input", weights=np.full((2, 1), 5), bits=8)
    neuron = Neuron(bias=[2**30, 2], threshold=[-5, 5], store=Shift(bits=8, shift=0), reset="none")
    first = Layer(name="one", synapses=(group,), neuron=neuron, channel_mask=[False, True])
    second = Layer(
        name="two",
        synapses=(Dense(source="one", weights=[[-100, 1], [1, 1]], bits=8),),
        neuron=Neuron(bias=[0, 0], threshold=None, reset="none", store=Shift(bits=8, shift=0)),
    )
    net = Tables(
        name="net",
        steps=2,
        input=Input(shape=(1,)),
        layers=(first, second),
        readout=Readout(layer="two", kind="potential"),
    )
    trace = golden.run(net, np.ones((2, 1, 1), int), potentials=True)
    assert trace.spikes["one"][:, 0].tolist() == [[False, True], [False, True]]
    assert trace.potentials["one"][:, 0].tolist() == [[0, 7], [0, 14]]
    assert trace.output.tolist() == [[2, 2]]


def test_a_class_of_the_readout_can_not_be_pruned():
    net = one_neuron(weight=1)
    wide = Dense(source="input", weights=[[1], [1]], bits=8)
    pruned = replace(
        net.layers[0],
        synapses=(wide,),
        neuron=Neuron(bias=[0, 0], threshold=[1, 1], store=Shift(bits=8, shift=0)),
        channel_mask=[True, False],
    )
    message = "layer one: channel_mask must keep every class of the readout; prune other layers"
    with refused(ValueError, message):
        golden.run(replace(net, layers=(pruned,)), np.ones((4, 1, 1), int))


def test_a_lowest_index_wins():
    group = Dense(source="input", weights=[[1], [2], [2]], bits=8)
    neuron = Neuron(bias=[0] * 3, threshold=None, reset="none", store=Shift(bits=8, shift=0))
    net = replace(
        one_neuron(steps=1),
        layers=(Layer(name="one", synapses=(group,), neuron=neuron),),
        readout=Readout(layer="one", kind="potential"),
    )
    trace = golden.run(net, np.ones((1, 2, 1), np.uint8))
    assert trace.output.tolist() == [[1, 2, 2], [1, 2, 2]]
    assert trace.prediction.tolist() == [1, 1]


@pytest.mark.parametrize(("kind", "expected"), [("max", [[1, 0]]), ("sum", [[3, 0]])])
def test_a_pool_leaves_out_what_no_window_covers(kind, expected):
    spikes = np.array([[[1, 0, 0, 0, 1], [1, 1, 0, 0, 1]]], bool)
    pooled = pools.pooled(Pool(kind=kind, size=2), spikes[..., :4])
    assert pooled[0].astype(int).tolist() == expected
    group = Convolution(source="input", weights=np.ones((1, 1, 1, 1), int), bits=1)
    net = Tables(
        name="net",
        steps=1,
        input=Input(shape=(1, 2, 5)),
        layers=(
            Layer(
                name="one",
                synapses=(group,),
                neuron=Neuron(bias=[0], threshold=[1], store=Shift(bits=2, shift=0)),
                pool=Pool(kind=kind, size=2),
            ),
            Layer(
                name="two",
                synapses=(Dense(source="one", weights=[[1, 1]], bits=1),),
                neuron=Neuron(bias=[0], threshold=None, reset="none", store=Shift(bits=8, shift=0)),
            ),
        ),
        readout=Readout(layer="two", kind="potential"),
    )
    trace = golden.run(net, spikes[None, None].astype(int))
    assert trace.spikes["one"].shape == (1, 1, 1, 2, 4)
    assert trace.output.tolist() == [[sum(expected[0])]]


def test_a_leak_at_the_store_acts_on_what_a_reset_to_zero_leaves():
    # u is 10, 5 + 10 and 0 + 10: only what does not fire leaks.
    leak = Leak(multiplier=[1], shift=1, at="store")
    assert play(one_neuron(10, threshold=[15], leak=leak), [1, 1, 1, 0]) == (
        [0, 1, 0, 0],
        [5, 0, 5, 2],
    )


def test_a_layer_that_never_fires_sends_zeros():
    net = one_neuron(5, threshold=None, reset="none")
    second = Layer(
        name="two",
        synapses=(Dense(source="one", weights=[[7]], bits=8),),
        neuron=Neuron(bias=[0], threshold=[1], store=Shift(bits=8, shift=0)),
    )
    net = replace(net, layers=(*net.layers, second), readout=Readout(layer="two"))
    trace = golden.run(net, np.ones((4, 1, 1), int), potentials=True)
    assert trace.potentials["one"].ravel().tolist() == [5, 10, 15, 20]
    assert not trace.spikes["one"].any() and not trace.spikes["two"].any()


def test_a_ternary_potential_is_read_out_as_it_is_stored():
    store = Ternary(level=[100], boundary=[3])
    for weight, stored in ((5, 1), (-5, -1), (1, 0)):
        net = one_neuron(weight, steps=1, threshold=None, reset="none", store=store)
        assert golden.run(net, np.ones((1, 1, 1), int)).output.tolist() == [[stored]]


def test_potentials_are_kept_where_they_are_asked_for():
    net = one_neuron()
    assert golden.run(net, np.ones((4, 2, 1), int)).potentials == {}
    trace = golden.run(net, np.ones((4, 2, 1), int), potentials=True)
    assert trace.potentials["one"].dtype == np.int16
    assert trace.spikes["one"].dtype == bool
    assert trace.output.dtype == np.int32
    assert trace.tables == net.sha256


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int8, np.int64, np.uint64])
def test_any_integer_type_of_input_gives_the_same(dtype):
    x = np.array([1, 0, 1, 1]).reshape(4, 1, 1)
    net = one_neuron(weight=60)
    assert_same(golden.run(net, x.astype(dtype), True), golden.run(net, x, True))


SIGNED = Activation(kind="value", bits=3, signed=True)


@pytest.mark.parametrize(
    ("x", "activation", "kind", "message"),
    [
        (np.ones((4, 1, 1)), None, TypeError, "x must hold integers, not float64"),
        (np.ones((3, 2, 1), int), None, ValueError,
         "x must have shape (4, batch, 1), not (3, 2, 1)"),
        (np.ones((4, 2, 1, 1), int), None, ValueError,
         "x must have shape (4, batch, 1), not (4, 2, 1, 1)"),
        (np.ones(4, int), None, ValueError, "x must have shape (4, batch, 1), not (4,)"),
        (np.ones((4, 0, 1), int), None, ValueError,
         "x must hold a sample or more, not have shape (4, 0, 1)"),
        (np.full((4, 1, 1), 2), None, ValueError, "x must be 0…1 for 1-bit spikes, not 2…2"),
        (np.arange(-5, -1).reshape(4, 1, 1), SIGNED, ValueError,
         "x must be -4…3 for 3-bit signed values, not -5…-2"),
    ],
)  # fmt: skip
def test_an_input_is_refused(x, activation, kind, message):
    with refused(kind, message):
        golden.run(one_neuron(activation=activation), x)


def test_a_constant_input_must_not_change():
    net = replace(one_neuron(), input=Input(shape=(1,), constant=True))
    golden.run(net, np.ones((4, 2, 1), int))
    x = np.ones((4, 2, 1), int)
    x[2, 1] = 0
    with refused(
        ValueError, "x must be the same in every step of a constant input, not differ in step 2"
    ):
        golden.run(net, x)


def test_nothing_keeps_tables_alive():
    net = one_neuron()
    golden.run(net, np.ones((4, 1, 1), int))
    before = len(golden._NETWORKS)
    del net
    gc.collect()
    assert len(golden._NETWORKS) < before
