"""The parameter memory has a field for all that differs by channel, as wide as it must be."""

from typing import Any

import numpy as np
import pytest
from plans import a_stage, branched, everything, one_bit, with_neurons
from somagate.export.neuron import Leak, Ternary
from somagate.hw.plan.stage_plan import StagePlan

TABLES = branched()


def fields(plan: StagePlan) -> dict[str, Any]:
    return {field.name: field for field in plan.parameters}


def test_parameters_lie_chunk_by_chunk_with_unused_lanes_that_never_fire() -> None:
    tables = with_neurons(
        TABLES,
        l1={"bias": [1, 2, 3, 4, 5, 6], "threshold": [11, 12, 13, 14, 15, 16]},
        out={"bias": [-3, -2, -1], "threshold": [-7, 8, 9]},
    )
    plan = a_stage(tables, lanes=4, update_lanes=2)
    found = fields(plan)
    assert list(found) == ["bias", "threshold"]
    # l0 has 5 channels in 3 chunks; of l1 channels 0, 2, 3 and 5 are kept; the readout comes last.
    assert found["bias"].values[3:5].tolist() == [[1, 3], [4, 6]]
    assert found["threshold"].values[3:5].tolist() == [[11, 13], [14, 16]]
    never = plan.bounds.update[1] + 1
    assert found["bias"].values[-2:].tolist() == [[-3, -2], [-1, 0]]
    assert found["threshold"].values[-2:].tolist() == [[-7, 8], [9, never]]


def test_a_field_that_no_layer_needs_is_not_there() -> None:
    subtract = {"reset": "subtract", "amount": [4, -9, 5]}
    leaks = {"leak": Leak(multiplier=[1, 2, 3], shift=2)}
    plans = {
        "bias threshold": a_stage(TABLES),
        "bias threshold amount": a_stage(with_neurons(TABLES, l2=subtract)),
        "bias threshold multiplier": a_stage(with_neurons(TABLES, l2=leaks)),
        "bias threshold amount multiplier": a_stage(with_neurons(TABLES, l2=subtract | leaks)),
    }
    for names, plan in plans.items():
        assert list(fields(plan)) == names.split()


def test_fields_are_as_wide_as_their_values() -> None:
    tables = with_neurons(
        TABLES,
        l2={
            "bias": [-8, 0, 7], "reset": "subtract", "amount": [15, -1, 16],
            "leak": Leak(multiplier=[1, 2, 3], shift=2),
        },
    )  # fmt: skip
    found = fields(a_stage(tables))
    assert {name: field.bits for name, field in found.items() if name != "threshold"} == {
        "bias": 4, "amount": 6, "multiplier": 3
    }  # fmt: skip
    for field in found.values():
        half = 1 << (field.bits - 1)
        assert field.values.min() >= -half and field.values.max() < half


def test_parameter_words_hold_each_lanes_fields_lowest_lane_first() -> None:
    tables = with_neurons(
        TABLES,
        l2={
            "bias": [-8, 0, 7],
            "threshold": [3, -2, 1],
            "reset": "subtract",
            "amount": [15, -1, 16],
            "leak": Leak(multiplier=[1, 2, 3], shift=2),
        },
    )
    plan = a_stage(tables, lanes=4, update_lanes=2)
    bits = [field.bits for field in plan.parameters]
    assert plan.parameter_bits == sum(bits)
    assert len(plan.parameter_words) == len(plan.parameters[0].values)
    for row, word in enumerate(plan.parameter_words):
        for lane in range(2):
            for field in plan.parameters:
                value = word % (1 << field.bits)
                word >>= field.bits
                value -= (1 << field.bits) * (value >> (field.bits - 1))
                assert value == field.values[row, lane]
        assert word == 0


def test_a_threshold_out_of_reach_is_the_nearest_one_that_decides_the_same() -> None:
    thresholds = [-(2**31), 2**31 - 1, 0]
    tables = with_neurons(TABLES, out={"threshold": thresholds})
    plan = a_stage(tables, lanes=4, update_lanes=4)
    low, high = plan.bounds.update
    assert fields(plan)["threshold"].values[-1].tolist() == [low, high + 1, 0, high + 1]


def test_a_layer_that_never_fires_has_a_threshold_out_of_reach() -> None:
    tables = with_neurons(TABLES, l2={"threshold": None, "reset": "none"})
    plan = a_stage(tables, lanes=4, update_lanes=4)
    row = plan.descriptors[2].parameter_base
    never = plan.bounds.update[1] + 1
    assert fields(plan)["threshold"].values[row].tolist() == [never] * 4


@pytest.mark.parametrize("loadable", [False, True])
def test_an_unused_lane_is_never_kept_and_its_threshold_is_beyond_any_sum(loadable: bool) -> None:
    """A lane of ±1 weights adds them up, used or not: no u of the width reaches its threshold."""
    tables = one_bit((9,), 5)
    plan = a_stage(tables, lanes=4, update_lanes=2, loadable=loadable)
    found = fields(plan)
    chosen = np.concatenate([d.lane_channels() for d in plan.descriptors])
    assert (found["threshold"].values[chosen < 0] == 1 << (plan.update_bits - 1)).all()
    assert ("keep" in found) == loadable
    if loadable:
        assert found["keep"].bits == 1
        assert found["keep"].values.tolist() == (-(chosen >= 0).astype(int)).tolist()


def test_levels_and_boundaries_of_ternary_stores_are_parameters() -> None:
    level, boundary = [1, 20, 300], [2**31 - 1, 1, 15]
    tables = with_neurons(TABLES, l2={"store": Ternary(level=level, boundary=boundary)})
    plan = a_stage(tables, lanes=4, update_lanes=4)
    found = fields(plan)
    assert list(found) == ["bias", "threshold", "level", "boundary"]
    row = plan.descriptors[2].parameter_base
    assert found["level"].values[row].tolist() == [*level, 0]
    # A boundary that no r reaches is stored as one that fits.
    assert found["boundary"].values[row].tolist() == [plan.bounds.store_limit, 1, 15, 1]
    low, high = plan.bounds.update
    assert plan.bounds.store_limit == max(-low, high) + 1
    assert plan.layer_modes[2].shift is None
    # Other layers have none.
    assert not found["level"].values[:row].any()


def test_amounts_reach_beyond_u_and_so_does_the_largest_boundary() -> None:
    changes = {"reset": "subtract", "amount": [-(2**31), 5, 6]}
    store = Ternary(level=[1] * 3, boundary=[2**31 - 1] * 3)
    tables = with_neurons(TABLES, l2=changes | {"store": store})
    plan = a_stage(tables, lanes=4, update_lanes=4)
    bounds = max(map(abs, plan.bounds.update))
    assert plan.bounds.store_limit == bounds + 2**31 + 1
    row = plan.descriptors[2].parameter_base
    assert fields(plan)["boundary"].values[row].tolist() == [2**31 - 1] * 3 + [1]


def test_fields_of_a_loadable_stage_hold_any_u() -> None:
    plan = a_stage(everything(), lanes=4, loadable=True)
    found = fields(plan)
    assert list(found) == [
        "bias", "threshold", "amount", "multiplier", "level", "boundary", "keep"
    ]  # fmt: skip
    assert all(f.bits >= plan.update_bits + 1 for name, f in found.items() if name != "keep")
