"""The rPLL makes the clock that was asked for, inside the limits of its data sheet."""

from pathlib import Path

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib.memory import Memory
from refusal import refused
from somagate.boards import flow
from somagate.boards.gowin import GW1NR_9C, GW2AR_18C
from somagate.boards.tang_nano import TANG_NANO_9K, TANG_NANO_20K


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
