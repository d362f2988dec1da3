"""`somagate build`: a bitstream for a board, and a report of its size and speed."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from .options import BoardName, Force, Json, Lanes, PlanFile, TablesFile, UpdateLanes
from .output import NO, Update, existing, grid, progress, replaceable, show, verb

PROOF = "top.il"
"""The first file that a build writes into its folder."""


def build(
    tables: TablesFile,
    board: BoardName = "icebreaker",
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder to write; default: the board's name, by TABLES."),
    ] = None,
    lanes: Lanes = 16,
    update_lanes: UpdateLanes = 4,
    plan: PlanFile = None,
    clock: Annotated[
        float | None, typer.Option(metavar="MHZ", help="Clock; default: what suits the board.")
    ] = None,
    baud: Annotated[int, typer.Option(min=1, help="Speed of the serial line.")] = 115200,
    seed: Annotated[int, typer.Option(min=0, help="Of the first placement.")] = 1,
    seeds: Annotated[
        int, typer.Option(min=1, help="Placements to try while the clock is too slow.")
    ] = 4,
    force: Force = False,
    json: Json = False,
) -> None:
    """Synthesize, place, route and pack the accelerator for a board.

    Where a placement is slower than the clock, others are tried, and the fastest is kept. Exits
    with 1 if none was fast enough, of which bitstream and report are kept, and with 2 if the design
    does not fit or a tool fails.
    """
    with verb(json):
        existing(tables, ".safetensors")
        folder = replaceable(out or tables.with_name(board), PROOF, force)
        with progress("building", "steps") as update:
            result = make(
                tables, folder, update, {"board": board, "lanes": lanes,
                                         "update_lanes": update_lanes, "plan": plan},
                clock_hz=None if clock is None else round(clock * 1e6), baud=baud, seed=seed,
                seeds=seeds,
            )  # fmt: skip
    show(
        result,
        json,
        utilization_table(result),
        summary(result),
        f"Bitstream in {result['bitstream']}",
    )
    if result["timing"] != "pass":
        raise typer.Exit(NO)


def make(
    path: Path, folder: Path, update: Update, layout: dict[str, Any], **parameters: Any
) -> dict[str, Any]:
    """Build into `folder`; return its report, with the paths of its files."""
    from ..boards.build import BuildParameters, build
    from ..hw.rtl.accelerator import Accelerator
    from .plans import board_of, plan_of

    report = build(
        Accelerator(plan_of(path, **layout)),
        board_of(layout["board"]),
        folder,
        BuildParameters(**parameters),
        progress=lambda step, done, steps: update(done, steps),
    )
    return {
        **report.to_dict(),
        "fmax_hz": report.fmax_hz,
        "bitstream": str(folder / report.bitstream),
        "report": str(folder / "report.json"),
    }


def utilization_table(result: dict[str, Any]) -> Table:
    """Return how much of the device is used, as rich shows it."""
    table = grid("resource", "used", "of", "share")
    for name, usage in result["utilization"].items():
        share = f"{usage['used'] / usage['available']:.0%}" if usage["available"] else ""
        table.add_row(
            name.replace("_", " "), f"{usage['used']:,}", f"{usage['available']:,}", share
        )
    return table


def summary(result: dict[str, Any]) -> str:
    """Return the result as a sentence."""
    verdict = (
        "passes"
        if result["timing"] == "pass"
        else "FAILS: try more --seeds, or lower it with --clock"
    )
    return (
        f"The clock of {result['clock_hz'] / 1e6:.2f} MHz {verdict}; the slowest path allows "
        f"{result['fmax_hz'] / 1e6:.2f} MHz"
    )
