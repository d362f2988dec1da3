"""Every board's device, clock and pins, by the names that its file gives them."""

import pytest
from amaranth.build import Connector
from somagate.boards.board import Board
from somagate.boards.registry import BOARDS
from somagate.hw.cost.part import PARTS

DEVICES = {
    "icebreaker": ("iCE40UP5K-SG48", "ice40up5k"),
    "ulx3s-12f": ("LFE5U-12F-6BG381C", "lfe5u-12f"),
    "ulx3s-25f": ("LFE5U-25F-6BG381C", "lfe5u-25f"),
    "ulx3s-45f": ("LFE5U-45F-6BG381C", "lfe5u-45f"),
    "ulx3s-85f": ("LFE5U-85F-6BG381C", "lfe5u-85f"),
    "orangecrab": ("LFE5U-25F-8MG285C", "lfe5u-25f"),
    "colorlight-5a-75b": ("LFE5U-25F-6BG256C", "lfe5u-25f"),
    "icesugar-pro": ("LFE5U-25F-6BG256C", "lfe5u-25f"),
    "tang-nano-9k": ("GW1NR-LV9QN88PC6/I5", "gw1nr-9"),
    "tang-nano-20k": ("GW2AR-LV18QN88C8/I7", "gw2ar-18"),
    "arty-a7": ("xc7a35ticsg324-1L", "xc7a35t"),
    "basys3": ("xc7a35tcpg236-1", "xc7a35t"),
}
PINS = {  # the clock, what the board receives and sends, the lights "failed" and "busy"
    "icebreaker": "35 6 9 11 37",
    "ulx3s-12f": "G2 M1 L4 B2 C2",
    "ulx3s-25f": "G2 M1 L4 B2 C2",
    "ulx3s-45f": "G2 M1 L4 B2 C2",
    "ulx3s-85f": "G2 M1 L4 B2 C2",
    "orangecrab": "A9 N17 M18 K4 M3",
    "colorlight-5a-75b": "P6 M13 P11 F3 F1",
    "icesugar-pro": "P6 A9 B9 B11 A11",
    "tang-nano-9k": "52 18 17 10 11",
    "tang-nano-20k": "4 70 69 15 16",
    "arty-a7": "E3 A9 D10 H5 J5",
    "basys3": "W5 B18 A18 U16 E19",
}
LOW = {"icebreaker", "orangecrab", "icesugar-pro", "tang-nano-9k", "tang-nano-20k"}
"""Boards whose lights shine on 0."""

every_board = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)


@every_board
def test_a_board_has_its_device(board: Board) -> None:
    assert (board.family.device, board.family.part.name) == DEVICES[board.name]
    assert board.family.part is PARTS[board.family.part.name]
    platform = board.platform()
    if hasattr(platform, "part"):
        assert platform.part == board.family.device
    else:
        assert board.family.device.startswith(platform.device)
        assert platform.package in board.family.device


@every_board
def test_a_board_makes_its_clock_exactly(board: Board) -> None:
    platform = board.platform()
    assert platform.lookup(board.oscillator).clock.frequency == board.oscillator_hz
    assert board.family.pll(board.oscillator_hz, board.clock_hz).output_hz == board.clock_hz


@every_board
def test_a_board_has_its_pins(board: Board) -> None:
    platform = board.platform()
    named = {
        f"{connector.name}_{connector.number}:{name}": pin
        for connector in platform.connectors.values()
        if isinstance(connector, Connector)
        for name, pin in connector.mapping.items()
    }

    def of(ios: object) -> str:
        (name,) = ios.names
        return named.get(name, name)

    uart = {sub.name: sub.ios[0] for sub in platform.lookup("uart").ios}
    lights = [platform.lookup("led", number).ios[0] for number in (0, 1)]
    found = [platform.lookup(board.oscillator).ios[0], uart["rx"], uart["tx"], *lights]
    assert " ".join(map(of, found)) == PINS[board.name]
    assert (uart["rx"].dir, uart["tx"].dir) == ("i", "o")
    assert [light.invert for light in lights] == 2 * [board.name in LOW]


def test_boards_are_listed_by_their_names() -> None:
    assert list(BOARDS) == list(DEVICES)
    assert all(board.name == name for name, board in BOARDS.items())
    assert len({board.title for board in BOARDS.values()}) == len(BOARDS)
