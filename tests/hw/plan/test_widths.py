"""Parts of a whole and widths of indices, at the numbers where they change."""

from somagate.hw.plan.widths import bits_of, parts


def test_a_number_has_a_bit_or_more() -> None:
    assert [bits_of(count) for count in (1, 2, 3, 4, 5, 256, 257)] == [1, 1, 2, 2, 3, 8, 9]


def test_a_part_that_is_not_full_is_one_more() -> None:
    assert [parts(whole, 4) for whole in (0, 1, 3, 4, 5, 8, 9)] == [0, 1, 1, 1, 2, 2, 3]
