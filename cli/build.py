"""`somagate build`: a bitstream for a board, and a report of its size and speed."""

from pathlib import Path
from typing import Annotated

import somagate as sg
import typer

from .options import (
    BAUD,
    Baud,
    BoardName,
    Clock,
    Extras,
    Force,
    Json,
    Lanes,
    PlanFile,
    TablesFile,
    UpdateLanes,
    designed,
)
from .output import NO, existing, progress, replaceable, show, verb


def build(
    tables: TablesFile,
    board: BoardName = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder to write; default: the board's name, by TABLES."),
    ] = None,
    lanes: Lanes = None,
    update_lanes: UpdateLanes = None,
    plan: PlanFile = None,
    clock: Clock = None,
    baud: Baud = BAUD,
    extras: Extras = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the first placement.")] = 1,
    seeds: Annotated[
        int, typer.Option(min=1, help="Placements to try while the clock is too slow.")
    ] = 8,
    force: Force = False,
    json: Json = False,
) -> None:
    """Synthesize, place, route and pack the accelerator for a board.

    Where a placement is slower than the clock, others are tried, and the fastest is kept. Exits
    with 1 if none was fast enough, of which bitstream and report are kept, and with 2 if the design
    does not fit or a tool fails.
    """
    with verb(json):
        from ..generating import BUILT_PROOF

        design = designed(
            sg.load(existing(tables, ".safetensors")), board=board, lanes=lanes,
            update_lanes=update_lanes, plan=plan, clock=clock,
        )  # fmt: skip
        folder = replaceable(out or tables.with_name(design.where), BUILT_PROOF, force)
        with progress("building", "steps") as update:
            result = sg.build(
                design, folder, baud=baud, extras=extras or (), seed=seed, seeds=seeds,
                progress=lambda step, done, steps: update(done, steps),
            )  # fmt: skip
    show(result, json)
    if not result.passed:
        raise typer.Exit(NO)
