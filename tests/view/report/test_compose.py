"""The parts of a report that a small run doesn't have."""

from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import somagate as sg
from somagate.export.neuron import Neuron, Shift
from somagate.export.synapse import Dense, Identity
from somagate.export.tables import Input, Layer, Readout, Tables
from somagate.view.report import network, overview
from somagate.view.report.compose import Content, html
from somagate.view.report.measure import Measured, measure
from somagate.view.report.run import Run
from tiny_tables import tiny

HOSTILE = "<img src=x onerror=alert(1)>'\"\u202e"


class Tags(HTMLParser):
    """Collects the tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.found.add(tag)


def measured(tables: Tables, names: tuple[str, ...]) -> Measured:
    data = sg.samples(tables, "digits", 20)
    return measure(tables, data, title=HOSTILE, labelled=True, class_names=names)


def test_class_names_and_data_are_text() -> None:
    tables = tiny()
    found = measured(tables, tuple(f"{HOSTILE}{number}" for number in range(10)))
    run = Run(name=HOSTILE, tables=tables, accuracies={}, built={})
    text = html(Content(run=run, measured=found, cost=None))
    tags = Tags()
    tags.feed(text)
    assert "img" not in tags.found
    assert "\u202e" not in text


def test_many_classes_are_a_list_of_mistakes() -> None:
    matrix = np.zeros((100, 100), np.int64)
    matrix[3, 4], matrix[7, 2] = 9, 5
    neuron = Neuron(
        bias=np.zeros(100, np.int32), threshold=None, reset="none", store=Shift(bits=9, shift=0)
    )
    dense = Dense(source="conv1", weights=np.ones((100, 64), np.int32), bits=2)
    last = Layer(name="output", synapses=(dense,), neuron=neuron)
    tables = tiny(layers=(tiny().layers[0], last))
    found = replace(measured(tiny(), ()), confusion=matrix, samples=14)
    *_, pictures = overview.confusion(tables, found)
    assert "The most frequent mistakes" in pictures.pictures[0].table
    assert "<bdi>3</bdi>" in pictures.pictures[0].table
    assert pictures.pictures[0].alt.endswith("3 for 4 9 times, 7 for 2 5 times.")


def test_residual_and_recurrent_groups_go_around() -> None:
    random = np.random.default_rng(1)

    def dense(source: str) -> Dense:
        return Dense(source=source, weights=random.integers(-3, 4, (6, 6)), bits=3)

    neuron = Neuron(
        bias=np.zeros(6, np.int32), threshold=np.full(6, 3), store=Shift(bits=4, shift=0)
    )
    shortcut = Identity(source="a", weights=np.ones(6, np.int32), bits=2)
    layers = (
        Layer(name="a", synapses=(dense("input"), dense("a")), neuron=neuron),
        Layer(name="b", synapses=(dense("a"),), neuron=neuron),
        Layer(name="c", synapses=(dense("b"), shortcut), neuron=neuron),
    )
    tables = Tables(
        name="net", steps=2, input=Input(shape=(6,)), layers=layers, readout=Readout(layer="c")
    )
    shown = network.graph(tables, None)
    assert "Edges: input to a; a to a; a to b; b to c; a to c." in shown.alt
    kinds = [type(one.glyph).__name__ for one in shown.figure.renderers]
    assert kinds.count("Line") == 2
    assert kinds.count("Rect") == 1
