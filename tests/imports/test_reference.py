"""The reference against the README's rules by hand, and against the frameworks themselves."""

import re

import numpy as np
import pytest
from frameworks import snntorch, spikingjelly
from somagate.imports.floats import Floats
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
from somagate.imports.reference import Layer, apply, run


def alone(neuron: Neuron, x: list[float]) -> list[int]:
    """The spikes of one neuron that gets `x`."""
    net = Network(input_shape=(1,), nodes=(Node(name="n", op=neuron, sources=("input",)),))
    return run(net, np.array(x).reshape(-1, 1, 1)).spikes["n"].ravel().astype(int).tolist()


def unit(reset: str, comparator: str = ">", decay: float = 1.0) -> Neuron:
    return Neuron(
        threshold=np.array(1.0), reset=reset, comparator=comparator,
        decay=np.array(decay),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("neuron", "spikes"),
    [
        (unit("delayed"), [1, 1, 1, 0]),
        (unit("undelayed"), [1, 1, 0, 0]),
        (unit("subtract", ">="), [1, 1, 1, 0]),
    ],
)
def test_resets_differ_on_one_large_input(neuron: Neuron, spikes: list[int]) -> None:
    assert alone(neuron, [3.5, 0, 0, 0]) == spikes


def test_a_tie_fires_where_the_comparison_says_so() -> None:
    assert alone(unit("zero", ">="), [1.0] * 4) == [1, 1, 1, 1]
    assert alone(unit("zero", ">"), [1.0] * 4) == [0, 1, 0, 1]


def test_a_decay_of_eight_tenths_fires_when_its_framework_does() -> None:
    delayed = alone(unit("delayed", decay=0.8), [0.21] * 40)
    undelayed = alone(unit("undelayed", decay=0.8), [0.21] * 40)
    assert [t for t, s in enumerate(delayed) if s][:2] == [13, 28]
    assert [t for t, s in enumerate(undelayed) if s][:2] == [13, 27]


def test_a_blank_reset_loses_the_input_of_the_next_step() -> None:
    assert alone(unit("blank"), [2.0, 2.0, 2.0, 2.0]) == [1, 0, 1, 0]
    assert alone(unit("none"), [2.0, -2.0, 2.0]) == [1, 0, 1]


def test_several_spikes_a_step_are_counted_and_subtracted() -> None:
    many = Neuron(threshold=np.array(1.0), reset="subtract", most=None, low=np.array(-1.0))
    assert alone(many, [3.5, 0.5, -9.0, 1.75, 0.25]) == [3, 1, 0, 0, 1]
    strict = Neuron(threshold=np.array(1.0), reset="subtract", most=2, comparator=">")
    assert alone(strict, [2.0, 0.0, 3.5]) == [1, 0, 2]


def test_a_current_comes_at_once_or_a_step_late() -> None:
    def potentials(late: bool) -> list[float]:
        current = Current(decay=np.array(0.5), late=late)
        neuron = Neuron(threshold=None, reset="none", current=current, gain=np.array(2.0))
        net = Network(
            input_shape=(1,), nodes=(Node(name="n", op=neuron, sources=("input",)),),
            readout="potential",
        )  # fmt: skip
        return run(net, np.array([1.0, 0, 0]).reshape(3, 1, 1)).kept["n"].ravel().tolist()

    assert potentials(False) == [2.0, 3.0, 3.5]
    assert potentials(True) == [0.0, 2.0, 3.0]


def test_delays_are_of_each_channel_and_feed_back() -> None:
    weight = np.array([[1.0], [1.0]])
    net = Network(
        input_shape=(1,),
        nodes=(
            Node(name="fc", op=Linear(weight=weight), sources=("input",)),
            Node(name="late", op=Delay(steps=np.array([0, 2])), sources=("fc",)),
            Node(name="n", op=unit("zero", ">="), sources=("late", "back")),
            Node(name="once", op=Delay(steps=np.array(1)), sources=("n",)),
            Node(name="back", op=Linear(weight=np.array([[0.0, 1.0], [0, 0]])), sources=("once",)),
        ),
    )
    done = run(net, np.array([1.0, 0, 0, 0]).reshape(4, 1, 1), maps=True)
    assert done.spikes["n"][:, 0].tolist() == [[1, 0], [0, 0], [0, 1], [1, 0]]
    assert done.maps["late"][:, 0].tolist() == [[1, 0], [0, 0], [0, 1], [0, 0]]


def test_x_of_another_shape_is_refused() -> None:
    net = Network(input_shape=(1,), nodes=(Node(name="n", op=unit("zero"), sources=("input",)),))
    message = "x must have shape (steps, batch, 1), not (3, 1, 2)"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        run(net, np.zeros((3, 1, 2)))


def test_operations_are_those_of_torch() -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    x = rng.integers(-3, 4, (2, 4, 9, 8)).astype(float)
    weight = rng.integers(-3, 4, (6, 2, 3, 2)).astype(float)
    form = {"stride": (2, 1), "padding": (1, 2), "dilation": (2, 1), "groups": 2}
    t, bias = torch.tensor(x), np.arange(6.0)
    made: list[tuple[Floats, object]] = [
        (
            apply(Conv(weight=weight, bias=bias, **form), x),
            torch.nn.functional.conv2d(t, torch.tensor(weight), torch.tensor(bias), **form),
        ),
        (
            apply(Pool(kind="max", size=(3, 2), stride=(2, 2), padding=(1, 1)), x),
            torch.nn.functional.max_pool2d(t, (3, 2), (2, 2), (1, 1)),
        ),
        (
            apply(Pool(kind="average", size=(4, 2), stride=(2, 2), padding=(1, 1)), x),
            torch.nn.functional.avg_pool2d(t, (4, 2), (2, 2), (1, 1)),
        ),
        (apply(Pool(kind="sum", size=(2, 2), stride=(2, 2)), x),
         4 * torch.nn.functional.avg_pool2d(t, 2)),
        (apply(Flatten(), x), t.flatten(1)),
        (apply(Affine(scale=np.arange(4.0), offset=np.array(1.0)), x),
         t * torch.arange(4.0)[:, None, None] + 1),
    ]  # fmt: skip
    for ours, theirs in made:
        assert np.array_equal(ours, theirs.numpy())


