import numpy as np
import pytest
from hypothesis import given, settings
from networks import FEATURES, cases
from refusal import refused
from somagate.export.layer import Input, Layer, Pool
from somagate.export.neuron import Activation, Neuron, Shift, Ternary
from somagate.export.readout import Readout
from somagate.export.synapse import Convolution, Dense, Identity
from somagate.export.tables import Tables, signed_bits
from somagate.sim.golden import golden


def neuron(channels, threshold=1, **fields):
    return Neuron(
        bias=np.zeros(channels, int) + fields.pop("bias", 0),
        threshold=None if threshold is None else np.full(channels, threshold),
        reset=fields.pop("reset", "none" if threshold is None else "zero"),
        store=fields.pop("store", Shift(bits=4, shift=0)),
        **fields,
    )


def dense(name, source, inputs, outputs, weight=1, **fields):
    group = Dense(source=source, weights=np.full((outputs, inputs), weight), bits=8)
    return Layer(name=name, synapses=(group,), neuron=neuron(outputs, **fields))


def convolution(name, source, inputs, outputs, kernel=3, **fields):
    weights = np.ones((outputs, inputs, kernel, kernel), int)
    group = Convolution(source=source, weights=weights, bits=2)
    return Layer(name=name, synapses=(group,), neuron=neuron(outputs), **fields)


def tables(*layers, shape=(4,), readout=None, **fields):
    given = {
        "name": "net",
        "steps": 3,
        "input": Input(shape=shape),
        "layers": layers,
        "readout": readout or Readout(layer=layers[-1].name),
    }
    return Tables(**(given | fields))


ONE = dense("one", "input", 4, 2)
TWO = dense("two", "one", 2, 3)


@pytest.mark.parametrize(
    ("low", "high", "bits"),
    [(0, 0, 1), (-1, 0, 1), (0, 1, 2), (-2, 1, 2), (-3, 1, 3), (-128, 127, 8), (-128, 128, 9)],
)
def test_a_signed_width_is_the_narrowest(low, high, bits):
    assert signed_bits(low, high) == bits


@pytest.mark.parametrize(
    ("fields", "kind", "message"),
    [
        ({"name": "my net"}, ValueError,
         ("Tables name must be letters, digits and underscores, no digit first, not 'my "
          "net'")),
        ({"steps": 0}, ValueError, "Tables steps must be 1…65535, not 0"),
        ({"steps": 65536}, ValueError, "Tables steps must be 1…65535, not 65536"),
        ({"input": (4,)}, TypeError, "Tables input must be an Input, not (4,)"),
        ({"layers": ()}, TypeError, "Tables layers must be a tuple of Layers, not ()"),
        ({"layers": None}, TypeError, "Tables layers must be a tuple of Layers, not None"),
        ({"layers": (ONE, 2)}, TypeError, "Tables layers must be a tuple of Layers, not hold 2"),
        ({"layers": (ONE, ONE)}, ValueError, "Layer names must be unique, not 'one' twice"),
        ({"layers": (TWO,)}, ValueError, "layer two: source must be 'input' or a layer, not 'one'"),
        ({"layers": (TWO, ONE)}, ValueError,
         ("layer two: source must come before the layer or be the layer itself, not "
          "'one', which comes after it")),
        ({"readout": "two"}, TypeError, "Tables readout must be a Readout, not 'two'"),
        ({"readout": Readout(layer="three")}, ValueError,
         "Readout layer must be a layer, not 'three'"),
        ({"readout": Readout(layer="input")}, ValueError,
         "Readout layer must be a layer, not 'input'"),
        ({"readout": Readout(layer="two", kind="potential")}, ValueError,
         "Readout kind must be 'count' for layer two, which fires, not 'potential'"),
        ({"layers": (ONE, dense("two", "one", 2, 3, threshold=None))}, ValueError,
         "Readout kind must be 'potential' for layer two, which never fires, not 'count'"),
        ({"layers": (ONE, dense("two", "one", 2, 3, threshold=None)),
          "readout": Readout(layer="two", kind="first")}, ValueError,
         "Readout kind must be 'potential' for layer two, which never fires, not 'first'"),
        ({"readout": Readout(layer="two", voters=4)}, ValueError,
         "Readout voters must divide the 3 neurons of layer two, not be 4"),
        ({"layers": (ONE, dense("two", "one", 2, 3, threshold=None, store=Shift(bits=16, shift=0))),
          "readout": Readout(layer="two", kind="potential", over="sum", voters=3),
          "steps": 65535}, ValueError,
         "Readout values must fit in 32 bits, not need 34; take fewer steps or voters"),
    ],
)  # fmt: skip
def test_tables_are_refused(fields, kind, message):
    with refused(kind, message):
        tables(ONE, TWO, **fields)


SPATIAL = {"shape": (1, 5, 5)}


