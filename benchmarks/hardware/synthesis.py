"""What a plan really becomes: synthesized alone for each family, and counted block by block.

A flip-flop or carry of the netlist names the Python file that made it, and so its block; a look-up
table belongs to the block of the first of those that its output reaches. Of iCE40 and ECP5,
nextpnr packs the netlist too, without placing it, and its count of cells is shared out.
"""

import hashlib
import json
import re
import subprocess
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from amaranth.back import rtlil
from somagate.boards import flow
from somagate.boards.catalog.icebreaker import ICEBREAKER
from somagate.boards.catalog.ulx3s import ULX3S_85F
from somagate.boards.families import ecp5_carry
from somagate.hw.cost.part import PARTS
from somagate.toolchain import tools

PLACERS = {
    "ice40": ["nextpnr-ice40", "--up5k", "--package", "sg48", "--pcf-allow-unconstrained"],
    "ecp5": ["nextpnr-ecp5", "--85k", "--package", "CABGA381", "--lpf-allow-unconstrained"],
}
BOARDS = {"ice40": ICEBREAKER, "ecp5": ULX3S_85F}
"""Whose flow is that of a family, its own sums and memories included."""
CELLS = {"ice40": "ICESTORM_LC", "ecp5": "TRELLIS_COMB"}
"""What nextpnr calls a family's logic."""

