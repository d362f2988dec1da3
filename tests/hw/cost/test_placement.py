"""A memory lies where it asks to, as far as the part has it."""

from dataclasses import replace

import pytest
from somagate.hw.cost.memories import StoredMemory
from somagate.hw.cost.part import PARTS
from somagate.hw.cost.placement import place

WEIGHTS = StoredMemory(
    name="weights_4", words=700, word_bits=64, width=64, written=True, slice_bits=32, large=True
)


@pytest.mark.parametrize(
    ("words", "width", "count"),
    [(700, 64, 4), (16384, 16, 1), (16385, 16, 2), (50816, 8, 4), (16384, 17, 2), (20000, 40, 6)],
)
def test_large_rams_lie_side_by_side_and_above_one_another(
    words: int, width: int, count: int
) -> None:
    stored = replace(WEIGHTS, words=words, word_bits=width, width=width)
    found = place(0, stored, PARTS["ice40up5k"])
    assert (found.kind, found.large_rams, found.block_rams) == ("large", count, 0)


@pytest.mark.parametrize("part", [part for part in PARTS.values() if not part.large_rams[0]])
def test_what_asks_for_large_ram_is_in_block_ram_where_a_part_has_none(part) -> None:
    plain = replace(WEIGHTS, large=False)
    found = place(0, WEIGHTS, part)
    assert found == replace(place(0, plain, part), stored=WEIGHTS)
    assert (found.kind, found.large_rams) == ("block", 0) and found.block_rams > 0
