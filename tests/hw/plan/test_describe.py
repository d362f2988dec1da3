"""A layer's weights are stored at the width that they need."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from plans import a_stage, everything, one_bit


@pytest.mark.parametrize(
    ("channels", "mask", "banks", "widths"),
    [
        (8, None, 1, [1, 1]),
        (7, None, 1, [1, 1]),
        (8, None, 4, [1, 1]),
        # A row of a padded channel must be 0, so it can't be a sign.
        (7, None, 4, [1, 2]),
        (8, [True] * 7 + [False], 1, [1, 1]),
        (8, [True] * 7 + [False], 2, [1, 2]),
    ],
)
def test_a_one_bit_weight_is_a_sign_where_no_weight_is_0(
    channels: int, mask: Any, banks: int, widths: list[int]
) -> None:
    tables = one_bit((4,), channels, None if mask is None else np.array(mask))
    plan = a_stage(tables, lanes=4, banks=banks)
    assert [d.sources[0].weight_bits for d in plan.descriptors] == widths
    # It is added as +1 or -1 all the same.
    assert plan.weight_bits == 2


def test_a_one_bit_weight_of_a_grouped_source_is_stored_as_two() -> None:
    tables = everything()
    layer = tables.layers[0]
    group = layer.synapses[0]
    group = replace(group, bits=1, weights=np.where(group.weights < 0, -1, 1))
    layers = (replace(layer, synapses=(group,)), *tables.layers[1:])
    plan = a_stage(replace(tables, layers=layers), lanes=4)
    assert plan.descriptors[0].sources[0].weight_bits == 2
