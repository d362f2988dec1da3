"""`somagate generate`: the accelerator as Verilog, with its memory images and their map."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from .options import BoardName, Force, Json, Lanes, PlanFile, TablesFile, UpdateLanes, WordBits
from .output import grid, replaceable, show, stderr, verb

PROOF = "manifest.json"
"""A file of every folder that `generate` wrote."""


def generate(
    tables: TablesFile,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder to write; default: 'rtl' beside TABLES."),
    ] = None,
    board: BoardName = "icebreaker",
    lanes: Lanes = 16,
    update_lanes: UpdateLanes = 4,
    word_bits: WordBits = None,
    plan: PlanFile = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Write the accelerator: Verilog, memory images and a memory map.

    Refuses tables that the hardware does not support, and names every reason.
    """
    with verb(json):
        folder = replaceable(out or tables.with_name("rtl"), PROOF, force)
        with stderr().status("generating Verilog"):
            result = write(
                tables, folder, board, lanes, update_lanes, word_bits, plan, overwrite=force
            )
    show(result, json, memories_table(result), summary(result))


def write(
    path: Path,
    folder: Path,
    board: str,
    lanes: int,
    update_lanes: int,
    word_bits: int | None,
    plan_file: Path | None = None,
    *,
    overwrite: bool = True,
) -> dict[str, Any]:
    """Generate into `folder`, which is replaced if asked to; return files and memories."""
    from ..hw import generate as generator
    from ..hw.plan.plan_file import to_dict
    from .plans import plan_of

    plan = plan_of(path, board, lanes, update_lanes, word_bits, plan_file)
    files = generator.generate(plan, folder, overwrite=overwrite)
    return {
        "tables": plan.tables.sha256,
        "folder": str(folder),
        "verilog": str(files["somagate.v"]),
        "files": {name: str(path) for name, path in files.items()},
        "plan": to_dict(plan),
        "memories": generator.memory_map(plan)["memories"],
    }


def memories_table(result: dict[str, Any]) -> Table:
    """Return every memory's size, as rich shows it."""
    table = grid("memory", "words", "bits a word", "bits")
    for memory in result["memories"]:
        table.add_row(
            memory["memory"], *(f"{memory[key]:,}" for key in ("words", "word_bits", "bits"))
        )
    return table


def summary(result: dict[str, Any]) -> str:
    """Return the result as a sentence."""
    stages = [
        f"{stage['lanes']} lanes"
        + (f" in {stage['banks']} banks" if stage["banks"] > 1 else "")
        + f", {stage['update_lanes']} updated in a cycle"
        for stage in result["plan"]["stages"]
    ]
    return f"{'; then '.join(stages)}; Verilog in {result['verilog']}"
