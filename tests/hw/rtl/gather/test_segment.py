"""Segments carry what the layers of the stage need, and nothing else."""

from plans import Shapes, a_stage, everything, network
from somagate.hw.rtl.gather.segment import SegmentLayout, event_fields


def widths(fields: dict[str, object]) -> dict[str, int]:
    return {name: getattr(shape, "width", shape) for name, shape in fields.items()}


def test_spikes_and_one_memory_need_no_fields_of_values() -> None:
    plan = a_stage(network((2, 3, 3), [4]))
    assert widths(event_fields(plan, 5)) == {
        "row": 5, "memory": 0, "negate": 0, "double": 0, "last": 1,
    }  # fmt: skip


def test_signed_values_and_several_memories_have_fields() -> None:
    plan = a_stage(everything())
    assert len(plan.weight_depths) == 5
    assert widths(event_fields(plan, 7)) == {
        "row": 7, "memory": 3, "negate": 1, "double": 1, "last": 1,
    }  # fmt: skip


def test_a_segment_has_the_address_of_any_word_and_ends_at_any_grain() -> None:
    tables = network((4, 3, 9), [Shapes(channels=4, kernel=(1, 1))])
    plan = a_stage(tables, lanes=4, word_bits=16)
    assert (plan.grain, plan.map("input").row_words, plan.map_words) == (4, 3, 27)
    layout = SegmentLayout(plan)
    found = {name: layout[name].shape for name in ("addr", "words", "first", "final")}
    assert widths(found) == {"addr": 5, "words": 2, "first": 2, "final": 2}