@pytest.mark.parametrize(
    ("layers", "fields", "message"),
    [
        ((dense("one", "input", 5, 2),), {},
         ("layer one: Dense weights must have 4 columns for the source 'input' of shape "
          "(4,), not 5")),
        ((Layer(name="one", synapses=ONE.synapses + dense("x", "input", 4, 3).synapses,
                neuron=neuron(2)),), {},
         "layer one: synapses must all produce the shape (2,), not (3,) from 'input'"),
        ((Layer(name="one", synapses=ONE.synapses, neuron=neuron(3)),), {},
         "layer one: neuron must have 2 channels as the weights have, not 3"),
        ((Layer(name="one", synapses=ONE.synapses, neuron=neuron(2), pool=Pool()), TWO), {},
         "layer one: pool must be None behind a dense layer, not a Pool"),
        ((convolution("one", "input", 1, 2, pool=Pool(size=(1, 4))),), SPATIAL,
         "layer one: pool size must fit the 3×3 neurons, not be (1, 4)"),
        ((convolution("one", "input", 1, 2),), {"shape": (1, 4096, 4096)},
         "layer one: map must have at most 16777216 elements, not 33521672: 2×4094×4094"),
        ((convolution("one", "input", 1, 2),), SPATIAL,
         ("Readout layer one must be (neurons,) or (channels, 1, 1) without a pool, not "
          "(2, 3, 3); add a dense layer")),
        ((convolution("one", "input", 1, 2, pool=Pool(size=1), kernel=5),), SPATIAL,
         ("Readout layer one must be (neurons,) or (channels, 1, 1) without a pool, not "
          "(2, 1, 1) with a pool; add a dense layer")),
    ],
)  # fmt: skip
def test_shapes_that_do_not_fit_are_refused(layers, fields, message):
    with refused(ValueError, message):
        tables(*layers, **fields)


def test_sums_beyond_41_bits_are_refused():
    wide = Input(shape=(1 << 24,), activation=Activation(kind="value", bits=8))
    weights = np.broadcast_to(np.int8(-128), (1, 1 << 24))
    group = Dense(source="input", weights=weights, bits=8)
    layers = (Layer(name="one", synapses=(group, group, group), neuron=neuron(1)),)
    with refused(
        ValueError,
        "layer one: sums must fit in 41 bits, not reach -1642824990728…7",
    ):
        tables(*layers, input=wide)


def test_a_missing_layer_is_named():
    with refused(KeyError, "no layer 'three'; there are ['one', 'two']"):
        tables(ONE, TWO).layer("three")


def test_neurons_that_no_window_covers_do_not_exist():
    net = tables(
        convolution("one", "input", 1, 2, pool=Pool(size=(2, 3))),
        dense("two", "one", 6, 3),
        shape=(1, 9, 6),
        readout=Readout(layer="two"),
    )
    assert net.neuron_shapes == {"one": (2, 6, 3), "two": (3,)}
    assert net.map_shapes == {"input": (1, 9, 6), "one": (2, 3, 1), "two": (3,)}


@pytest.mark.parametrize(("kind", "bounds"), [("max", (-9, 18)), ("sum", (-54, 108))])
def test_a_window_of_sums_has_one_neuron(kind, bounds):
    rng = np.array([[[[2, -1, 2], [2, -1, 2], [2, -1, 2]]], [[[3, -3, 3]] * 3]])
    layer = Layer(
        name="one",
        synapses=(Convolution(source="input", weights=rng, bits=3),),
        neuron=neuron(2),
        pool=Pool(kind=kind, size=(2, 3), of="sums"),
    )
    net = tables(layer, dense("two", "one", 6, 3), shape=(1, 9, 6), readout=Readout(layer="two"))
    assert net.gathered_shapes == {"one": (2, 6, 3), "two": (3,)}
    assert net.neuron_shapes == {"one": (2, 3, 1), "two": (3,)}
    assert net.map_shapes == {"input": (1, 9, 6), "one": (2, 3, 1), "two": (3,)}
    assert [int(b.tolist()[1]) for b in net.accumulator_bounds("one")] == [-9, 18]
    assert tuple(int(b.tolist()[1]) for b in net.sum_bounds("one")) == bounds
    assert net.range_of("one") == (0, 1)


def test_a_recurrent_group_may_come_first():
    own = Identity(source="one", weights=[1, 1], bits=1)
    layer = Layer(name="one", synapses=(own, *ONE.synapses), neuron=neuron(2))
    assert tables(layer).neuron_shapes == {"one": (2,)}


@pytest.mark.parametrize(
    ("make", "largest"),
    [
        (lambda: Layer(name="one", synapses=_conv(), neuron=neuron(1)), (0, 1)),
        (lambda: Layer(name="one", synapses=_conv(), neuron=neuron(1), pool=Pool(size=3)), (0, 1)),
        (
            lambda: Layer(
                name="one", synapses=_conv(), neuron=neuron(1), pool=Pool(kind="sum", size=3)
            ),
            (0, 9),
        ),
        (lambda: Layer(name="one", synapses=_conv(), neuron=neuron(1, threshold=None)), (0, 0)),
    ],
)
def test_the_largest_element_of_a_map_is_what_can_be_there(make, largest):
    layer = make()
    pooled = layer.pool is not None
    net = tables(layer, dense("two", "one", 1 if pooled else 9, 2), shape=(1, 3, 3))
    assert net.range_of("one") == largest
    assert net.range_of("input") == (0, 1)


