"""Faults of a netlist that no tool refuses, each by its cell."""

from pathlib import Path
from typing import Any

import pytest
from refusal import refused
from somagate.boards import flow
from somagate.boards.catalog.icebreaker import ICEBREAKER
from somagate.boards.lint import faults


def flip_flop(kind: str, pin: str, clock: Any = 2) -> dict[str, Any]:
    return {"type": kind, "connections": {pin: [clock], "D": [3], "Q": [4]}}


def memory(words: int, bits: int, ports: int) -> dict[str, Any]:
    sizes = {"SIZE": words, "WIDTH": bits, "WR_PORTS": ports}
    return {"type": "$mem_v2", "parameters": {name: f"{n:032b}" for name, n in sizes.items()}}


def test_a_netlist_of_one_clock_has_none() -> None:
    cells = {
        "a": flip_flop("SB_DFFESR", "C"),
        "b": flip_flop("SB_DFF", "C"),
        "ram": {"type": "SB_RAM40_4K", "connections": {"RCLK": [2], "WCLK": ["0"]}},
        "lut": {"type": "SB_LUT4", "connections": {"I0": [9]}},
    }
    unmapped = {"rom": memory(1024, 8, 0), "queue": memory(8, 64, 1)}
    assert faults(cells, {}, unmapped) == []


def test_a_second_clock_is_named_by_a_cell() -> None:
    cells = {name: flip_flop("TRELLIS_FF", "CLK") for name in "abc"}
    cells["odd"] = {"type": "DP16KD", "connections": {"CLKA": [2], "CLKB": [7]}}
    assert faults(cells, {}, {}) == [
        "odd is clocked by another net than most cells, and nothing synchronizes the two"
    ]


def test_a_constant_is_no_clock_though_a_cell_drives_it() -> None:
    cells = {
        "zero": {"type": "GND", "connections": {"G": [7]}},
        "rom": {"type": "SDPB", "connections": {"CLKA": [7], "CLKB": [2]}},
    }
    assert faults(cells, {}, {}) == []


@pytest.mark.parametrize("kind", ["DP16KD", "PDPW16KD"])
def test_a_block_ram_that_logic_resets_is_named(kind: str) -> None:
    pin = "RSTB" if kind == "DP16KD" else "RST"
    ram = {"type": kind, "connections": {pin: [5]}}
    assert faults({"ram": ram}, {}, {}) == [
        (
            f"ram, a {kind}, has its pin {pin} driven by logic: its outputs read zero on silicon "
            "then; reset what comes behind it"
        )
    ]
    assert faults({"ram": {"type": kind, "connections": {pin: ["0"]}}}, {}, {}) == []


def test_a_written_memory_of_flip_flops_is_named() -> None:
    assert faults({}, {}, {"state": memory(64, 12, 2)}) == [
        (
            "state, a memory of 64 words of 12 bits that is written, became flip-flops: no memory "
            "of the device reads and writes as it does"
        )
    ]


def test_a_latch_stops_a_synthesis(tmp_path: Path) -> None:
    (tmp_path / "top.il").write_text(
        "module \\top\n wire input 1 \\en\n wire input 2 \\d\n wire output 3 \\q\n"
        " cell $dlatch \\held\n  parameter \\WIDTH 1\n  parameter \\EN_POLARITY 1'1\n"
        "  connect \\EN \\en\n  connect \\D \\d\n  connect \\Q \\q\n end\nend\n",
        encoding="utf-8",
    )
    with refused(
        flow.BuildError,
        "Netlist must not fail on silicon, but cell held is a latch: some value isn't assigned in "
        "every case",
    ):
        flow.synthesize(ICEBREAKER.family, tmp_path)
