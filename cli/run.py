"""`somagate run`: test samples on a board, over its serial line."""

from pathlib import Path
from typing import Annotated

import somagate as sg
import typer

from .options import (
    BAUD,
    Baud,
    BoardName,
    Clock,
    Data,
    Json,
    Lanes,
    PlanFile,
    Samples,
    TablesFile,
    UpdateLanes,
    designed,
)
from .output import existing, progress, show, verb


def run(
    tables: TablesFile,
    port: Annotated[
        str, typer.Option(metavar="P", help="The board's serial port, such as /dev/ttyUSB1.")
    ],
    generated: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The folder that `build` wrote, into whose bitstream TABLES were loaded if they "
            "aren't its own; in place of --board, --lanes, --update-lanes, --plan and --clock.",
        ),
    ] = None,
    board: BoardName = None,
    lanes: Lanes = None,
    update_lanes: UpdateLanes = None,
    plan: PlanFile = None,
    clock: Clock = None,
    data: Data = "digits",
    samples: Samples = None,
    baud: Baud = BAUD,
    timeout: Annotated[
        float, typer.Option(min=0.01, help="Seconds that a sample may take.")
    ] = 10.0,
    meter: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="The log that a power meter's program writes meanwhile; see docs/energy.md.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Run test samples on a board: accuracy, samples a second, and what went wrong on the line.

    What the board runs, its bitstream and its tables, is compared first. Exits with 2 if it is
    another, or the board doesn't answer.
    """
    with verb(json):
        loaded = sg.load(existing(tables, ".safetensors"))
        design: sg.Design | Path
        if generated is not None:
            options = {"--board": board, "--lanes": lanes, "--update-lanes": update_lanes,
                       "--plan": plan, "--clock": clock}  # fmt: skip
            if given := [name for name, value in options.items() if value is not None]:
                raise ValueError(f"{', '.join(given)} must be left out beside --generated")
            design = generated
        else:
            design = designed(
                loaded, board=board, lanes=lanes, update_lanes=update_lanes, plan=plan, clock=clock
            )
        chosen = sg.samples(loaded, data, samples)
        with (
            sg.Device(port, design, baud=baud, tables=loaded, timeout=timeout) as device,
            progress("running", "samples") as update,
        ):
            result = device.measure(chosen, progress=update)
        if meter is not None:
            result = result.metered(existing(meter, ".csv"))
    show(result, json)
