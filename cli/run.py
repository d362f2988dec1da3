"""`somagate run`: test samples on a board, over its serial line."""

from pathlib import Path
from typing import Annotated

import somagate as sg
import typer

from .options import (
    BoardName,
    Clock,
    Data,
    Force,
    Json,
    Lanes,
    LineBaud,
    PlanFile,
    Samples,
    TablesFile,
    UpdateLanes,
    designed,
)
from .output import NO, existing, progress, replaceable_file, show, verb


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
    baud: LineBaud = None,
    timeout: Annotated[
        float, typer.Option(min=0.01, help="Seconds that a sample may take.")
    ] = 10.0,
    profile: Annotated[
        bool,
        typer.Option(
            "--profile",
            help="Let the board count its cycles and events; of one that was built with "
            "--extra counters.",
        ),
    ] = False,
    trace: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Compare every spike and potential on the board with golden's, and write its "
            "trace; of one that was built with --extra trace.",
        ),
    ] = None,
    force: Force = False,
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
    another, or the board doesn't answer, and with 1 if a traced spike or potential isn't golden's.
    """
    with verb(json):
        if trace:
            replaceable_file(trace, force, "--trace")
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
        with sg.Device(port, design, baud=baud, tables=loaded, timeout=timeout) as device:
            with progress("running", "samples") as update:
                result = device.measure(chosen, profile=profile, progress=update)
            if trace:
                with progress("tracing", "samples") as update:
                    found = device.trace(chosen, progress=update)
                result = result.compared(loaded, chosen, found)
                found.save(trace, overwrite=force)
        if meter is not None:
            result = result.metered(existing(meter, ".csv"))
    show(result, json)
    if result.difference:
        raise typer.Exit(NO)
