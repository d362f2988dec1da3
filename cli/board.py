"""`somagate board`: a board without a board, on a port."""

import time
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
    Json,
    Lanes,
    PlanFile,
    TablesFile,
    UpdateLanes,
    designed,
)
from .output import existing, stderr, verb, write_json

LOOK_SECONDS = 0.2


def board(
    tables: TablesFile,
    board: BoardName = None,
    lanes: Lanes = None,
    update_lanes: UpdateLanes = None,
    plan: PlanFile = None,
    clock: Clock = None,
    baud: Baud = BAUD,
    extras: Extras = None,
    link: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Let this path lead to the port; needed for --unplug."),
    ] = None,
    real_time: Annotated[
        bool, typer.Option("--real-time", help="No faster than the board would be.")
    ] = False,
    corrupt: Annotated[
        float, typer.Option(metavar="P", help="Share of bytes with a flipped bit, each way.")
    ] = 0.0,
    drop: Annotated[
        float, typer.Option(metavar="P", help="Share of frames that are lost, each way.")
    ] = 0.0,
    unplug: Annotated[
        float,
        typer.Option(metavar="P", help="Share of frames at which the board loses its power."),
    ] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Of what goes wrong.")] = 0,
    json: Json = False,
) -> None:
    """Run a board in Verilator, pins and all, behind a port that every verb takes for hardware.

    Prints the port's name, and runs until Ctrl-C. The options of the design are those of `build`;
    `run` with the same ones is its other end.
    """
    with verb(json):
        from ..host.serving import Faults

        design = designed(
            sg.load(existing(tables, ".safetensors")), board=board, lanes=lanes,
            update_lanes=update_lanes, plan=plan, clock=clock,
        )  # fmt: skip
        faults = Faults(corrupt=corrupt, drop=drop, unplug=unplug, seed=seed)
        with stderr().status("compiling"):
            served = sg.virtual_board(
                design,
                baud=baud,
                extras=extras or (),
                link=link,
                faults=faults,
                real_time=real_time,
            )
        with served:
            if json:
                write_json({"port": served.port, "baud": baud, "board": design.where})
            else:
                typer.echo(served.port)
            try:
                while served.error is None:
                    time.sleep(LOOK_SECONDS)
            except KeyboardInterrupt:
                return
        raise RuntimeError(f"the board must run, but ended with: {served.error}")
