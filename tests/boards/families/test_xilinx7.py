"""The Artix-7's PLL makes the clock that was asked for, within its limits."""

import pytest
from refusal import refused
from somagate.boards.families.xilinx7 import Xilinx7PllParameters


@pytest.mark.parametrize(
    ("output_hz", "dividers"),
    [
        (100_000_000, (1, 16, 16)),
        (120_000_000, (1, 12, 10)),
        (125_000_000, (1, 15, 12)),
        (400_000_000, (1, 16, 4)),
        (12_500_000, (1, 16, 128)),
    ],
)
def test_pll_finds_the_nearest_clock(output_hz: int, dividers: tuple[int, int, int]) -> None:
    pll = Xilinx7PllParameters.find(100_000_000, output_hz)
    assert (pll.input_divider, pll.feedback_divider, pll.output_divider) == dividers
    assert pll.output_hz == output_hz


@pytest.mark.parametrize("input_hz", [19_000_000, 33_333_333, 100_000_000, 800_000_000])
@pytest.mark.parametrize("output_hz", [12_500_000, 33_333_333, 87_654_321, 464_000_000])
def test_pll_keeps_every_limit(input_hz: int, output_hz: int) -> None:
    pll = Xilinx7PllParameters.find(input_hz, output_hz)
    assert 1 <= pll.input_divider <= 56
    assert 2 <= pll.feedback_divider <= 64
    assert 1 <= pll.output_divider <= 128
    assert 19e6 <= input_hz / pll.input_divider <= 450e6
    made_hz = input_hz * pll.feedback_divider / pll.input_divider
    assert 800e6 <= made_hz <= 1600e6
    assert pll.output_hz == int(made_hz / pll.output_divider)
    assert abs(pll.output_hz - output_hz) <= output_hz * 0.01


@pytest.mark.parametrize(
    ("clocks", "message"),
    [
        (
            (12_000_000, 100_000_000),
            "Artix-7 PLL input_hz must be 19000000…800000000, not 12000000",
        ),
        (
            (100_000_000, 500_000_000),
            "Artix-7 PLL output_hz must be 6250000…464000000, not 500000000",
        ),
        (
            (19_000_000, 6_250_000),
            (
                "Artix-7 PLL output_hz must be within 1 % of a clock it can make, not 6250000: the "
                "nearest is 6382812"
            ),
        ),
    ],
)
def test_pll_refuses_what_it_can_not_make(clocks: tuple[int, int], message: str) -> None:
    with refused(ValueError, message):
        Xilinx7PllParameters.find(*clocks)