LOGIC = {
    "ice40": {"SB_LUT4": 1},
    "ecp5": {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 4},
    "gowin": {"LUT1": 1, "LUT2": 1, "LUT3": 1, "LUT4": 1, "ALU": 1, "RAM16SDP4": 6},
    "xilinx": {f"LUT{n}": 1 for n in range(1, 7)}
    | {"RAM32M": 4, "RAM64M": 4, "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4}
    | {"SRL16E": 1, "SRLC32E": 1},
}
"""Look-up tables that a cell takes."""

CARRIES = {"SB_CARRY", "CCU2C", "ALU", "CARRY4"}
FLIP_FLOPS = ("SB_DFF", "TRELLIS_FF", "DFF", "FD")
BLOCK_RAMS = {
    **dict.fromkeys(("SB_RAM40_4K", "DP16KD", "SP", "SPX9", "DPB", "DPX9B", "SDPB", "SDPX9B"), 1),
    **{"RAMB18E1": 1, "RAMB36E1": 2, "pROM": 1, "pROMX9": 1},
}
"""Block RAMs that a cell takes, in the part's size."""

OTHER_RAMS = {"TRELLIS_DPR16X4", "RAM16SDP4"} | {c for c in LOGIC["xilinx"] if c[:3] == "RAM"}

BLOCKS = {
    "outofcontext": "wrapper",
    **dict.fromkeys(("stream", "fork", "accelerator", "pipeline", "observe"), "stage"),
    **dict.fromkeys(("map_memory", "skips", "join", "axi_stream"), "stage"),
    **dict.fromkeys(("clipper", "loops", "places"), "walker"),
    **dict.fromkeys(("chunk_walk", "lane_current", "lane_rule", "arithmetic"), "update"),
    "combiner": "readout",
    "state_memories": "update",
    "bank": "array",
    "held_sums": "currents",
    "map_loader": "loader",
    "map_maker": "packer",
}
"""Blocks that aren't called as their file."""


def measure(component: Any, family: str, cache: Path) -> dict[str, Any]:
    """Return what a component becomes; known results are read from the folder `cache`.

    Returns
    -------
    dict
        'blocks': by name, (logic, flip-flops); 'memories': by place, the block RAMs of each that
        has any RAM.
    """
    text = rtlil.convert(component, name="top", emit_src=True)
    # abc9 confuses a wire a[1] with bit 1 of a wire a.
    text = re.sub(r"(\\[^\s\[\]]+)\[(\d+)\]", r"\1_\2_", text)
    part = next(part for part in PARTS.values() if part.family == family)
    command = part.synthesis + {"gowin": " -noiopads", "xilinx": " -noiopad -noclkbuf"}.get(
        family, ""
    )
    versions = [tools.require(name).version for name in ("yosys", *PLACERS.get(family, [])[:1])]
    plain = re.sub(r"attribute .src .*", "", text)
    flow_files = [
        Path(file).read_text(encoding="utf-8") for file in (flow.__file__, ecp5_carry.__file__)
    ]
    key = hashlib.sha256("\n".join([plain, command, *versions, *flow_files]).encode()).hexdigest()[
        :20
    ]
    known = cache / f"{key}.json"
    if not known.exists():
        cache.mkdir(parents=True, exist_ok=True)
        known.write_text(json.dumps(_synthesize(text, command, family)), encoding="utf-8")
    found: dict[str, Any] = json.loads(known.read_text(encoding="utf-8"))
    return found


def _synthesize(text: str, command: str, family: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "top.il").write_text(text, encoding="utf-8")
        if family in BOARDS:
            flow.synthesize(BOARDS[family].family, folder)
        else:
            script = ["read_rtlil top.il", *flow.COLLISIONS, f"{command} -top top"]
            _run(
                folder,
                "yosys",
                ["-Q", "-T", "-q", "-p", "; ".join([*script, "write_json top.json"])],
            )
        total = None
        if family in PLACERS:
            placer, *options = PLACERS[family]
            log = _run(folder, placer, [*options, "--json", "top.json", "--pack-only"])
            total = _cells(family, placer, log)
        top = json.loads((folder / "top.json").read_text(encoding="utf-8"))["modules"]["top"]
    return _count(top["cells"], family, total)


def _cells(family: str, placer: str, log: str) -> int:
    """Return how many cells of logic the log of a placer says there are."""
    name = CELLS[family]
    counted = re.search(rf"{name}:\s+(\d+)/", log)
    if counted is None:
        raise RuntimeError(f"The log of {placer} must count {name}, but ends: {log[-500:]}")
    return int(counted[1])


def _run(folder: Path, name: str, arguments: list[str]) -> str:
    command = [*tools.require(name).command, *arguments]
    done = subprocess.run(
        command,
        cwd=folder,
        env=tools.environment(),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{name} failed: {(done.stdout + done.stderr)[-500:]}")
    return done.stdout + done.stderr


def _count(cells: dict[str, Any], family: str, total: int | None) -> dict[str, Any]:
    cells = {name: cell for name, cell in cells.items() if cell["type"] != "$scopeinfo"}
    driver: dict[int, str] = {}
    users: Counter[int] = Counter()
    for name, cell in cells.items():
        for port, bits in cell["connections"].items():
            wires = [bit for bit in bits if isinstance(bit, int)]
            if cell["port_directions"][port] == "output":
                driver |= dict.fromkeys(wires, name)
            else:
                users.update(wires)
    labels = _label(cells, driver)
    blocks: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(int))
    memories: Counter[str] = Counter()
    for name, cell in cells.items():
        kind, block = cell["type"], blocks[labels.get(name, "stage")]
        block["logic"] += LOGIC[family].get(kind, 0)
        block["carries"] += kind in CARRIES
        if kind in BLOCK_RAMS or kind in OTHER_RAMS:
            memories[re.sub(r"\.\d+\.\d+(\..*)?$", "", name)] += BLOCK_RAMS.get(kind, 0)
        if kind.startswith(FLIP_FLOPS):
            block["flip_flops"] += 1
            if family == "ice40":
                data = cell["connections"]["D"][0]
                table = cells.get(driver.get(data, ""), {}).get("type") == "SB_LUT4"
                block["logic"] += not (table and users[data] == 1)  # it takes a cell of its own
    if total is not None:
        # What else nextpnr takes is at the ends of carry chains.
        rest = total - sum(block["logic"] for block in blocks.values())
        carries = sum(block["carries"] for block in blocks.values()) or 1
        for block in blocks.values():
            block["logic"] += rest * block["carries"] / carries
    return {
        "blocks": {
            name: (block["logic"], block["flip_flops"]) for name, block in sorted(blocks.items())
        },
        "memories": dict(sorted(memories.items())),
    }


def _label(cells: dict[str, Any], driver: dict[int, str]) -> dict[str, str]:
    """Return the block of each cell."""
    labels: dict[str, str] = {}
    for name, cell in cells.items():
        files = [
            Path(place.split(":")[0]).stem
            for place in cell["attributes"].get("src", "").split("|")
            if ".py:" in place
        ]
        if cell["type"] in BLOCK_RAMS or cell["type"] in OTHER_RAMS:
            labels[name] = "memory"
        elif cell["type"].startswith(FLIP_FLOPS):
            labels[name] = BLOCKS.get(files[0], files[0]) if files else "memory"
        elif cell["type"] in CARRIES and files:
            labels[name] = BLOCKS.get(files[0], files[0])
    queue = sorted(labels, key=lambda name: labels[name] == "memory")
    for name in queue:
        for port, bits in cells[name]["connections"].items():
            if cells[name]["port_directions"][port] != "output":
                for bit in bits:
                    source = driver.get(bit) if isinstance(bit, int) else None
                    if source and source not in labels:
                        labels[source] = labels[name]
                        queue.append(source)
    return labels
