"""`somagate verify`: the Verilog against the golden simulator, every spike and every potential."""

from pathlib import Path
from typing import Annotated

import somagate as sg
import typer

from .options import (
    BoardName,
    Data,
    Json,
    Lanes,
    PlanFile,
    Samples,
    Scheduler,
    TablesFile,
    UpdateLanes,
    WordBits,
    Workers,
    designed,
)
from .output import NO, existing, progress, show, verb


def verify(
    tables: TablesFile,
    data: Data = "digits",
    samples: Samples = None,
    generated: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Verify the Verilog that `generate` wrote there, as it is, with its plan; other "
            "TABLES are loaded into it where its plan is loadable.",
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(help="'native', 'cocotb-verilator', 'cocotb-icarus' or 'amaranth'."),
    ] = "native",
    native: Annotated[
        bool, typer.Option("--native", help="The same as --engine native, the default.")
    ] = False,
    stalls: Annotated[
        float, typer.Option(metavar="P", help="Stall every stream with this probability, 0…0.9.")
    ] = 0.0,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of the stalls, with --stalls; default: 0.")
    ] = None,
    waves: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="Write PATH.vcd and PATH.gtkw around the first difference."
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep verdicts there, and skip what is verified already."),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where compiled models are kept; default: SOMAGATE_CACHE, or the user's cache.",
        ),
    ] = None,
    predict: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=0, help="Predict the cycles of the first N samples too; default: 128."
        ),
    ] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    board: BoardName = None,
    lanes: Lanes = None,
    update_lanes: UpdateLanes = None,
    word_bits: WordBits = None,
    plan: PlanFile = None,
    json: Json = False,
) -> None:
    """Simulate the Verilog and compare every spike and every potential with golden.

    Exits with 1 at the first difference, which it names: layer, step, sample, place, both values;
    with 2 where the comparison could not be made.
    """
    with verb(json):
        loaded = sg.load(existing(tables, ".safetensors"))
        if native and engine != "native":
            raise ValueError(f"--engine must be 'native' with --native, not {engine!r}")
        layout = {"board": board, "lanes": lanes, "update_lanes": update_lanes,
                  "word_bits": word_bits, "plan": plan}  # fmt: skip
        given = [f"--{name.replace('_', '-')}" for name, value in layout.items() if value]
        if generated and given:
            raise ValueError(
                f"{given[0]} must be left out with --generated, whose accelerator has its own plan"
            )
        design = loaded if generated else designed(
            loaded, board=board, lanes=lanes, update_lanes=update_lanes, word_bits=word_bits,
            plan=plan,
        )  # fmt: skip
        with progress("verifying", "samples") as update:
            result = sg.verify(
                design, sg.samples(loaded, data, samples), generated=generated, engine=engine,
                stalls=stalls, seed=seed, predict=predict, waves=waves, resume=resume,
                cache=cache, workers=workers, scheduler=scheduler, progress=update,
            )  # fmt: skip
    show(result, json)
    if not result.equal:
        raise typer.Exit(NO)
