"""`somagate verify`: the Verilog against the golden simulator, every spike and every potential."""

import shlex
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import somagate as sg
import typer

from .options import (
    BoardName,
    Data,
    Json,
    Lanes,
    NoBrowser,
    PlanFile,
    Port,
    Samples,
    Scheduler,
    TablesFile,
    UpdateLanes,
    WordBits,
    Workers,
    designed,
)
from .output import NO, existing, progress, serving, show, verb


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
    traces: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Write PATH.golden.safetensors and PATH.rtl.safetensors where they differ: both "
            "traces of the sample, and of those simulated with it, for `inspect`.",
        ),
    ] = None,
    look: Annotated[
        bool,
        typer.Option(
            "--inspect", help="Where they differ, open a page at that neuron, with the waveform."
        ),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite traces and waveforms that are there.")
    ] = False,
    port: Port = None,
    no_browser: NoBrowser = False,
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
    with verb(json), ExitStack() as kept:
        if look and json:
            raise ValueError("--inspect must be left out with --json, which prints alone")
        if not look and (port is not None or no_browser):
            alone = "--no-browser" if no_browser else "--port"
            raise ValueError(f"{alone} must come with --inspect, not without it")
        command = traces is not None
        if look:  # what isn't asked for lasts as long as the page
            shown = Path(kept.enter_context(TemporaryDirectory(prefix="somagate-")), "difference")
            traces = traces or shown
            if engine in ("native", "cocotb-verilator"):
                waves = waves or shown
            from ..view.traces.server import check_port

            check_port(port or 0)
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
                cache=cache, workers=workers, scheduler=scheduler, traces=traces, overwrite=force,
                progress=update,
            )  # fmt: skip
        show(result, json)
        if look and not result.equal:
            beside: Any = {"tables": loaded, "waves": result.waves or None}
            if result.traces:
                found = sg.inspect(*result.traces, names=("golden", "RTL"), **beside)
            else:  # transfers are missing, so there is nothing to compare golden with
                one = sg.samples(loaded, data, 1)
                found = sg.inspect(sg.simulate(loaded, one), x=one, names=("golden",), **beside)
            serving(found.serve(port or 0), browser=not no_browser)
        elif command and result.traces and not json:
            named = ["--tables", str(tables), *(["--waves", result.waves] if result.waves else [])]
            line = shlex.join(["somagate", "inspect", *result.traces, *named])
            typer.echo(f"look into it: {line}")
        elif not result.equal and not json:
            typer.echo("--inspect shows where they differ")
    if not result.equal:
        raise typer.Exit(NO)
