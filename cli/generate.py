"""`somagate generate`: the accelerator as Verilog, with its memory images and their map."""

from pathlib import Path
from typing import Annotated

import somagate as sg
import typer

from .options import (
    BoardName,
    Clock,
    Extras,
    Force,
    Json,
    Lanes,
    PlanFile,
    TablesFile,
    UpdateLanes,
    WordBits,
    designed,
)
from .output import existing, replaceable, show, stderr, verb


def generate(
    tables: TablesFile,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder to write; default: 'rtl', or that of --for, by TABLES."
        ),
    ] = None,
    board: BoardName = None,
    lanes: Lanes = None,
    update_lanes: UpdateLanes = None,
    word_bits: WordBits = None,
    plan: PlanFile = None,
    axi: Annotated[
        bool, typer.Option("--axi", help="Write a module with AXI4-Stream's ports too.")
    ] = False,
    toolchain: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="TOOLS",
            help="'vivado': the whole of a board that Vivado builds for, with pins and a script.",
        ),
    ] = None,
    clock: Clock = None,
    baud: Annotated[
        int | None,
        typer.Option(min=1, help="With --for: speed of the serial line; default: 115200."),
    ] = None,
    extras: Extras = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Write the accelerator: Verilog, memory images and a memory map.

    Refuses tables that the hardware does not support, and names every reason.
    """
    with verb(json):
        from ..generating import PROOF

        if clock is not None and toolchain is None:
            raise ValueError(f"--clock must come with --for, not be {clock} without it")
        folder = replaceable(out or tables.with_name(toolchain or "rtl"), PROOF, force)
        with stderr().status("generating Verilog"):
            design = designed(
                sg.load(existing(tables, ".safetensors")), board=board, lanes=lanes,
                update_lanes=update_lanes, word_bits=word_bits, plan=plan, clock=clock,
            )  # fmt: skip
            result = sg.generate(
                design, folder, axi=axi, toolchain=toolchain, baud=baud,
                extras=extras or (), overwrite=force,
            )  # fmt: skip
    show(result, json)
