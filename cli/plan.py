"""`somagate plan`: choose stages, lanes and banks for a board and a goal, and write a plan file."""

from pathlib import Path
from typing import Annotated

import somagate as sg
import typer

from .options import (
    Activity,
    BoardName,
    Clock,
    Force,
    Json,
    PartName,
    Samples,
    SomeData,
    TablesFile,
    WordBits,
    hertz,
    some_samples,
)
from .output import existing, pulsing, replaceable_file, show, verb


def plan(
    tables: TablesFile,
    board: BoardName = None,
    part: PartName = None,
    goal: Annotated[
        str,
        typer.Option(
            metavar="GOAL",
            help="'fastest', 'latency' of one image, 'smallest', or images a second.",
        ),
    ] = "fastest",
    data: SomeData = None,
    samples: Samples = None,
    activity: Activity = None,
    clock: Clock = None,
    word_bits: WordBits = None,
    loadable: Annotated[
        bool, typer.Option("--loadable", help="Other tables can be loaded at run time.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File to write; default: 'plan.toml' beside TABLES."),
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Choose a plan of tables for a board or a part, and write it as a plan file.

    With --data, the activity of every channel is that in four test samples, or in --samples. The
    file is for --plan of generate, verify, estimate and build, and may be edited.
    """
    with verb(json):
        loaded = sg.load(existing(tables, ".safetensors"))
        path = replaceable_file(out or tables.with_name("plan.toml"), force)
        chosen = some_samples(loaded, data, samples, 4)
        with pulsing("searching") as tell:
            design = sg.plan(
                loaded, board=board, part=part, goal=goal, data=chosen, activity=activity,
                clock_hz=hertz(clock), word_bits=word_bits, loadable=loadable,
                progress=lambda cycles, tried: tell(
                    f"{cycles:,.0f} cycles an image, {tried:,} plans compared"
                ),
            )  # fmt: skip
        design.save(path, overwrite=force)
        result = sg.estimate(design, chosen, activity=activity)
    show(result, json, [*result.planned(), f"Plan in {path}"], goal=goal, file=str(path))
