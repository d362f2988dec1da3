"""`somagate generate`: the accelerator as Verilog, with its memory images and their map."""

from pathlib import Path
from typing import Annotated

import somagate as sg
import typer

from .options import (
    BoardName,
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
        typer.Option(metavar="DIR", help="Folder to write; default: 'rtl' beside TABLES."),
    ] = None,
    board: BoardName = None,
    lanes: Lanes = None,
    update_lanes: UpdateLanes = None,
    word_bits: WordBits = None,
    plan: PlanFile = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Write the accelerator: Verilog, memory images and a memory map.

    Refuses tables that the hardware does not support, and names every reason.
    """
    with verb(json):
        from ..generating import PROOF

        folder = replaceable(out or tables.with_name("rtl"), PROOF, force)
        with stderr().status("generating Verilog"):
            design = designed(
                sg.load(existing(tables, ".safetensors")), board=board, lanes=lanes,
                update_lanes=update_lanes, word_bits=word_bits, plan=plan,
            )  # fmt: skip
            result = sg.generate(design, folder, overwrite=force)
    show(result, json)
