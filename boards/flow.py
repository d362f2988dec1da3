"""From RTLIL to a placed and routed design, and to a bitstream: the tools' calls and their files.

Every tool runs in the output folder on plain file names, so what it writes does not depend on
where that is, and writes all it says into a log there. Logs hold run times; nothing else does.
"""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..toolchain import tools
from . import lint
from .families.family import OpenFamily

NAME = "top"
"""The top module, and the name of its files."""
NETLIST = f"{NAME}.json"
STATISTICS = "statistics.json"
MEMORIES = "memories.json"
"""The memories before any is mapped."""
MAPPED = "memories_mapped.json"
"""The cells that they became."""
UNMAPPED = "memories_unmapped.json"
"""Those that became none, so are now logic and flip-flops."""
LATCHED = "latches.json"
"""The latches, before they are gates."""
RAM_LIBRARY = "rams.txt"
CARRY_MAP = "carry_map.v"
PLACEMENT = "placement.json"
PLACEMENT_LOG = "placement.log"


COLLISIONS = (
    "select a:no_rw_check %m t:$memrd_v2 %i",
    "setparam -set COLLISION_X_MASK 1'1",
    "select -clear",
)
"""Where a memory says so, a read that meets a write may give anything."""


class BuildError(RuntimeError):
    """A tool failed; the message names the step, the reason and the log."""


def synthesize(family: OpenFamily, folder: Path, options: Sequence[str] | None = None) -> str:
    """Turn ``top.il`` into ``top.json``, and note what became of every memory.

    `options` are those of Yosys' command, the family's own where left out; returns that command.

    Raises
    ------
    BuildError
        If yosys refuses the design or an option, or the netlist has a fault of `lint`.
    """
    given = family.synthesis_options if options is None else options
    synthesis = " ".join([family.synthesis, *given])
    command = f"{synthesis} -top {NAME}"
    script = [
        f"read_rtlil {NAME}.il",
        *COLLISIONS,
        f"{command} -run begin:map_ram",
        *_list(MEMORIES, "t:$mem_v2"),
        *_list(LATCHED, *(f"t:{kind}" for kind in lint.LATCHES)),
        *_rams(family, folder),
        f"{command} -run map_ram:map_ffram",
        *_list(MAPPED, *(f"t:{cell}" for cell in family.memories)),
        *_list(UNMAPPED, "t:$mem_v2"),
        *_chains(family, folder, command),
        f"tee -q -o {STATISTICS} stat -json",
        f"write_json {NETLIST}",
    ]
    (folder / "synthesis.ys").write_text("\n".join(script) + "\n", encoding="utf-8")
    for file in (LATCHED, UNMAPPED, NETLIST):
        (folder / file).unlink(missing_ok=True)  # of an earlier build
    try:
        _run("Synthesis", folder, "synthesis.log", "yosys", ["-Q", "-T", "-s", "synthesis.ys"])
    finally:  # a latch is a loop of gates to the tool, which names a wire of it
        _check(folder)
    if family.trim:
        netlist = json.loads((folder / NETLIST).read_text(encoding="utf-8"))
        family.trim(netlist["modules"][NAME])
        (folder / NETLIST).write_text(json.dumps(netlist, indent=1), encoding="utf-8")
    return synthesis


def cells(path: Path) -> dict[str, Any]:
    """Return the cells that yosys wrote to a file, by name."""
    modules = json.loads(path.read_text(encoding="utf-8"))["modules"]
    return dict(modules.get(NAME, {"cells": {}})["cells"])


def _check(folder: Path) -> None:
    """Raise for faults of the netlist, or of the latches of one that wasn't finished."""
    found = lint.faults(*(
        cells(folder / name) if (folder / name).exists() else {}
        for name in (NETLIST, LATCHED, UNMAPPED)
    ))  # fmt: skip
    if found:
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        raise BuildError(f"Netlist must not fail on silicon, but cell {found[0]}{more}")


