"""What the accelerator lacks is refused, word for word."""

from dataclasses import replace

import numpy as np
import pytest
from plans import Shapes, everything, network
from refusal import refused
from somagate.export.tables import Tables
from somagate.hw.plan.plan import Plan
from somagate.hw.plan.support import UnsupportedError, reasons, refuse

PRUNED_CLASS = "layer out: channel_mask must keep every class of the readout; prune other layers"


def with_mask(tables: Tables, index: int, mask: list[bool]) -> Tables:
    layers = list(tables.layers)
    layers[index] = replace(layers[index], channel_mask=np.array(mask))
    return replace(tables, layers=tuple(layers))


@pytest.mark.parametrize("mask", [[True, False, True], [False, False, True]])
def test_a_pruned_class_is_refused(mask: list[bool]) -> None:
    tables = with_mask(everything(), 3, mask)
    with refused(UnsupportedError, PRUNED_CLASS):
        refuse(tables)
    with refused(UnsupportedError, PRUNED_CLASS):
        Plan.single(tables)
    assert issubclass(UnsupportedError, ValueError)


def test_what_is_there_is_not_refused() -> None:
    tables = network((2, 4, 4), [Shapes(channels=4, mask=[0, 1, 0, 0])])
    for some in (everything(), everything(constant=True), tables):
        refuse(some)
        assert not any(reasons(some, layer) for layer in some.layers)
