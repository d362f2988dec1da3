"""Counts are those of the tools, and belong to a block that has terms."""

from pathlib import Path

import pytest
from somagate.hw import rtl
from somagate.hw.cost.coefficients import COEFFICIENTS

from benchmarks.hardware.synthesis import BLOCKS, _cells

WITHOUT_LOGIC = {"__init__", "segment", "walk_layout", "update_layout"}
ALONE = {"dealing"}  # a broadcast, a collector and a dealer, each by itself


def test_every_file_of_the_accelerator_is_of_a_block_with_coefficients() -> None:
    files = {path.stem for path in Path(rtl.__file__).parent.rglob("*.py")}
    blocks = {BLOCKS.get(name, name) for name in files - WITHOUT_LOGIC - ALONE}
    assert blocks == COEFFICIENTS["ecp5"].keys() - {
        "broadcast", "collector", "commands", "dealer", "join", "top",
    }  # fmt: skip


def test_a_placers_log_without_its_cells_is_refused():
    assert _cells("ecp5", "nextpnr-ecp5", "Info: TRELLIS_COMB:  1234/83640   1%") == 1234
    with pytest.raises(RuntimeError) as error:
        _cells("ecp5", "nextpnr-ecp5", "Info: nothing\n")
    assert str(error.value) == (
        "The log of nextpnr-ecp5 must count TRELLIS_COMB, but ends: Info: nothing\n"
    )
