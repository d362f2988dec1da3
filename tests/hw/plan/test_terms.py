"""Widths that several blocks count in the same way."""

from plans import a_stage, everything, network
from somagate.hw.plan.terms import address_bits, field_bits, most_planes, varying


def test_bits_that_differ_between_layers_are_counted() -> None:
    assert varying([{"a": 3, "b": [0, -1]}, {"a": 1, "b": [0, -2]}]) == 2
    assert varying([{"a": 3}]) == 0


def test_what_a_stage_reads_and_sends_is_as_wide_as_its_maps() -> None:
    # Spikes of one width of weights: an event only says that it is the last one.
    plain = a_stage(network((2, 4, 4), [5]))
    assert (most_planes(plain), plain.count_bits, field_bits(plain)) == (1, 1, 1)
    # Signed values of three planes, counts of 0…4, and weights of five widths.
    mixed = a_stage(everything())
    assert len(mixed.weight_depths) == 5
    assert (most_planes(mixed), mixed.count_bits, field_bits(mixed)) == (3, 3, 3 + 1 + 1 + 1)
    assert address_bits(mixed) == (mixed.map_words - 1).bit_length()
