"""The parts: what boards build for is what the estimates are about."""

import pytest
from somagate.boards.families.family import OpenFamily
from somagate.boards.registry import BOARDS
from somagate.hw.cost.part import PARTS


def test_parts_have_the_names_that_users_type():
    assert list(PARTS) == [
        *("ice40up5k", "lfe5u-25f", "lfe5u-12f", "lfe5u-45f", "lfe5u-85f"),
        *("gw2a-18", "gw2ar-18", "gw1nr-9", "xc7a35t"),
    ]
    assert all(part.name == name for name, part in PARTS.items())


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)
def test_a_board_is_synthesized_as_its_part_is_estimated(board):
    family = board.family
    if isinstance(family, OpenFamily):
        assert " ".join([family.synthesis, *family.synthesis_options]) == family.part.synthesis
    device = family.device.lower().replace("-lv", "-")  # Gowin's have their voltage between
    assert device.startswith(family.part.name)


@pytest.mark.parametrize("part", PARTS.values(), ids=lambda part: part.name)
def test_every_width_of_a_ram_holds_the_same_bits_or_more_with_parity(part):
    for ram in part.rams:
        words = [width << (ram.address_bits - step) for step, width in enumerate(ram.widths)]
        assert words == sorted(words)
        assert words[-1] <= words[0] * 9 // 8
    blocks = [ram for ram in part.rams if ram.kind == "block"]
    assert {ram.widths[-1] << ram.address_bits - len(ram.widths) + 1 for ram in blocks} >= {
        part.block_ram_bits
    }