def _conv():
    return (Convolution(source="input", weights=np.ones((1, 1, 1, 1), int), bits=2),)


def test_bounds_add_potential_accumulator_and_bias():
    store = Ternary(level=[5, 6], boundary=[1, 1])
    layer = dense("one", "input", 4, 2, weight=-3, store=store, bias=[10, 20])
    net = tables(Layer(name="one", synapses=layer.synapses, neuron=layer.neuron))
    assert [b.tolist() for b in net.accumulator_bounds("one")] == [[-12, -12], [0, 0]]
    assert [b.tolist() for b in net.state_bounds("one")] == [[-5, -6], [5, 6]]
    assert [b.tolist() for b in net.update_bounds("one")] == [[-7, 2], [15, 26]]
    assert net.accumulator_bits("one") == 5
    shifted = tables(dense("one", "input", 4, 2, store=Shift(bits=3, shift=4)))
    assert [b.tolist() for b in shifted.state_bounds("one")] == [[-64, -64], [48, 48]]


def test_a_pruned_channel_has_no_bounds_and_no_findings():
    layer = Layer(
        name="one",
        synapses=ONE.synapses,
        neuron=neuron(2, threshold=99),
        channel_mask=[True, False],
    )
    net = tables(layer, dense("two", "one", 2, 1, threshold=1))
    assert [b.tolist() for b in net.accumulator_bounds("one")] == [[0, 0], [4, 0]]
    assert [b.tolist() for b in net.accumulator_bounds("two")] == [[0], [1]]
    assert net.thresholds() == [
        "layer one, channel 0: threshold 99 is never reached: the most is 11"
    ]


@pytest.mark.parametrize(
    ("threshold", "findings"),
    [
        (-8, ["layer one, channel 0: threshold -8 is always reached: the least is -8"]),
        (-7, []),
        (11, []),
        (12, ["layer one, channel 0: threshold 12 is never reached: the most is 11"]),
    ],
)
def test_a_threshold_out_of_reach_is_found(threshold, findings):
    assert tables(dense("one", "input", 4, 1, threshold=threshold)).thresholds() == findings


@pytest.mark.parametrize(
    ("threshold", "spike_bits", "most"), [(2, 1, None), (2, 2, 5), (3, 2, None), (1, 3, 11)]
)
def test_more_spikes_than_a_neuron_can_send_are_found(threshold, spike_bits, most):
    net = tables(dense("one", "input", 4, 2, threshold=threshold, spike_bits=spike_bits))
    assert net.range_of("one") == (0, (1 << spike_bits) - 1)
    told = f"a neuron sends at most {2**spike_bits - 1} spikes in a step, and could hold {most}"
    assert net.saturation() == [f"layer one: {told}"] * (most is not None)


@pytest.mark.parametrize(
    ("bound", "threshold", "finding"),
    [
        (-5, -5, "threshold -5 is always reached: the least is -5"),
        (-5, -4, None),
        (-99, -8, "threshold -8 is always reached: the least is -8"),
        (12, 12, "threshold 12 is always reached: the least is 12"),
        (12, 13, "threshold 13 is never reached: the most is 12"),
    ],
)
def test_a_lower_bound_is_the_least_that_is_compared(bound, threshold, finding):
    layer = dense("one", "input", 4, 1, threshold=threshold, lower_bound=[bound])
    assert tables(layer).thresholds() == [f"layer one, channel 0: {finding}"] * bool(finding)


@pytest.mark.parametrize(
    ("fields", "always"),
    [
        ({"reset": "zero"}, True),
        ({"reset": "none"}, False),
        ({"reset": "subtract", "amount": [20]}, False),
    ],
)
def test_a_masked_neuron_always_fires_only_if_it_never_stores_below_zero(fields, always):
    # It reaches its threshold whatever it stores, and stores below 0 where it isn't reset to zero.
    layer = dense("one", "input", 4, 1, threshold=-9, bias=[-1], mask_negative=True, **fields)
    net = tables(layer, readout=Readout(layer="one"))
    trace = golden.run(net, np.zeros((net.steps, 1, 4), int))
    assert net.thresholds() == (
        ["layer one, channel 0: threshold -9 is always reached: the least is -9"] if always else []
    )
    assert trace.spikes["one"].all() == always


def test_a_layer_that_never_fires_has_no_findings():
    layer = dense("one", "input", 4, 2, threshold=None)
    assert tables(layer, readout=Readout(layer="one", kind="potential")).thresholds() == []


@settings(deadline=None, max_examples=60)
@given(cases(FEATURES))
def test_findings_hold_in_every_run(case):
    net, x = case
    trace = golden.run(net, x)
    for finding in net.thresholds():
        place, _, rest = finding.partition(": ")
        layer, channel = place.removeprefix("layer ").split(", channel ")
        fires = trace.spikes[layer][:, :, int(channel)]
        assert fires.all() if "always" in rest else not fires.any()


def test_updates_are_those_of_every_neuron_and_step():
    found = tables(dense("a", "input", 4, 3), dense("b", "a", 3, 2), steps=7)
    assert found.updates == 7 * (3 + 2)
