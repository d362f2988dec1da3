"""The iCE40's PLL makes the clock that was asked for, inside the limits of its data sheet."""

import pytest
from somagate.boards.ice40 import Ice40PllParameters


@pytest.mark.parametrize(
    ("output_hz", "dividers"),
    [
        (24_000_000, (0, 63, 5)),
        (20_000_000, (0, 52, 5)),
        (48_000_000, (0, 63, 4)),
        (16_000_000, (0, 84, 6)),
        (99_000_000, (0, 65, 3)),
    ],
)
def test_pll_finds_the_nearest_clock(output_hz, dividers):
    pll = Ice40PllParameters.find(12_000_000, output_hz)
    assert (pll.divr, pll.divf, pll.divq) == dividers
    assert abs(pll.output_hz - output_hz) <= output_hz * 0.01


@pytest.mark.parametrize("input_hz", [10_000_000, 12_000_000, 50_000_000, 133_000_000])
@pytest.mark.parametrize("output_hz", [16_000_000, 33_333_333, 100_000_000, 270_000_000])
def test_pll_keeps_every_limit(input_hz, output_hz):
    pll = Ice40PllParameters.find(input_hz, output_hz)
    assert 0 <= pll.divr < 16 and 0 <= pll.divf < 128 and 1 <= pll.divq <= 6
    phase_hz = input_hz / (pll.divr + 1)
    assert 10e6 <= phase_hz <= 133e6
    assert 533e6 <= phase_hz * (pll.divf + 1) <= 1066e6
    assert pll.output_hz == int(phase_hz * (pll.divf + 1) / 2**pll.divq)
    assert abs(pll.output_hz - output_hz) <= output_hz * 0.01


def test_pll_filter_follows_the_phase_detector():
    ranges = {}
    for input_hz in (12, 17, 26, 44, 66, 101):
        pll = Ice40PllParameters(input_hz=input_hz * 1_000_000, divr=0, divf=1, divq=1)
        ranges[input_hz] = pll.filter_range
    assert ranges == {12: 1, 17: 2, 26: 3, 44: 4, 66: 5, 101: 6}


@pytest.mark.parametrize(
    ("clocks", "message"),
    [
        ((9_000_000, 24_000_000), "iCE40 PLL input_hz must be 10000000…133000000, not 9000000"),
        ((12_000_000, 8_000_000), "iCE40 PLL output_hz must be 16000000…275000000, not 8000000"),
    ],
)
def test_pll_refuses_what_it_can_not_make(clocks, message):
    with pytest.raises(ValueError) as error:
        Ice40PllParameters.find(*clocks)
    assert str(error.value) == message
