"""What the update is told of a layer, and the widths of what it sends."""

from plans import Shapes, a_stage, network
from somagate.hw.rtl.update.update_layout import ChunkLayout, UpdateLayout

TABLES = network((2, 6, 9), [Shapes(channels=11, padding=(1, 1), pool=(2, 3)), 5])


def test_counts_are_stored_less_one() -> None:
    plan = a_stage(TABLES, lanes=4, update_lanes=2)
    # 11 channels are two groups of two chunks, and one of two: the tail is the second one.
    assert UpdateLayout.values(plan, 0) == {
        "rows": 2, "columns": 2, "groups": 2, "window": 5, "tail": 1, "parameter_base": 0,
        "mode": 0,
    }  # fmt: skip
    # 5 channels end with the first chunk of the second group, behind six rows of parameters.
    assert UpdateLayout.values(plan, 1) == {
        "rows": 0, "columns": 0, "groups": 1, "window": 0, "tail": 0, "parameter_base": 6,
        "mode": 0,
    }  # fmt: skip


def test_a_layout_is_as_narrow_as_its_layers_allow() -> None:
    plan = a_stage(TABLES, lanes=4, update_lanes=2)
    layout = UpdateLayout(plan)
    widths = {name: layout[name].width for name in ("rows", "groups", "window", "parameter_base")}
    assert widths == {"rows": 2, "groups": 2, "window": 3, "parameter_base": 4}


def test_a_chunk_has_a_spike_and_a_potential_a_lane_and_counts_all_of_a_step() -> None:
    plan = a_stage(TABLES, lanes=4, update_lanes=2)
    layout = ChunkLayout(plan)
    assert layout["spikes"].width == 2
    assert layout["potentials"].width == 2 * plan.state_bits
    # 9 windows of 6 positions, with 6 chunks each.
    assert layout["index"].width == (9 * 6 * 6 - 1).bit_length()
    assert layout["chunk"].width == 1
