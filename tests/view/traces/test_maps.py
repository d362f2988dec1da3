from dataclasses import replace

import numpy as np
import somagate as sg
from somagate.view.traces.inspected import Inspected
from somagate.view.traces.maps import InputMap
from tiny_tables import tiny


def test_the_input_of_a_step_is_drawn() -> None:
    tables = tiny()
    x = sg.samples(tables)[:3].x
    x[2, 1] = np.arange(64).reshape(1, 8, 8) % 2
    trace = replace(sg.simulate(tables, x), input=x)
    pictured = InputMap(Inspected(tables=tables, traces=(trace,), names=("golden",), x=x))
    pictured.draw(2, 1)
    (image,) = (r for r in pictured.figure.renderers if "image" in r.data_source.data)
    assert np.array_equal(image.data_source.data["image"][0], x[2, 1, 0])
