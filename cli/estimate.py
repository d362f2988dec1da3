"""`somagate estimate`: what a plan takes of an FPGA and how fast it is, before any synthesis."""

from typing import Annotated

import somagate as sg
import typer

from .options import (
    Activity,
    BoardName,
    Clock,
    Json,
    Lanes,
    PartName,
    PlanFile,
    Samples,
    SomeData,
    TablesFile,
    UpdateLanes,
    WordBits,
    designed,
    some_samples,
)
from .output import NO, existing, show, verb


def estimate(
    tables: TablesFile,
    board: BoardName = None,
    part: PartName = None,
    lanes: Lanes = None,
    update_lanes: UpdateLanes = None,
    word_bits: WordBits = None,
    plan: PlanFile = None,
    data: SomeData = None,
    samples: Samples = None,
    activity: Activity = None,
    clock: Clock = None,
    baud: Annotated[
        int | None, typer.Option(min=1, help="Speed of a board's serial line; default: 115200.")
    ] = None,
    energy: Annotated[
        bool,
        typer.Option(
            "--energy",
            help="Operations, additions, reads and writes too, and joules by a stated table.",
        ),
    ] = False,
    toggles: Annotated[
        bool,
        typer.Option(
            "--toggles", help="With --energy and --data: count toggles too, in Verilator."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Count resources and cycles of a plan on a board or a part, without any synthesis.

    With --data, cycles are those of one test sample, or of --samples. Exits with 1 if it does not
    fit; what is short and what would fit is said.
    """
    with verb(json):
        loaded = sg.load(existing(tables, ".safetensors"))
        design = designed(
            loaded, board=board, part=part, lanes=lanes, update_lanes=update_lanes,
            word_bits=word_bits, plan=plan, clock=clock,
        )  # fmt: skip
        chosen = some_samples(loaded, data, samples, 1)
        result = sg.estimate(
            design, chosen, activity=activity, baud=baud, energy=energy, toggles=toggles
        )
    show(result, json)
    if not result.fits:
        raise typer.Exit(NO)
