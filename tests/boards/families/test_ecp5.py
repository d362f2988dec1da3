"""The ECP5's PLL makes the clock that was asked for, and a part is its size, package and speed."""

import pytest
from refusal import refused
from somagate.boards.families.ecp5 import Ecp5PllParameters, ecp5


@pytest.mark.parametrize(
    ("output_hz", "dividers"),
    [
        (80_000_000, (5, 16, 8)),
        (100_000_000, (1, 4, 6)),
        (125_000_000, (1, 5, 5)),
        (3_125_000, (8, 1, 128)),
        (400_000_000, (1, 16, 2)),
    ],
)
def test_pll_finds_the_nearest_clock(output_hz, dividers):
    pll = Ecp5PllParameters.find(25_000_000, output_hz)
    assert (pll.input_divider, pll.feedback_divider, pll.output_divider) == dividers
    assert pll.output_hz == output_hz


@pytest.mark.parametrize("input_hz", [25_000_000, 33_333_333, 100_000_000, 400_000_000])
@pytest.mark.parametrize("output_hz", [16_666_667, 33_333_333, 87_654_321, 400_000_000])
def test_pll_keeps_every_limit(input_hz, output_hz):
    pll = Ecp5PllParameters.find(input_hz, output_hz)
    for divider in (pll.input_divider, pll.feedback_divider, pll.output_divider):
        assert 1 <= divider <= 128
    assert input_hz / pll.input_divider >= 3.125e6
    made_hz = input_hz * pll.feedback_divider / pll.input_divider
    assert 400e6 <= made_hz * pll.output_divider <= 800e6
    assert pll.output_hz == int(made_hz)
    assert abs(pll.output_hz - output_hz) <= output_hz * 0.01


@pytest.mark.parametrize(
    ("clocks", "message"),
    [
        ((7_000_000, 80_000_000), "ECP5 PLL input_hz must be 8000000…400000000, not 7000000"),
        ((25_000_000, 500_000_000), "ECP5 PLL output_hz must be 3125000…400000000, not 500000000"),
        (
            (8_000_000, 3_125_000),
            (
                "ECP5 PLL output_hz must be within 1 % of a clock it can make, not 3125000: the "
                "nearest is 4000000"
            ),
        ),
    ],
)
def test_pll_refuses_what_it_can_not_make(clocks, message):
    with pytest.raises(ValueError) as error:
        Ecp5PllParameters.find(*clocks)
    assert str(error.value) == message


def test_a_part_is_placed_as_its_size_package_and_speed():
    family = ecp5("45F", "BG256", 7)
    assert family.device == "LFE5U-45F-7BG256C"
    assert family.part.name == "lfe5u-45f"
    assert family.placer_device == ("--45k", "--package", "CABGA256", "--speed", "7")


def test_a_part_that_is_not_there_is_refused():
    with refused(ValueError, "ECP5 size must be '12F', '25F', '45F' or '85F', not '35F'"):
        ecp5("35F", "BG381", 6)
    with refused(ValueError, "ECP5 package must be 'BG256', 'BG381' or 'MG285', not 'BG554'"):
        ecp5("25F", "BG554", 6)
    with refused(ValueError, "ECP5 speed must be 6…8, not 9"):
        ecp5("25F", "BG381", 9)