def place_until_fast(
    family: OpenFamily, folder: Path, seeds: Sequence[int], arguments: Sequence[str]
) -> tuple[int, int]:
    """Place with one seed after the other until every clock is fast enough; keep the fastest.

    A seed that fails doesn't matter where another one does not.

    Returns
    -------
    tuple
        The seed whose files are in the folder, and how many were tried.

    Raises
    ------
    BuildError
        If the design doesn't fit or can't be routed with any seed.
    """
    files = [folder / name for name in (NAME + family.routed[1], PLACEMENT, PLACEMENT_LOG)]
    best, kept, contents = -1.0, seeds[0], [b""] * len(files)
    for tried, seed in enumerate(seeds, 1):
        try:
            place_and_route(family, folder, seed, arguments)
        except BuildError:
            if tried == len(seeds) and best < 0:
                raise
            continue
        clocks = json.loads((folder / PLACEMENT).read_text(encoding="utf-8"))["fmax"].values()
        speed = min((clock["achieved"] / clock["constraint"] for clock in clocks), default=1.0)
        if speed >= 1:
            return seed, tried
        if speed > best:
            best, kept, contents = speed, seed, [file.read_bytes() for file in files]
    for file, content in zip(files, contents, strict=True):
        file.write_bytes(content)
    return kept, len(seeds)


def place_and_route(family: OpenFamily, folder: Path, seed: int, arguments: Sequence[str]) -> None:
    """Turn ``top.json`` into a routed design and ``placement.json``, whatever its timing.

    Raises
    ------
    BuildError
        If the design doesn't fit or can't be routed.
    """
    option, ending = family.routed
    _run(
        "Placement and routing",
        folder,
        PLACEMENT_LOG,
        family.placer,
        [
            *family.placer_device,
            *("--json", NETLIST, option, NAME + ending),
            *("--seed", str(seed), "--report", PLACEMENT, "--timing-allow-fail"),
            *_for_its_size(family, folder),
            *arguments,
        ],
    )


def _for_its_size(family: OpenFamily, folder: Path) -> list[str]:
    """Return the placer's further arguments for a netlist as large as that of the folder."""
    statistics = json.loads((folder / STATISTICS).read_text(encoding="utf-8"))
    cells = statistics["design"]["num_cells"]
    return [word for beyond, words in family.large if cells > beyond for word in words]


def pack(family: OpenFamily, folder: Path) -> Path:
    """Turn the routed design into a bitstream, and return its path.

    Raises
    ------
    BuildError
        If the packer fails.
    """
    bitstream = NAME + family.bitstream
    tool, *arguments = (
        word.format(routed=NAME + family.routed[1], bitstream=bitstream) for word in family.packer
    )
    _run("Packing", folder, "packing.log", tool, arguments)
    return folder / bitstream


def _list(file: str, *selection: str) -> list[str]:
    """Return the commands that write the selected cells to a file."""
    return [f"select {' '.join(selection)}", f"write_json -selected {file}", "select -clear"]


def _rams(family: OpenFamily, folder: Path) -> list[str]:
    """Return the commands that take memories to the family's own choice of RAMs."""
    if not family.ram_library:
        return []
    (folder / RAM_LIBRARY).write_text(family.ram_library, encoding="utf-8")
    return [f"memory_libmap -lib {RAM_LIBRARY}"]


def _chains(family: OpenFamily, folder: Path, command: str) -> list[str]:
    """Return the commands of the synthesis' last part, with the family's own carry chains."""
    if not family.carry_map:
        return [f"{command} -run map_ffram:"]
    (folder / CARRY_MAP).write_text(family.carry_map, encoding="utf-8")
    return [
        f"{command} -run map_ffram:map_gates",
        f"techmap -map {CARRY_MAP}",
        f"{command} -run map_gates:",
    ]


def _run(step: str, folder: Path, log: str, name: str, arguments: Sequence[str]) -> None:
    """Run a tool in `folder`, with what it says in `log` there."""
    command = [*tools.require(name).command, *arguments]
    path = folder / log
    with path.open("wb") as file:
        done = subprocess.run(
            command,
            cwd=folder,
            env=tools.environment(),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        lines = [
            line.strip()
            for line in path.read_text(errors="replace", encoding="utf-8").split("\n")
            if line
        ]
        reasons = [line for line in lines if "ERROR" in line] or lines[-1:]
        reason = reasons[0] if reasons else f"exit status {done.returncode}"
        raise BuildError(f"{step} failed in {name}: {reason} (all of it: {path})")
