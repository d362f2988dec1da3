"""A walk's numbers: each holds all of its values, and adding the steps visits every segment."""

from itertools import product

from amaranth.hdl import signed, unsigned
from amaranth.lib.data import ArrayLayout
from plans import Shapes, a_stage, network
from somagate.hw.rtl.gather.walk_layout import LOOPS, WalkLayout, narrowest


def test_a_member_is_as_narrow_as_its_values_allow() -> None:
    values = [{"a": 3, "b": [-1, 4], "c": 0, "d": -4}, {"a": 0, "b": [2, 0], "c": 0, "d": 3}]
    assert narrowest(values) == {
        "a": unsigned(2), "b": ArrayLayout(signed(4), 2), "c": unsigned(1), "d": signed(3),
    }  # fmt: skip


def test_the_steps_of_the_loops_lead_from_segment_to_segment() -> None:
    shapes = Shapes(
        channels=6, kernel=(2, 3), stride=(2, 1), padding=(1, 2), pool=(2, 2), source="input"
    )
    plan = a_stage(network((3, 9, 8), [shapes]), lanes=4, update_lanes=2, word_bits=8)
    d = plan.descriptors[0]
    s = d.sources[0]
    walk, numbers = WalkLayout(plan).layers[0], WalkLayout.source_values(plan, d, s)
    inner = [numbers["kernel_columns"], numbers["kernel_rows"], walk["planes"]]
    counts = inner + [walk[name] for name in LOOPS[3:]]
    word, bit, row = (numbers[name] for name in ("first_word", "first_bit", "weight_base"))
    seen = []
    for place in product(*(range(count + 1) for count in reversed(counts))):
        seen.append((word, bit, row))
        at_end = [index == count for index, count in zip(reversed(place), counts, strict=True)]
        loop = at_end.index(False) if False in at_end else len(LOOPS) - 1
        word += numbers["words"][loop]
        bit += numbers["bits"][loop]
        row += numbers["weight_rows"][loop]

    wanted = []
    positions = product(range(d.rows), range(d.columns), range(d.groups), range(2), range(2))
    for y, x, group, window_y, window_x in positions:
        for segment in range(2):  # kernel rows; their columns follow each other
            top = (2 * y + window_y) * 2 - 1 + segment
            left = (2 * x + window_x) - 2
            wanted.append(
                (
                    top * s.map.row_words,
                    left * s.map.channels // plan.grain,
                    (s.weight_base + group * s.group_rows + segment * s.span) // plan.row_grain,
                )
            )
    assert seen == wanted
    words, bits, _ = zip(*seen, strict=True)
    layout = WalkLayout(plan)
    layout.layers = layout.layers[:1]
    assert layout.reach("first_word", "words") == (min(words), max(words))
    assert layout.reach("first_bit", "bits") == (min(bits), max(bits))
