"""Verilog and bitstreams of a design."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import RenderableType

from .boards import vivado
from .boards.build import BuildParameters, open_family, settled
from .boards.build import build as build_for
from .boards.core import accelerator_for, check_extras
from .boards.flow import NAME
from .boards.report import REPORT, BuildReport
from .boards.uart import BAUD
from .boards.wire.protocol import extras as extras_of
from .checks.arguments import choice
from .designs import Design, the_design
from .hw import generate as generator
from .hw.plan import plan_file
from .shown import Shown, grid

TOOLCHAINS = ("vivado",)
"""Those that `generate` writes a whole board for."""
PROOF = "manifest.json"
"""A file of every folder that `generate` wrote."""
BUILT_PROOF = "top.il"
"""The first file that `build` writes into its folder."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Generated(Shown):
    """An accelerator as files.

    Attributes
    ----------
    design
        Of what.
    folder
        Where they are.
    files
        Each by its name.
    """

    design: Design
    folder: Path
    files: dict[str, Path]

    @property
    def verilog(self) -> Path:
        """The Verilog file, of the whole board where it is for one."""
        return self.files.get(f"{NAME}.v") or self.files[f"{generator.TOP}.v"]

    @property
    def summary(self) -> str:
        """The stages, and where the Verilog is, in a sentence."""
        stages = [
            f"{shape.lanes} lanes"
            + (f" in {shape.banks} banks" if shape.banks > 1 else "")
            + f", {shape.update_lanes} updated in a cycle"
            for shape in self.design.plan.shapes
        ]
        replicas = self.design.plan.replicas
        times = f", all of it {replicas} times" if replicas > 1 else ""
        return f"{'; then '.join(stages)}{times}; Verilog in {self.verilog}"

    def shown(self) -> list[RenderableType]:
        """Return the memories, and where the Verilog is."""
        table = grid("memory", "words", "bits a word", "bits")
        for memory in self.memories:
            table.add_row(
                memory["memory"], *(f"{memory[key]:,}" for key in ("words", "word_bits", "bits"))
            )
        return [table, self.summary]

    @property
    def memories(self) -> list[dict[str, Any]]:
        """Every memory, as the memory map has it."""
        found: list[dict[str, Any]] = generator.memory_map(self.design.plan)["memories"]
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it."""
        return {
            "tables": self.design.tables.sha256,
            "folder": str(self.folder),
            "verilog": str(self.verilog),
            "files": {name: str(path) for name, path in self.files.items()},
            "plan": plan_file.to_dict(self.design.plan),
            "memories": self.memories,
        }


def generate(
    design: Design,
    folder: Path | str,
    *,
    axi: bool = False,
    toolchain: str | None = None,
    baud: int | None = None,
    extras: Iterable[str] = (),
    overwrite: bool = False,
) -> Generated:
    """Write an accelerator: Verilog, memory images, a memory map, a manifest, and its tables.

    Parameters
    ----------
    design
        With a board, and its clock, where it is for a toolchain.
    folder
        That does not exist yet, or is empty.
    axi
        Also write a module with AXI4-Stream's ports that instantiates the accelerator.
    toolchain
        'vivado' writes the board's whole top instead, with its pins and a script for AMD's Vivado.
    baud
        Speed of that top's serial line; by default 115,200.
    extras
        What that top has beyond inferences, as of `build`.
    overwrite
        Replace the folder, whatever is in it.

    Raises
    ------
    FileExistsError
        Where the folder exists and `overwrite` is False.
    ToolError
        Where Yosys is missing or fails.
    ValueError
        Where the toolchain is unknown or does not build for the board, the clock or the line can't
        have the speed wanted, or a setting is given that has no use.
    """
    plan, folder, more = the_design(design).plan, Path(folder), tuple(extras)
    if toolchain is None:
        if baud is not None:
            raise ValueError(f"baud must come with a toolchain, not be {baud} without it")
        if more:
            raise ValueError(
                f"extras must come with a toolchain, not be {', '.join(more)} without it"
            )
        files = generator.generate(plan, folder, overwrite=overwrite, axi=axi)
        return Generated(design=design, folder=folder, files=files)
    choice("toolchain", toolchain, TOOLCHAINS)
    if axi:
        raise ValueError(
            f"axi must be False for {toolchain}, whose top has a serial line: leave the toolchain "
            "out to get a module with AXI4-Stream's ports"
        )
    if design.board is None:
        raise ValueError(
            f"design must have a board for {toolchain}, not the part {design.part.name} alone: "
            "plan it with board="
        )
    parameters = BuildParameters(
        clock_hz=design.clock_hz, baud=BAUD if baud is None else baud, extras=extras_of(more)
    )
    files = vivado.generate(plan, design.board, folder, parameters, overwrite=overwrite)
    return Generated(design=design, folder=folder, files=files)


@dataclass(frozen=True, kw_only=True, eq=False)
class Built(Shown):
    """A bitstream, and what it became.

    Attributes
    ----------
    design
        Of what.
    folder
        Where it is, with its report and every tool's log.
    report
        Size, speed and ingredients.
    """

    design: Design
    folder: Path
    report: BuildReport

    @property
    def bitstream(self) -> Path:
        """The bitstream's file."""
        return self.folder / self.report.bitstream

    @property
    def passed(self) -> bool:
        """Whether every clock is fast enough."""
        return self.report.passed

    @property
    def summary(self) -> str:
        """The clock in a sentence."""
        told = "passes" if self.passed else "FAILS: try more --seeds, or lower it with --clock"
        return (
            f"The clock of {self.report.clock_hz / 1e6:.2f} MHz {told}; the slowest path allows "
            f"{self.report.fmax_hz / 1e6:.2f} MHz"
        )

    def shown(self) -> list[RenderableType]:
        """Return how much of the device is used, the clock, and where the bitstream is."""
        table = grid("resource", "used", "of", "share")
        for name, usage in self.report.utilization.items():
            share = f"{usage.used / usage.available:.0%}" if usage.available else ""
            table.add_row(name.replace("_", " "), f"{usage.used:,}", f"{usage.available:,}", share)
        return [table, self.summary, f"Bitstream in {self.bitstream}"]

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it."""
        return {
            **self.report.to_dict(),
            "fmax_hz": self.report.fmax_hz,
            "bitstream": str(self.bitstream),
            "report": str(self.folder / REPORT),
        }


def build(
    design: Design,
    folder: Path | str,
    *,
    baud: int = BAUD,
    extras: Iterable[str] = (),
    seed: int = 1,
    seeds: int = 8,
    progress: Callable[[str, int, int], None] | None = None,
) -> Built:
    """Synthesize, place, route and pack a design for its board.

    Parameters
    ----------
    design
        With a board, and its clock.
    folder
        Made if it is not there; files of an earlier build are replaced.
    baud
        Speed of the serial line.
    extras
        What the board can do beyond inferences, which takes cells: 'stream', time step by time step
        with what the one before has left; 'trace', every spike and potential; 'counters' of cycles
        and events; 'pixels', from which it makes the spikes of an input with the encoding 'rate'.
    seed, seeds
        Of the first placement; and how many to try while the clock is too slow.
    progress
        Called with a step's name, the steps done and all steps.

    Raises
    ------
    ValueError
        Where the design has no board, or one without open tools, the clock or the line can't have
        the speed wanted, or the network not an extra.
    BuildError, ToolError
        Where a tool refuses the design, or is missing.
    """
    board = the_design(design).board
    if board is None:
        raise ValueError(
            f"design must have a board to be built, not the part {design.part.name} alone: plan it "
            "with board="
        )
    parameters = BuildParameters(
        clock_hz=design.clock_hz, baud=baud, seed=seed, seeds=seeds, extras=extras_of(extras)
    )
    check_extras(design.tables, parameters.extras, design.plan.replicas)
    open_family(board)  # before there is an accelerator to waste, as the following
    settled(board, parameters, design.plan.word_bits)
    accelerator = accelerator_for(design.plan, parameters.extras)
    report = build_for(accelerator, board, Path(folder), parameters, progress=progress)
    return Built(design=design, folder=Path(folder), report=report)
