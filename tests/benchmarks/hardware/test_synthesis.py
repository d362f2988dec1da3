"""Counts are those of the tools."""

import pytest

from benchmarks.hardware.synthesis import _cells


def test_a_placers_log_without_its_cells_is_refused():
    assert _cells("ecp5", "nextpnr-ecp5", "Info: TRELLIS_COMB:  1234/83640   1%") == 1234
    with pytest.raises(RuntimeError) as error:
        _cells("ecp5", "nextpnr-ecp5", "Info: nothing\n")
    assert str(error.value) == (
        "The log of nextpnr-ecp5 must count TRELLIS_COMB, but ends: Info: nothing\n"
    )
