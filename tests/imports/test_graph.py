"""A source's network as data: shapes, order, and what is refused."""

import re

import numpy as np
import pytest
from somagate.imports.floats import dyadic, floats, snapped
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

ONES = np.ones((3, 4))


def network(*nodes: Node, shape: tuple[int, ...] = (4,)) -> Network:
    return Network(input_shape=shape, nodes=nodes)


def neuron(**settings: object) -> Neuron:
    return Neuron(**{"threshold": np.array(1.0), **settings})


def test_nodes_are_put_behind_their_sources() -> None:
    net = network(
        Node(name="lif", op=neuron(), sources=("fc",)),
        Node(name="fc", op=Linear(weight=ONES), sources=("input",)),
    )
    assert [node.name for node in net.nodes] == ["fc", "lif"]
    assert net.shapes == {"input": (4,), "fc": (3,), "lif": (3,)}
    assert net.output == "lif"
    assert net.node("fc").sources == ("input",)


def test_a_delay_may_feed_back_and_has_the_shape_of_what_it_delays() -> None:
    net = network(
        Node(name="fc", op=Linear(weight=ONES), sources=("input",)),
        Node(name="lif", op=neuron(), sources=("fc", "r")),
        Node(name="late", op=Delay(steps=np.array(1)), sources=("lif",)),
        Node(name="r", op=Linear(weight=np.ones((3, 3))), sources=("late",)),
    )
    assert net.shapes["late"] == net.shapes["r"] == (3,)


def test_shapes_go_through_every_operation() -> None:
    conv = Conv(weight=np.ones((4, 1, 3, 3)), stride=(2, 1), padding=(1, 1), dilation=(1, 2))
    net = network(
        Node(name="c", op=conv, sources=("input",)),
        Node(name="bn", op=Affine(scale=np.ones(4), offset=np.zeros(4)), sources=("c",)),
        Node(name="n", op=neuron(decay=np.full(4, 0.5)), sources=("bn",)),
        Node(name="p", op=Pool(kind="max", size=(2, 2), stride=(2, 2)), sources=("n",)),
        Node(name="f", op=Flatten(), sources=("p",)),
        Node(name="fc", op=Linear(weight=np.ones((2, 24))), sources=("f",)),
        Node(name="out", op=neuron(), sources=("fc",)),
        shape=(1, 7, 8),
    )
    assert net.shapes["c"] == net.shapes["n"] == (4, 4, 6)
    assert net.shapes["p"] == (4, 2, 3)
    assert net.shapes["out"] == (2,)


def test_the_hash_is_of_all_numbers_and_choices() -> None:
    def made(**settings: object) -> str:
        return network(
            Node(name="fc", op=Linear(weight=ONES), sources=("input",)),
            Node(name="lif", op=neuron(**settings), sources=("fc",)),
        ).sha256

    current = {"current": Current(decay=np.array(0.5))}
    late = {"current": Current(decay=np.array(0.5), late=True)}
    hashes = [made(), made(comparator=">"), made(decay=np.array(0.5)), made(**current)]
    assert made() == hashes[0]
    assert len({*hashes, made(**late)}) == 5


