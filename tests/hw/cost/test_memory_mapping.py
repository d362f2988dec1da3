"""What synthesis makes of a memory, against yosys itself."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from amaranth.back import rtlil
from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from somagate.boards.flow import COLLISIONS
from somagate.hw.cost.memory_mapping import map_memory
from somagate.hw.cost.part import PARTS
from somagate.hw.rtl.memory import RegisteredMemory
from somagate.toolchain import tools

WRITTEN = [
    *((16, 256), (16, 257), (12, 384), (48, 3), (32, 20), (64, 300), (36, 512), (9, 1100)),
    *((32, 48), (12, 113), (11, 113)),
    *((4, 16), (4, 17), (8, 64), (130, 40), (18, 600), (48, 33), (6, 65), (3, 129), (1, 2)),
]
"""Width and depth: below, at and above what a RAM of some family holds."""
READ_ONLY = [
    *((64, 425), (16, 20), (64, 72), (10, 3), (33, 130), (8, 256), (20, 600), (24, 43)),
]
BLOCK = [(56, 15), (20, 9), (3, 5)]
"""Read-only, and in block RAM whatever it costs."""

CASES = [
    *((width, depth, True, False) for width, depth in WRITTEN),
    *((width, depth, False, False) for width, depth in READ_ONLY),
    *((width, depth, False, True) for width, depth in BLOCK),
]


class Memories(wiring.Component):
    """All the memories side by side; each has an enable and an output of its own."""

    def __init__(self) -> None:
        super().__init__(
            {"addr": In(unsigned(16)), "data": In(unsigned(130)), "en": In(len(CASES))}
            | {f"q{i}": Out(unsigned(case[0])) for i, case in enumerate(CASES)}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        rng = np.random.default_rng(0)
        late = Signal.like(self.addr)
        m.d.sync += late.eq(self.addr)
        for i, (width, depth, written, block) in enumerate(CASES):
            words = [int.from_bytes(rng.bytes(width // 8 + 1)) % (1 << width) for _ in range(depth)]
            memory = RegisteredMemory(
                width=width,
                depth=depth,
                init=[] if written else words,
                style="block" if block else "auto",
            )
            m.submodules[f"m{i}"] = memory
            m.d.comb += [
                memory.read.addr.eq(self.addr),
                memory.read.en.eq(self.en[i - 1]),
                memory.write.addr.eq(late),
                memory.write.data.eq(self.data),
                memory.write.en.eq(self.en[i] if written else 0),
                getattr(self, f"q{i}").eq(memory.read.data),
            ]
        return m


@pytest.fixture(scope="module")
def text() -> str:
    return rtlil.convert(Memories(), name="top", emit_src=False)


LIBRARIES = {
    "ice40up5k": "-lib +/ice40/brams.txt -lib +/ice40/spram.txt -no-auto-huge",
    "lfe5u-85f": "-lib +/lattice/lutrams_trellis.txt -lib +/lattice/brams_16kd.txt",
    "gw2a-18": "-lib +/gowin/lutrams.txt -lib +/gowin/brams.txt",
    "xc7a35t": "-logic-cost-rom 0.015625 -lib +/xilinx/lutrams_xc5v.txt "
    "-lib +/xilinx/brams_xc4v.txt -D HAS_SIZE_36 -D HAS_CASCADE -D HAS_CONFLICT_BUG "
    "-D HAS_MIXWIDTH_SDP",
}
"""What the synthesis commands give `memory_libmap`; their next step would take a minute."""


@pytest.mark.parametrize("name", LIBRARIES)
def test_memories_become_what_yosys_makes_of_them(name: str, text: str, tmp_path: Path) -> None:
    part = PARTS[name]
    (tmp_path / "top.il").write_text(text)
    label = "map_memory" if name == "xc7a35t" else "map_ram"
    script = [
        "read_rtlil top.il",
        *COLLISIONS,
        f"{part.synthesis} -top top -run begin:{label}",
        f"memory_libmap {LIBRARIES[name]}",
        "select top",
        "write_json -selected out.json",
    ]
    subprocess.run(
        [*tools.require("yosys").command, "-q", "-p", "; ".join(script)],
        cwd=tmp_path,
        env=tools.environment(),
        check=True,
    )
    cells = json.loads((tmp_path / "out.json").read_text())["modules"]["top"]["cells"]
    found: dict[int, list[Any]] = {i: [] for i in range(len(CASES))}
    for place, cell in cells.items():
        if cell["type"].startswith("$__"):
            found[int(place.split(".")[0][1:])].append(cell)
    for i, (width, depth, written, block) in enumerate(CASES):
        mapped = map_memory(
            part, width=width, depth=depth, written=written, block=block, checked=False
        )
        modes = [str(cell["parameters"].get("OPTION_MODE", "")) for cell in found[i]]
        units = sum(2 if mode == "FULL" else 1 for mode in modes)
        expected = mapped.units if mapped.kind == "block" else mapped.cells
        assert units == expected, (CASES[i], mapped, [cell["type"] for cell in found[i]])


def test_a_memory_that_is_read_while_written_needs_logic_where_the_ram_has_none() -> None:
    given = {"width": 16, "depth": 256, "written": True}
    assert map_memory(PARTS["ice40up5k"], **given).reads_old
    assert not map_memory(PARTS["ice40up5k"], **given, checked=False).reads_old
    assert not map_memory(PARTS["xc7a35t"], **given).reads_old
    assert not map_memory(PARTS["ice40up5k"], width=16, depth=256, written=False).reads_old
