"""Histograms of integers over what their bits hold."""

import numpy as np
from somagate.view.report.histograms import MOST_BARS, Histogram, of_values, picture


def test_what_is_clipped_and_which_bits_are_spare_is_told() -> None:
    found = of_values(np.array([-4, -4, 0, 3], np.int32), -4, 3, 3)
    assert found.told() == (
        "3 bits hold −4…3; −4…3 are there, 50.0\u00a0% at the lower end, 25.0\u00a0% at the upper."
    )
    found = of_values(np.array([-2, 1], np.int32), -128, 127, 8)
    assert found.needed_bits == 2
    assert found.told() == (
        "8 bits hold −128…127; −2…1 are there, none at an end; 6 bits not needed here."
    )
    unsigned = of_values(np.array([0, 5], np.int32), 0, 255, 8)
    assert unsigned.needed_bits == 3
    assert (
        of_values(np.array([0, 1], np.int32), 0, 1, 1).told() == "1 bit holds 0…1; 0…1 are there."
    )


def test_nothing_is_told_of_nothing() -> None:
    empty = Histogram(lowest=-2, counts=np.zeros(4, np.int64), bits=2)
    assert (empty.seen, empty.needed_bits, empty.at_low) == (None, 0, 0.0)
    assert empty.told() == "2 bits hold −2…1; nothing was there."
    assert "nothing was there" in picture(empty, "weight", "Weights").alt


def test_needed_bits_are_twos_complement() -> None:
    for low, high in ((-1, 0), (-4, 3), (-5, 3), (0, 4), (-128, 127)):
        found = of_values(np.array([low, high], np.int32), -128, 127, 8)
        bits = next(n for n in range(1, 9) if -(1 << n - 1) <= low and high < 1 << n - 1)
        assert found.needed_bits == bits, (low, high)


def test_wide_ranges_share_bars_and_lose_nothing() -> None:
    counts = np.arange(65536, dtype=np.int64)
    shown = picture(Histogram(lowest=-32768, counts=counts, bits=16), "x", "X")
    quads = [one.data_source.data for one in shown.figure.renderers]
    assert len(quads[1]["left"]) == MOST_BARS
    assert np.isclose(sum(quads[1]["top"]), 1)
    assert (quads[0]["left"][0], quads[0]["right"][0]) == (-32768.5, 32767.5)
    assert quads[1]["right"][-1] == 32767.5


def test_far_thresholds_leave_the_range_readable() -> None:
    found = of_values(np.array([0, 1], np.int32), -4, 3, 3)
    shown = picture(found, "x", "X", np.array([5.0, 1000.0]))
    assert shown.figure.x_range.end == 3.9 + 8
    assert "Thresholds, in the same unit: 5…1,000." in shown.caption