FC = Node(name="fc", op=Linear(weight=ONES), sources=("input",))
LIF = Node(name="lif", op=neuron(), sources=("fc",))


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ((FC, FC, LIF), "Network nodes must have names of their own, not 'fc' twice"),
        ((FC, Node(name="a", op=neuron(), sources=("b",))), "node a: source 'b' must be a node"),
        ((FC, Node(name="a", op=neuron(), sources=())), "node a must have a source, not none"),
        ((FC,), "Network must have a layer of neurons, not none"),
        (
            (FC, Node(name="lif", op=neuron(), sources=("fc", "r")),
             Node(name="r", op=Linear(weight=np.ones((3, 3))), sources=("lif",))),
            "nodes must not form a circle without a delay, as lif, r do",
        ),
        (
            (FC, Node(name="lif", op=neuron(), sources=("fc", "input"))),
            "node lif: sources must have one shape, not (3,) and (4,) of 'input'",
        ),
        (
            (FC, Node(name="lif", op=neuron(decay=np.ones(5)), sources=("fc",))),
            ("node lif: parameter decay must have one value, 3 (one a channel) or the shape (3,), "
            "not (5,)"),
        ),
        (
            (Node(name="fc", op=Linear(weight=np.ones((3, 5))), sources=("input",)), LIF),
            "node fc: Linear takes 5 elements, not a source of shape (4,)",
        ),
        (
            (Node(name="c", op=Conv(weight=np.ones((1, 1, 3, 3))), sources=("input",)), FC, LIF),
            "node c: Conv takes a map of (channels, rows, columns), not of shape (4,)",
        ),
    ],
)  # fmt: skip
def test_a_network_that_is_none_is_refused(nodes: tuple[Node, ...], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        network(*nodes)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"reset": "sub"}, ("Neuron reset must be 'zero', 'subtract', 'delayed', 'undelayed', "
         "'blank' or 'none', not 'sub'")),
        ({"comparator": "<"}, "Neuron comparator must be '>' or '>=', not '<'"),
        ({"threshold": None}, "Neuron reset must be 'none' where threshold is None, not 'zero'"),
        ({"most": 3}, ("Neuron reset must be 'subtract' or 'none' with several spikes a step, "
         "not 'zero'")),
        ({"most": 3, "reset": "subtract", "threshold": np.array(0.0)},
         "Neuron threshold must be above 0 with several spikes a step, not 0.0"),
        ({"decay": np.array(np.nan)}, "Neuron decay must be finite, not nan"),
        ({"decay": np.ones((2, 2))}, "Neuron decay must have 0 or 1 or 3 axes, not 2: (2, 2)"),
    ],
)  # fmt: skip
def test_a_rule_that_is_none_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        neuron(**settings)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Linear(weight=ONES, bias=np.ones(4)),
         "Linear bias must have 3 values as weight has, not 4"),
        (lambda: Conv(weight=np.ones((3, 1, 1, 1)), groups=2),
         "Conv groups must divide 3 channels, not 2"),
        (lambda: Conv(weight=np.ones((3, 2, 1, 1))).target((1, 4, 4)),
         "Conv takes 2 channels, not 1"),
        (lambda: Pool(kind="max", size=(5, 5), stride=(5, 5)).target((1, 4, 4)),
         "Pool of 5×5 with padding (0, 0) must fit the map, not be larger than 4×4"),
        (lambda: Pool(kind="min", size=(2, 2), stride=(2, 2)),
         "Pool kind must be 'max', 'average' or 'sum', not 'min'"),
        (lambda: Delay(steps=np.array([-1])),
         "Delay steps must be 0…65535, one or one a channel, not [-1]"),
        (lambda: floats("a", np.ones((0, 2)), (2,)), "a must not be empty, but has shape (0, 2)"),
        (lambda: floats("a", np.array([1e31]), (1,)), "a must be at most 1e+30 in size, not 1e+31"),
        (lambda: floats("a", np.array([1, np.inf]), (1,)), "a must be finite, not inf at (1,)"),
    ],
)  # fmt: skip
def test_an_operation_that_is_none_is_refused(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make()


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(TypeError, match="^a must hold numbers, not <U1$"):
        floats("a", np.array(["x"]), (1,))
    with pytest.raises(TypeError, match="^Delay steps must be integers, not float64$"):
        Delay(steps=np.array(1.5))


def test_decays_as_good_as_dyadic_are_found() -> None:
    assert dyadic(0.49999999) == (1, 1)
    assert dyadic(0.9375) == (15, 4)
    assert dyadic(1.0) == (1, 0)
    assert dyadic(0.9) is None
    assert snapped(np.array([0.4999999, 0.9])).tolist() == [0.5, 0.9]
