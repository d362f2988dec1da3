"""The rPLL's clock is what was asked for, tables are RAM of two ports, the tools get the device."""

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Module
from amaranth.lib.memory import Memory
from refusal import refused
from somagate.boards import flow
from somagate.boards.catalog.tang_nano import TANG_NANO_9K, TANG_NANO_20K
from somagate.boards.families.gowin import GW1NR_9C, GW2AR_18C


@pytest.mark.parametrize(
    ("family", "output_hz", "dividers"),
    [
        (GW1NR_9C, 54_000_000, (1, 2, 8)),
        (GW1NR_9C, 90_000_000, (3, 10, 8)),
        (GW2AR_18C, 108_000_000, (1, 4, 8)),
    ],
)
def test_pll_finds_the_nearest_clock(family, output_hz, dividers):
    pll = family.pll(27_000_000, output_hz)
    assert (pll.input_divider, pll.feedback_divider, pll.output_divider) == dividers
    assert pll.output_hz == output_hz


@pytest.mark.parametrize("output_hz", [16_875_000, 33_333_333, 87_654_321, 399_000_000])
def test_pll_keeps_every_limit(output_hz):
    for family, low, high in ((GW1NR_9C, 400e6, 1200e6), (GW2AR_18C, 500e6, 1250e6)):
        pll = family.pll(27_000_000, output_hz)
        assert 1 <= pll.input_divider <= 9 and 1 <= pll.feedback_divider <= 64
        assert low <= pll.output_hz * pll.output_divider <= high
        assert abs(pll.output_hz - output_hz) <= output_hz * 0.01


@pytest.mark.parametrize(
    ("clocks", "message"),
    [
        (
            (2_000_000, 54_000_000),
            "Gowin PLL input_hz must be 3000000…400000000, not 2000000",
        ),
        (
            (27_000_000, 700_000_000),
            "Gowin PLL output_hz must be 3125000…600000000, not 700000000",
        ),
        (
            (400_000_000, 3_125_000),
            (
                "Gowin PLL output_hz must be within 1 % of a clock it can make, not 3125000: the "
                "nearest is 6250000"
            ),
        ),
    ],
)
def test_pll_refuses_what_it_can_not_make(clocks, message):
    with refused(ValueError, message):
        GW1NR_9C.pll(*clocks)


def test_a_table_becomes_a_block_ram_of_two_ports(tmp_path):
    m = Module()
    m.submodules.table = table = Memory(shape=8, depth=2048, init=range(256))
    read = table.read_port()
    ports = {"addr": (read.addr, None), "data": (read.data, None)}
    (tmp_path / "top.il").write_text(rtlil.convert(m, name="top", ports=ports), encoding="utf-8")
    assert flow.synthesize(GW1NR_9C, tmp_path) == "synth_gowin -family gw1n -nodsp"
    kinds = {cell["type"] for cell in flow.cells(tmp_path / "top.json").values()}
    assert kinds & {"SDPB", "SDPX9B", "SP", "SPX9", "DPB", "DPX9B", "pROM"} == {"SDPX9B"}


@pytest.mark.parametrize("board", [TANG_NANO_9K, TANG_NANO_20K], ids=lambda board: board.name)
def test_the_placer_gets_the_device_its_die_the_pins_and_the_clock(board):
    family = board.family
    die = {"tang-nano-9k": "GW1N-9C", "tang-nano-20k": "GW2A-18C"}[board.name]
    assert family.placer_device == ("--device", family.device, "--vopt", f"family={die}")
    pins = [word.format(constraints="top.cst", mhz="54.0") for word in family.pins]
    assert pins == ["--vopt", "cst=top.cst", "--freq", "54.0"]
    assert family.packer[:3] == ("gowin_pack", "-d", die)
