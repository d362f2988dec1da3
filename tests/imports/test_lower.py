"""Tables of a source's network: exact where they can be, and otherwise what is rounded is said."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import source_networks
from somagate.export.neuron import Shift
from somagate.imports.bits import Bits
from somagate.imports.graph import (
    Affine,
    Conv,
    Current,
    Delay,
    Flatten,
    Linear,
    Network,
    Neuron,
    Node,
    Pool,
)  # fmt: skip
from somagate.imports.lower import Lowered, lower
from somagate.imports.normal import network_of, normal
from somagate.imports.paths import LoweringError
from somagate.imports.proof import rule_proof
from somagate.imports.reference import run
from somagate.sim.golden import golden

A = np.array
EXACT = Bits(exact=True)


def agrees(network: Network, x: Any, lowered: Lowered) -> None:
    """Assert that golden fires as the source does, in every layer, step and sample."""
    done, trace = run(network, x), golden.run(lowered.tables, lowered.input.integers(x))
    for theirs, ours in lowered.names.items():
        spikes = trace.spikes[ours]
        covered = done.spikes[theirs][tuple(slice(size) for size in spikes.shape)]
        assert np.array_equal(covered, spikes), theirs


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("kind", ["dense", "recurrent", "maps"])
def test_tables_of_dyadic_numbers_fire_as_their_source(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    if kind == "maps":
        network = source_networks.maps(rng)
    else:
        network = source_networks.dense(rng, recurrent=kind == "recurrent")
    x = source_networks.frames(rng, network)
    plain = network_of(normal(network), network)
    first, second = run(network, x).spikes, run(plain, x).spikes
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert sum(spikes.sum() for spikes in first.values()) > 0
    lowered = lower(network, samples=x, bits=EXACT)
    agrees(network, x, lowered)
    assert lowered.reasons == {}


def one(neuron: Neuron, weight: Any = ((1.0,),), **more: Any) -> Network:
    op = Linear(weight=A(weight))
    nodes = (
        Node(name="fc", op=op, sources=("input",)),
        Node(name="n", op=neuron, sources=("fc",)),
    )
    return Network(input_shape=(op.weight.shape[1],), nodes=nodes, **more)


def lif(**settings: Any) -> Neuron:
    return Neuron(**({"threshold": A(1.0), "decay": A(0.5)} | settings))


def test_each_channel_has_its_own_scale() -> None:
    lowered = lower(one(lif(), [[1.0, 0.5], [0.03125, 0.25]]), steps=4)
    (layer,) = lowered.tables.layers
    assert layer.synapses[0].weights.tolist() == [[2, 1], [1, 8]]
    assert layer.neuron.threshold is not None
    assert layer.neuron.threshold.tolist() == [2, 32]
    assert layer.synapses[0].bits == 5 and layer.neuron.store.bits == 6


def test_a_strict_comparison_is_a_threshold_more_and_a_leak_rounded_up() -> None:
    (strict,) = lower(one(lif(comparator=">")), steps=4).tables.layers
    (loose,) = lower(one(lif()), steps=4).tables.layers
    assert strict.neuron.threshold is not None and loose.neuron.threshold is not None
    assert strict.neuron.threshold[0] == loose.neuron.threshold[0] + 1
    assert (strict.neuron.leak.rounding, loose.neuron.leak.rounding) == ("up", "down")


def delayed(*steps: Any, shape: tuple[int, ...] = (3,), maps: Any = None) -> Network:
    """Return weights, neurons behind them, and delays in between."""
    rng = np.random.default_rng(0)
    op = Linear(weight=source_networks.dyadic(rng, 2, 3)) if maps is None else maps
    nodes = [Node(name="w", op=op, sources=("input",))]
    for number, some in enumerate(steps):
        nodes.append(Node(name=f"d{number}", op=Delay(steps=A(some)), sources=(nodes[-1].name,)))
    nodes.append(Node(name="n", op=lif(), sources=(nodes[-1].name,)))
    return Network(input_shape=shape, nodes=tuple(nodes))


def feeding_back(steps: int, source: str) -> Network:
    """Return layers n and m, behind each other, of which one is fed back to n steps later."""
    nodes = (
        Node(name="w", op=Linear(weight=A([[1.0, 0.5], [0.25, 0.75]])), sources=("input",)),
        Node(name="late", op=Delay(steps=A(steps)), sources=(source,)),
        Node(name="back", op=Linear(weight=A([[-0.5, 0.25], [0.5, 0.25]])), sources=("late",)),
        Node(name="n", op=lif(), sources=("w", "back")),
        Node(name="v", op=Linear(weight=A([[1.0, 0.5], [0.5, 1.0]])), sources=("n",)),
        Node(name="m", op=lif(), sources=("v",)),
    )
    return Network(input_shape=(2,), nodes=nodes)


LATE = {
    "a layer": (delayed(2), [2]),
    "each channel": (delayed([0, 3]), [0, 3]),
    "each channel, and a layer": (delayed([1, 0], 2), [2, 3]),
    "longer than it runs": (delayed([0, 40]), [0, 40]),
    "a channel of a map": (
        delayed([0, 4], shape=(1, 3, 3), maps=Conv(weight=np.ones((2, 1, 3, 3)) / 4)), [0, 4]
    ),
    "an element": (delayed([1, 2], shape=(2,), maps=Affine(scale=A([1.0, 0.5]), offset=A(0.0))),
                   [1, 2]),
    "its own spikes": (feeding_back(3, "n"), [0, 2]),
}  # fmt: skip


@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("name", LATE)
def test_delays_become_those_of_synapse_groups(name: str, constant: bool) -> None:
    network, delays = LATE[name]
    x = np.random.default_rng(1).integers(0, 2, (12, 4, *network.input_shape)).astype(float)
    if constant:
        network, x = replace(network, constant=True), np.broadcast_to(x[:1], x.shape)
    lowered = lower(network, samples=x, bits=EXACT)
    assert [group.delay for group in lowered.tables.layers[0].synapses] == delays
    agrees(network, x, lowered)
    assert run(network, x).spikes["n"].any()


def test_a_group_for_each_delay_has_no_weights_of_the_other_channels() -> None:
    now, later = lower(delayed([0, 3]), steps=4).tables.layers[0].synapses
    assert now.weights[0].any() and not now.weights[1].any()
    assert later.weights[1].any() and not later.weights[0].any()


def test_a_delayed_subtraction_does_not_leak() -> None:
    (layer,) = lower(one(lif(reset="delayed")), steps=4).tables.layers
    assert layer.neuron.leak.at == "store" and layer.neuron.amount is not None
    assert layer.neuron.amount.tolist() == [1]


def test_an_origin_other_than_zero_is_shifted_away() -> None:
    neuron = lif(v_reset=A(-0.25), initial=A(-0.25), bias=A(-0.125), threshold=A(0.5))
    (layer,) = lower(one(neuron), steps=4).tables.layers
    assert layer.neuron.bias.tolist() == [0]
    assert layer.neuron.threshold is not None and layer.neuron.threshold.tolist() == [3]


def test_thresholds_finer_than_weights_are_a_gain() -> None:
    (layer,) = lower(one(lif(threshold=A(1.015625)), [[1.0]]), steps=4, bits=EXACT).tables.layers
    assert (layer.neuron.gain, layer.synapses[0].weights.tolist()) == (0, [[64]])
    network = one(lif(threshold=A(1.015625)), [[1.0, 127.0]])
    (layer,) = lower(network, steps=4, bits=EXACT).tables.layers
    assert (layer.neuron.gain, layer.synapses[0].weights.tolist()) == (6, [[1, 127]])
    assert layer.neuron.threshold is not None and layer.neuron.threshold.tolist() == [65]
    x = np.random.default_rng(0).integers(0, 2, (20, 3, 2)).astype(float)
    agrees(network, x, lower(network, samples=x, bits=EXACT))


def test_a_decay_that_rounds_gets_finer_potentials_as_far_as_the_state_can_hold_them() -> None:
    rng = np.random.default_rng(0)
    network = one(lif(decay=A(15 / 16), comparator=">"), source_networks.dyadic(rng, 6, 8))
    x = rng.integers(0, 2, (60, 8, 8)).astype(float)
    lowered = lower(network, samples=x)
    (layer,) = lowered.tables.layers
    assert layer.neuron.gain >= 5
    agrees(network, x, lowered)
    store = lower(network, samples=x, bits=Bits(states=8)).tables.layers[0].neuron.store
    assert isinstance(store, Shift) and store.bits == 8 and store.shift > 0


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("late", [False, True])
def test_currents_that_lose_no_bit_fire_as_their_source(late: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = source_networks.dense(rng, recurrent=seed % 2 == 1, late=late)
    x = source_networks.frames(rng, network, steps=7)
    lowered = lower(network, samples=x)
    agrees(network, x, lowered)
    assert any(spikes.any() for spikes in run(network, x).spikes.values())
    reason = "a current's decay of 1/2 rounds it in each step, which potentials add up"
    assert all(why.startswith(reason) for why in lowered.reasons.values())
    assert all(layer.neuron.current is not None for layer in lowered.tables.layers)


def test_a_current_that_keeps_nothing_or_all_is_exact() -> None:
    for decay in (0.0, 1.0):
        network = one(lif(current=Current(decay=A(decay))))
        x = np.random.default_rng(0).integers(0, 2, (20, 3, 1)).astype(float)
        lowered = lower(network, samples=x, bits=EXACT)
        agrees(network, x, lowered)
        assert lowered.reasons == {}


def test_a_current_is_as_wide_as_it_needs_within_its_bits() -> None:
    rng = np.random.default_rng(0)
    network = one(lif(current=Current(decay=A(15 / 16)), decay=A(7 / 8)), rng.normal(0, 1, (5, 6)))
    x = rng.integers(0, 2, (40, 8, 6)).astype(float)
    (wide,) = lower(network, samples=x).tables.layers
    (narrow,) = lower(network, samples=x, bits=Bits(states=6)).tables.layers
    assert wide.neuron.current is not None and narrow.neuron.current is not None
    assert narrow.neuron.current.store.bits == 6 < wide.neuron.current.store.bits
    assert narrow.neuron.current.store.shift > 0
    reason = lower(network, samples=x, bits=Bits(states=6)).reasons["n"]
    assert "currents can reach" in reason and "potentials can reach" in reason


def test_images_over_255_are_exact() -> None:
    x = np.random.default_rng(0).integers(0, 256, (1, 4, 6)) / 255
    network = one(lif(), source_networks.dyadic(np.random.default_rng(1), 5, 6), constant=True)
    x = np.broadcast_to(x, (8, 4, 6))
    lowered = lower(network, samples=x, bits=EXACT)
    assert lowered.tables.input.activation.bits == 8 and lowered.tables.input.constant
    assert lowered.tables.input.encoding == "direct" and lowered.tables.input.maximum == 255
    agrees(network, x, lowered)


def test_signed_levels_and_a_range_are_taken() -> None:
    rng = np.random.default_rng(0)
    network = one(lif(), source_networks.dyadic(rng, 5, 6))
    x = rng.integers(-16, 17, (8, 4, 6)) / 16
    lowered = lower(network, samples=x, bits=EXACT)
    assert lowered.tables.input.activation.signed and lowered.input.scale == 1 / 16
    agrees(network, x, lowered)
    wide = lower(network, samples=rng.normal(0, 1, (8, 4, 6)))
    assert not wide.input.exact and wide.tables.input.activation.bits == 8
    assert wide.notes == ("the input has no levels that fit 8 bits: it is rounded to 8 bits",)


def test_numbers_that_are_not_whole_at_any_scale_are_rounded_and_said() -> None:
    rng = np.random.default_rng(0)
    weight = rng.normal(0, 0.3, (5, 6))
    network = one(lif(decay=A(0.9)), weight)
    lowered = lower(network, steps=4, bits=Bits(weights=4))
    assert lowered.tables.layers[0].synapses[0].bits == 4
    assert lowered.reasons["n"].startswith(
        "no power of two makes all its numbers whole: weights are rounded to 4 bits; a decay of "
        "0.9 is taken as 1843/2048"
    )
    powers = lower(network, steps=4, bits=Bits(scales="power")).snapped
    assert powers.neurons["n"].threshold is not None
    exponents = np.log2(powers.neurons["n"].threshold)
    assert np.array_equal(exponents, np.round(exponents))
    whole = lower(network, steps=4, bits=Bits(scales="layer"))
    assert whole.tables.layers[0].neuron.threshold is not None
    assert len(set(whole.tables.layers[0].neuron.threshold.tolist())) == 1
    ternary = lower(network, steps=4, bits=Bits(weights=2)).tables.layers[0].synapses[0]
    signs = lower(network, steps=4, bits=Bits(weights=1)).tables.layers[0].synapses[0]
    assert (ternary.bits, signs.bits) == (2, 1)


def test_a_power_of_two_may_saturate_its_largest_weight_and_says_so() -> None:
    network = one(lif(threshold=A(1.3)), [[-1.0, 0.9921875, 1.0]])
    lowered = lower(network, steps=4, bits=Bits(scales="power"))
    assert lowered.tables.layers[0].synapses[0].weights.tolist() == [[-128, 127, 127]]
    assert lowered.reasons["n"].endswith("weights are rounded to 8 bits; 1 weights saturate")


def test_states_are_as_narrow_as_their_potentials_and_saturate_said() -> None:
    network = one(lif(decay=A(1.0)), [[1.0, -1.0]])
    x = np.zeros((300, 1, 2))
    x[:, :, 1] = 1
    lowered = lower(network, samples=x, bits=EXACT)
    assert lowered.tables.layers[0].neuron.store.bits == 10
    narrow = lower(network, samples=x, bits=Bits(states=6))
    assert narrow.tables.layers[0].neuron.store.bits == 6
    assert narrow.reasons["n"] == ("potentials can reach -300…0, and lose their last 4 bits")
    few = lower(network, samples=x[:, :, ::-1], bits=Bits(states=6))
    assert few.reasons["n"] == "potentials can reach -300…0, and saturate beyond -2…1"


def test_a_potential_that_is_read_has_one_scale_and_never_fires() -> None:
    network = one(lif(reset="none"), [[1.0], [0.125]], readout="potential")
    lowered = lower(network, steps=4)
    (layer,) = lowered.tables.layers
    assert layer.synapses[0].weights.tolist() == [[8], [1]] and layer.neuron.threshold is None
    assert lowered.tables.readout.kind == "potential"


def test_averages_of_currents_are_larger_kernels() -> None:
    rng = np.random.default_rng(0)
    conv = Conv(weight=source_networks.dyadic(rng, 3, 2, 3, 3), stride=(1, 2), padding=(1, 1))
    nodes = (
        Node(name="c", op=conv, sources=("input",)),
        Node(name="p", op=Pool(kind="average", size=(2, 2), stride=(2, 2)), sources=("c",)),
        Node(name="n", op=lif(threshold=A(0.25)), sources=("p",)),
        Node(name="f", op=Flatten(), sources=("n",)),
        Node(name="a", op=Linear(weight=source_networks.dyadic(rng, 4, 48)), sources=("f",)),
        Node(name="b", op=Linear(weight=np.eye(4)[:3], bias=A([0.5, 0, 0])), sources=("a",)),
        Node(name="o", op=lif(), sources=("b",)),
    )
    network = Network(input_shape=(2, 8, 16), nodes=nodes)
    x = source_networks.frames(rng, network)
    agrees(network, x, lower(network, samples=x))


@pytest.mark.parametrize("seed", range(8))
def test_a_maximum_of_currents_is_before_the_neurons(seed: int) -> None:
    rng = np.random.default_rng(seed)
    conv = Conv(weight=source_networks.dyadic(rng, 3, 2, 3, 3), bias=source_networks.dyadic(rng, 3))
    scale = Affine(scale=A([1.0, -0.5, 2.0]), offset=source_networks.dyadic(rng, 3))
    nodes = (
        Node(name="c", op=conv, sources=("input",)),
        Node(name="bn", op=scale, sources=("c",)),
        Node(name="p", op=POOL, sources=("bn",)),
        Node(name="n", op=source_networks.plain(rng, 3), sources=("p",)),
        Node(name="f", op=Flatten(), sources=("n",)),
        Node(name="fc", op=Linear(weight=source_networks.dyadic(rng, 4, 27)), sources=("f",)),
        Node(name="o", op=source_networks.plain(rng, 4), sources=("fc",)),
    )
    network = Network(input_shape=(2, 9, 8), nodes=nodes)
    x = source_networks.frames(rng, network)
    lowered = lower(network, samples=x, bits=EXACT)
    assert lowered.tables.layers[0].sum_pool is not None
    agrees(network, x, lowered)


@pytest.mark.parametrize("seed", range(6))
def test_several_spikes_a_step_are_counted(seed: int) -> None:
    rng = np.random.default_rng(seed)
    iaf = {"reset": "subtract", "most": None, "comparator": ">=", "decay": A(1.0)}
    iaf |= {"v_reset": A(0.0), "initial": A(0.0), "bias": A(0.0)}
    nodes = (
        Node(name="c", op=Conv(weight=source_networks.dyadic(rng, 3, 2, 3, 3, most=8)),
             sources=("input",)),
        Node(name="n", op=source_networks.plain(rng, 3, **iaf), sources=("c",)),
        Node(name="p", op=Pool(kind="average", size=(2, 2), stride=(2, 2)), sources=("n",)),
        Node(name="f", op=Flatten(), sources=("p",)),
        Node(name="fc", op=Linear(weight=source_networks.dyadic(rng, 4, 27)), sources=("f",)),
        Node(name="o", op=source_networks.plain(rng, 4, **iaf), sources=("fc",)),
    )  # fmt: skip
    network = Network(input_shape=(2, 8, 8), nodes=nodes)
    x = source_networks.frames(rng, network)
    lowered = lower(network, samples=x)
    assert lowered.tables.layers[1].neuron.spike_bits > 1
    assert run(network, x).spikes["o"].max() > 1
    agrees(network, x, lowered)


def test_more_spikes_than_can_be_counted_are_said() -> None:
    neuron = lif(reset="subtract", most=None, decay=A(1.0), threshold=A(0.0078125))
    lowered = lower(one(neuron, [[1.0] * 6]), steps=4)
    assert lowered.tables.layers[0].neuron.most_spikes == 255
    assert lowered.reasons["n"].endswith(
        "a neuron could send 768 spikes in a step, and sends at most 255"
    )


def test_an_average_and_the_spikes_themselves_may_both_be_read() -> None:
    rng = np.random.default_rng(0)
    nodes = (
        Node(name="c", op=Conv(weight=source_networks.dyadic(rng, 2, 1, 1, 1)),
             sources=("input",)),
        Node(name="n", op=lif(threshold=A(0.25)), sources=("c",)),
        Node(name="p", op=Pool(kind="average", size=(2, 2), stride=(2, 2)), sources=("n",)),
        Node(name="c1", op=Conv(weight=np.ones((2, 2, 2, 2)) / 4, stride=(2, 2)), sources=("n",)),
        Node(name="c2", op=Conv(weight=np.ones((2, 2, 1, 1))), sources=("p",)),
        Node(name="o", op=lif(), sources=("c1", "c2")),
        Node(name="f", op=Flatten(), sources=("o",)),
        Node(name="fc", op=Linear(weight=source_networks.dyadic(rng, 2, 8)), sources=("f",)),
        Node(name="e", op=lif(), sources=("fc",)),
    )  # fmt: skip
    network = Network(input_shape=(1, 4, 4), nodes=nodes)
    x = source_networks.frames(rng, network)
    agrees(network, x, lower(network, samples=x))


def chain(*ops: Any, shape: tuple[int, ...] = (2, 6, 6)) -> Network:
    names = ["input", *(f"o{i}" for i in range(len(ops)))]
    nodes = tuple(Node(name=names[i + 1], op=op, sources=(names[i],)) for i, op in enumerate(ops))
    return Network(input_shape=shape, nodes=nodes)


POOL = Pool(kind="max", size=(2, 2), stride=(2, 2))
CONV = Conv(weight=np.ones((2, 2, 1, 1)))
TWO = Affine(scale=A(2.0), offset=A(0.0))


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (one(lif(current=Current(decay=A(0.5)), bias=A(0.25))),
         ("layer n: the tables can't say a v_leak of neurons with a synaptic current; set it to "
         "0")),
        (
            one(lif(reset="subtract", most=None, comparator=">")),
            (
                "layer n: the tables can't say several spikes a step of neurons that fire at '>'; "
                "take neurons that fire at '>='"
            ),
        ),
        (chain(CONV, POOL, lif(), POOL, CONV, lif()),
         ("layer o2: the tables can't say a maximum of currents before the neurons and a pool "
         "behind them; leave one out")),
        (one(lif(v_reset=A(-0.25))),
         ("layer n: potentials must start from v_reset, -0.25, not from 0: the tables count from "
         "where they start; set both to the same")),
        (one(lif(reset="subtract", initial=A(0.5))),
         "layer n: potentials must start from 0 where a threshold is subtracted, not from 0.5"),
        (one(lif(reset="delayed", threshold=A(-1.0))),
         "layer n: threshold must be 0 or more where a reset comes a step late, not -1"),
        (chain(CONV, lif(threshold=None, reset="none"), CONV, lif()),
         ("layer o1: a layer that never fires must be the last, as tables send spikes on and no "
         "potentials; give it a threshold, or leave it out")),
        (one(lif(), readout="potential"),
         ("layer n: reset must be 'none' where its potential is read, as a layer of the tables "
         "doesn't fire then, not 'zero'; read its spikes, or train it without a reset")),
        (chain(Delay(steps=A(256)), Linear(weight=np.ones((1, 3))), lif(), shape=(3,)),
         "layer o2: the tables can't say a delay of 256 steps from input; take 255 at most"),
        (feeding_back(257, "n"),
         "layer n: the tables can't say a delay of 257 steps from n; take 256 at most"),
        (feeding_back(1, "m"),
         ("layer n: the tables can't say what comes back from m, a later layer; feed back the "
         "layer's own spikes")),
        (chain(Linear(weight=np.ones((2, 3)), bias=A([0.0, 0.5])), Delay(steps=A([0, 1])), lif(),
               shape=(3,)),
         ("node o1: what is delayed must come without a bias, which would be missing in the first "
         "steps alone; put the bias behind the delay")),
        (chain(CONV, Affine(scale=A(1.0), offset=A(0.5)), Delay(steps=A(1)), lif()),
         ("node o2: what is delayed must come without a bias, which would be missing in the first "
         "steps alone; put the bias behind the delay")),
        (chain(Delay(steps=A([0, 1, 2])), Linear(weight=np.ones((1, 3))), lif(), shape=(3,)),
         "node o1: delays of single channels must be behind weights"),
        (chain(CONV, Delay(steps=A([0, 1])), Flatten(), lif()),
         "node o2: delays of single channels must be behind weights"),
        (chain(CONV, Delay(steps=A([0, 1])), Delay(steps=A([1, 1])), lif()),
         "node o2: delays behind each other must be one a layer"),
        (chain(POOL, CONV, lif()),
         ("node o0: a maximum of the input must be of windows side by side, without padding, "
         "straight behind neurons or weights; make stride and size equal, or use an average")),
        (chain(CONV, Pool(kind="max", size=(3, 3), stride=(2, 2)), lif()),
         ("node o1: a maximum here must be of windows side by side, without padding, straight "
         "behind neurons or weights; make stride and size equal, or use an average")),
        (chain(CONV, POOL, CONV, lif()),
         ("node o2: neurons must come straight behind a maximum of currents, not a Conv; put the "
         "neurons before it")),
        (chain(CONV, lif(decay=np.linspace(0, 1, 72).reshape(2, 6, 6))),
         ("layer o1: decay must be the same for all neurons of a channel, not one for each place "
         "of a map; train with one a channel")),
        (chain(Affine(scale=A(1.0), offset=A(0.5)),
               Conv(weight=np.ones((1, 2, 3, 3)), padding=(1, 1)), lif()),
         ("layer o2: an offset before a convolution must come without padding, as it isn't there "
         "at the borders; take it into the samples")),
        (chain(CONV, Conv(weight=np.ones((2, 2, 3, 3)), padding=(1, 1)), lif()),
         ("layer o2: a padded or dilated convolution must come straight behind neurons or the "
         "input, not behind another linear map, such as an average; put neurons between them, or "
         "leave out the padding")),
        (chain(Pool(kind="average", size=(2, 2), stride=(2, 2)), Flatten(),
               Linear(weight=np.zeros((500, 10000))), lif(), shape=(1, 200, 200)),
         ("layer o3: linear maps behind each other must make at most 16777216 weights of a dense "
         "layer, not 20000000; put neurons between them")),
    ],
)  # fmt: skip
def test_what_tables_can_not_say_is_refused_by_name(network: Network, message: str) -> None:
    with pytest.raises(LoweringError, match=f"^{re.escape(message)}$"):
        lower(network, steps=4)


def test_maxima_that_are_read_in_two_ways_or_added_to_are_refused() -> None:
    nodes = (
        Node(name="c", op=CONV, sources=("input",)),
        Node(name="n", op=lif(), sources=("c",)),
        Node(name="p", op=POOL, sources=("n",)),
        Node(name="c1", op=Conv(weight=np.ones((2, 2, 2, 2)), stride=(2, 2)), sources=("n",)),
        Node(name="o", op=lif(), sources=("p", "c1")),
    )
    message = (
        "layer n: its maximum pool must be what all layers read, not beside the spikes "
        "themselves; pool in one way, or use an average"
    )
    with pytest.raises(LoweringError, match=f"^{re.escape(message)}$"):
        lower(Network(input_shape=(2, 6, 6), nodes=nodes), steps=4)
    nodes = (
        Node(name="c", op=CONV, sources=("input",)),
        Node(name="p", op=POOL, sources=("c",)),
        Node(name="c1", op=Conv(weight=np.ones((2, 2, 2, 2)), stride=(2, 2)), sources=("input",)),
        Node(name="o", op=lif(), sources=("p", "c1")),
    )
    message = (
        "layer o: a maximum of currents must be the only thing in front of neurons, as what is "
        "added behind it isn't in it; put it behind the neurons"
    )
    with pytest.raises(LoweringError, match=f"^{re.escape(message)}$"):
        lower(Network(input_shape=(2, 6, 6), nodes=nodes), steps=4)


def test_what_must_be_exact_and_is_not_is_refused() -> None:
    message = "layer n must be exact, but a decay of 15/16 rounds potentials in each step"
    with pytest.raises(LoweringError, match=f"^{re.escape(message)}$"):
        lower(one(lif(decay=A(15 / 16))), steps=4, bits=EXACT)
    network = one(lif(decay=A(1.0)), [[-1.0]])
    with pytest.raises(LoweringError, match="^layer n must be exact, but potentials can reach"):
        lower(network, samples=np.ones((6, 1, 1)), bits=Bits(exact=True, states=2))
    message = (
        "layer n must be exact, but its scale is too coarse in 8 bits: weights are rounded to 8 "
        "bits"
    )
    with pytest.raises(LoweringError, match=f"^{re.escape(message)}$"):
        lower(one(lif(), [[1.0, 0.001953125]]), steps=4, bits=EXACT)


def test_a_threshold_far_above_the_weights_is_refused() -> None:
    message = (
        "layer n: threshold must be less than 2**31 LSBs of its potentials, not 1.27e+10; its "
        "weights are too small for it"
    )
    with pytest.raises(LoweringError, match=f"^{re.escape(message)}$"):
        lower(one(lif(), [[1e-8]]), steps=4, bits=Bits(scales="layer"))


def test_a_channel_of_small_weights_takes_no_steps_from_the_others() -> None:
    # 0.0001 filling 8 bits would make its threshold 1.27 million LSBs, and all steps coarse.
    rows = [[0.6, 0.31], [0.37, -0.59], [0.0001, 0.00007], [0.41, 0.53]]
    lowered = lower(one(lif(), rows), samples=np.ones((6, 1, 2)))
    (layer,) = lowered.tables.layers
    threshold = layer.neuron.threshold
    assert threshold is not None and layer.neuron.store.shift == 0
    assert threshold.max() <= 4 * np.median(threshold) + 1
    small = np.abs(layer.synapses[0].weights[2]).max()
    assert small <= 1 < 80 < np.abs(layer.synapses[0].weights[0]).max()


def test_weights_of_a_quantizer_are_the_integers_that_they_are() -> None:
    rng = np.random.default_rng(0)
    whole = rng.integers(-7, 8, (6, 20))
    whole[:, 0] = 7
    steps = np.linspace(0.03, 0.08, 6)[:, None]
    lowered = lower(one(lif(), whole * steps), steps=4)
    (layer,) = lowered.tables.layers
    assert np.array_equal(layer.synapses[0].weights, whole) and layer.synapses[0].bits == 4
    scale = (1 << layer.neuron.gain) / steps[:, 0]
    assert layer.neuron.threshold is not None and layer.neuron.gain > 4
    assert layer.neuron.threshold.tolist() == np.round(scale).tolist()
    assert lowered.reasons["n"].endswith(
        "no power of two makes all its numbers whole: its threshold and its bias are rounded, its "
        "weights aren't"
    )


def test_potentials_that_are_read_keep_a_quantizers_integers_only_at_one_step() -> None:
    whole = np.random.default_rng(0).integers(-7, 8, (6, 20))
    whole[:, 0] = 7
    silent = Neuron(threshold=None, reset="none")
    same = lower(one(silent, whole * 0.03, readout="potential"), steps=4).tables.layers[0]
    assert np.array_equal(same.synapses[0].weights, whole)
    steps = np.linspace(0.03, 0.08, 6)[:, None]
    other = lower(one(silent, whole * steps, readout="potential"), steps=4).tables.layers[0]
    assert other.synapses[0].bits == 8


def test_an_input_beside_spikes_leaves_its_weights_some_levels() -> None:
    rng = np.random.default_rng(0)
    inputs, own = rng.normal(0, 0.1, (8, 30)), rng.normal(0, 0.2, (8, 8))
    nodes = (
        Node(name="fc", op=Linear(weight=inputs), sources=("input",)),
        Node(name="late", op=Delay(steps=np.array(1)), sources=("n",)),
        Node(name="own", op=Linear(weight=own), sources=("late",)),
        Node(name="n", op=lif(), sources=("fc", "own")),
    )
    network = Network(input_shape=(30,), nodes=nodes)
    x = rng.integers(0, 256, (4, 2, 30)) / 255
    lowered = lower(network, samples=x)
    bits = lowered.tables.input.activation.bits
    assert 2 <= bits < 8 and not lowered.input.exact
    assert lowered.input.scale * lowered.input.activation.high == pytest.approx(1)
    weights = lowered.tables.layers[0].synapses
    of_input = next(group.weights for group in weights if group.source == "input")
    assert np.median(np.abs(of_input).max(1)) >= 15
    (note,) = lowered.notes
    assert note == (
        f"the input is rounded from 8 bits to {bits}: layer n adds it up with spikes, whose "
        "weights are of the same scale"
    )
    # Where all is whole anyway, the input is what it was.
    exact = (
        replace(nodes[0], op=Linear(weight=np.round(inputs * 16) * 255 / 16)),
        *nodes[1:2],
        replace(nodes[2], op=Linear(weight=np.round(own * 16) / 16)),
        nodes[3],
    )
    kept = lower(replace(network, nodes=exact), samples=x)
    assert kept.tables.input.activation.bits == 8 and kept.notes == ()


def test_weights_lose_bits_rather_than_potentials_where_the_rule_is_exact_then() -> None:
    rng = np.random.default_rng(0)
    weight = rng.normal(0.08, 0.15, (6, 40))
    x = np.repeat(rng.integers(0, 256, (1, 9, 40)) * (rng.random(40) < 0.3) / 255, 8, axis=0)
    lowered = lower(one(lif(comparator=">", reset="delayed"), weight), samples=x)
    (layer,) = lowered.tables.layers
    assert layer.neuron.store.shift == 0
    (reason,) = lowered.reasons.values()
    assert re.search("weights are rounded to [67] bits", reason)
    found = rule_proof(lowered, lowered.input.integers(x), "samples")
    assert found.spikes == 10 and found.differing == 0


def test_a_bias_far_above_the_weights_is_taken() -> None:
    network = one(lif(bias=A(0.9)), [[1e-8]])
    lowered = lower(network, steps=4)
    assert np.abs(lowered.tables.layers[0].neuron.bias).max() <= 1 << 20


def test_steps_have_to_be_known() -> None:
    message = "steps must be given, the time steps of an inference: the source doesn't say"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        lower(one(lif()))
    assert lower(one(lif(), steps=7)).tables.steps == 7


def test_samples_that_are_not_finite_are_refused() -> None:
    with pytest.raises(LoweringError, match="^samples must be finite, but hold NaN or infinity$"):
        lower(one(lif()), samples=np.full((2, 1, 1), np.nan))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"weights": 9}, "weight_bits must be 1…8, not 9"),
        ({"states": 1}, "state_bits must be 2…16, not 1"),
        ({"scales": "any"}, "scales must be 'channel', 'power' or 'layer', not 'any'"),
    ],
)
def test_bits_that_there_are_none_of_are_refused(settings: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Bits(**settings)


@pytest.mark.parametrize("sources", [("a", "b"), ("a", "b", "c")])
@pytest.mark.parametrize("norm", [False, True])
def test_what_is_added_to_a_sum_of_layers_is_added_once(
    sources: tuple[str, ...], norm: bool
) -> None:
    rng = np.random.default_rng(len(sources))
    nodes = [
        node
        for name in sources
        for node in (
            Node(name=f"fc.{name}", op=Linear(weight=source_networks.dyadic(rng, 4, 5)),
                 sources=("input",)),
            Node(name=name, op=lif(), sources=(f"fc.{name}",)),
        )
    ]  # fmt: skip
    bias = source_networks.dyadic(rng, 3) + 0.5
    both = Linear(weight=source_networks.dyadic(rng, 3, 4), bias=None if norm else bias)
    nodes.append(Node(name="fc", op=both, sources=sources))
    if norm:
        nodes.append(Node(name="more", op=Linear(weight=source_networks.dyadic(rng, 3, 4)),
                          sources=(sources[-1],)))  # fmt: skip
        nodes.append(Node(name="bn", op=Affine(scale=A(0.5), offset=bias), sources=("fc", "more")))
    nodes.append(Node(name="out", op=lif(), sources=("bn" if norm else "fc",)))
    network = Network(input_shape=(5,), nodes=tuple(nodes))
    x = source_networks.frames(rng, network)
    lowered = lower(network, samples=x, bits=EXACT)
    agrees(network, x, lowered)
    assert run(network, x).spikes["out"].any()