X = np.random.default_rng(3).integers(-16, 17, (40, 2, 5)) / 16
"""Currents of five neurons."""


def of_layer(neuron: Neuron) -> tuple[Floats, Floats, Floats]:
    net = Network(input_shape=(5,), nodes=(Node(name="n", op=neuron, sources=("input",)),))
    done = run(net, X)
    return done.spikes["n"], done.compared["n"], done.kept["n"]


@pytest.mark.parametrize("reset", ["zero", "subtract", "none"])
@pytest.mark.parametrize("delay", [True, False])
def test_leaky_is_snntorchs(reset: str, delay: bool) -> None:
    snn, torch = snntorch()
    leaky = snn.Leaky(beta=0.5, reset_mechanism=reset, reset_delay=delay)
    rule = {"zero": "zero", "subtract": "delayed" if delay else "undelayed", "none": "none"}[reset]
    spikes, compared, kept = of_layer(unit(rule, decay=0.5))
    mem = leaky.reset_mem()
    for t, x in enumerate(torch.tensor(X)):
        spike, mem = leaky(x, mem)
        assert np.array_equal(spikes[t], spike.numpy()), t
        assert np.array_equal((compared if delay else kept)[t], mem.numpy()), t
    assert 0 < spikes.sum() < spikes.size


@pytest.mark.parametrize("reset", ["zero", "subtract", "none"])
def test_synaptic_is_snntorchs(reset: str) -> None:
    snn, torch = snntorch()
    neuron = Neuron(
        threshold=np.array(1.0), decay=np.array(0.5), comparator=">",
        reset={"zero": "blank", "subtract": "delayed", "none": "none"}[reset],
        current=Current(decay=np.array(0.75)),
    )  # fmt: skip
    spikes, compared, _ = of_layer(neuron)
    layer = snn.Synaptic(alpha=0.75, beta=0.5, reset_mechanism=reset)
    syn, mem = layer.reset_mem()
    for t, x in enumerate(torch.tensor(X)):
        spike, syn, mem = layer(x, syn, mem)
        assert np.array_equal(spikes[t], spike.numpy()), t
        assert np.array_equal(compared[t], mem.numpy()), t
    assert 0 < spikes.sum() < spikes.size


def test_a_rule_follows_another_where_only_rounding_differs() -> None:
    layer = Layer(unit("delayed", decay=0.5), (1,), 1)
    near = np.full((1, 1), 1 + 1e-6)
    layer.follow(near, np.zeros((1, 1)), 1e-3)  # it fires, and the other doesn't quite
    assert layer.spikes[-1] == 0
    assert layer.step(near) == 1 and np.isclose(layer.compared[-1], 1.5)
    message = (
        "neurons must follow the rule that is known of them, but in step 2 neuron (0,) of sample 0 "
        "puts out 0 where the rule has 1; either this version of the framework computes something "
        "else, or float32 has rounded potentials far away: pass net.double() and sample.double(), "
        "and if that is taken it was float32"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        layer.follow(np.full((1, 1), 3.0), np.zeros((1, 1)), 1e-3)


def test_a_reset_without_delay_follows_what_rounding_makes_of_it() -> None:
    layer = Layer(unit("undelayed", decay=0.5), (1,), 1)
    one, none = np.ones((1, 1)), np.zeros((1, 1))
    layer.follow(2 * one + 1e-6, one, 1e-3)  # keeps a little more than its threshold, which fires
    assert layer.kept[-1] == pytest.approx(1, 1e-5)
    layer.follow(one, one, 1e-3)  # the other kept a little less, and takes none off before it fires
    assert layer.compared[-1] == pytest.approx(1.5, 1e-5) and layer.kept[-1] == pytest.approx(
        0.5, 1e-5
    )
    layer.follow(none, none, 1e-3)
    assert layer.kept[-1] == pytest.approx(0.25, 1e-5)
    with pytest.raises(ValueError, match="^neurons must follow the rule that is known of them"):
        layer.follow(one, none, 1e-3)


@pytest.mark.parametrize("decay_input", [True, False])
@pytest.mark.parametrize("v_reset", [0.0, -0.25, None])
def test_lif_is_spikingjellys(decay_input: bool, v_reset: float | None) -> None:
    neuron, torch = spikingjelly()
    layer = neuron.LIFNode(tau=2.0, decay_input=decay_input, v_reset=v_reset, v_threshold=0.25)
    rest = 0.0 if v_reset is None else v_reset
    ours = Neuron(
        threshold=np.array(0.25), decay=np.array(0.5), gain=np.array(0.5 if decay_input else 1.0),
        bias=np.array(rest / 2), v_reset=np.array(rest), initial=np.array(rest),
        reset="subtract" if v_reset is None else "zero",
    )  # fmt: skip
    spikes, _, kept = of_layer(ours)
    for t, x in enumerate(torch.tensor(X)):
        assert np.array_equal(spikes[t], layer(x).numpy()), t
        assert np.array_equal(kept[t], layer.v.numpy()), t
    assert 0 < spikes.sum() < spikes.size
