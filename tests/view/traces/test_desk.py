import json
from dataclasses import replace

import somagate as sg
from bokeh.document import Document
from somagate.view.traces.desk import Desk
from somagate.view.traces.inspected import Inspected
from tiny_tables import tiny


def test_where_only_an_answer_differs_its_class_is_looked_at() -> None:
    tables = tiny()
    x = sg.samples(tables)[:3].x
    golden = sg.simulate(tables, x)
    output = golden.output.copy()
    output[1, 4] += 1
    traces = (golden, replace(golden, output=output))
    inspected = Inspected(tables=tables, traces=traces, names=("golden", "RTL"), x=x)
    document = Document()
    desk = Desk(document, inspected)
    assert (desk.layer, desk.place, desk.sample, desk.step) == ("output", (4,), 1, 3)
    (wire,) = (root for root in document.roots if root.name == "wire")
    told = json.loads(wire.children[1].value)["html"]["difference"]
    assert "golden and RTL differ first in class 4, sample 1: output" in told
