"""`somagate verify`: the Verilog against the golden simulator, every spike and every potential."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from .options import (
    BoardName,
    Data,
    Json,
    Lanes,
    PlanFile,
    Samples,
    TablesFile,
    UpdateLanes,
    WordBits,
)
from .output import NO, Update, existing, grid, one_of, progress, show, verb

if TYPE_CHECKING:
    from ..sim.verify.verdict import Verdict


def verify(
    tables: TablesFile,
    data: Data = "digits",
    samples: Samples = None,
    generated: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Verify the Verilog that `generate` wrote there, as it is, with its lanes; other "
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
    seed: Annotated[int, typer.Option(min=0, help="Of the stalls.")] = 0,
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
        int,
        typer.Option(metavar="N", min=0, help="Predict the cycles of the first N samples too."),
    ] = 128,
    board: BoardName = "icebreaker",
    lanes: Lanes = 16,
    update_lanes: UpdateLanes = 4,
    word_bits: WordBits = None,
    plan: PlanFile = None,
    json: Json = False,
) -> None:
    """Simulate the Verilog and compare every spike and every potential with golden.

    Exits with 1 at the first difference, which it names: layer, step, sample, place, both values;
    with 2 where the comparison could not be made.
    """
    with verb(json):
        existing(tables, ".safetensors")
        if native and engine != "native":
            raise ValueError(f"--engine must be 'native' with --native, not {engine!r}")
        with progress("verifying", "samples") as update:
            verdict = compare(
                tables, data, samples, generated, update,
                layout={"board": board, "lanes": lanes, "update_lanes": update_lanes,
                        "word_bits": word_bits, "plan": plan},
                settings={"engine": engine, "stalls": stalls, "seed": seed, "waves": waves,
                          "predict": predict, "resume": resume, "folder": cache},
            )  # fmt: skip
    result = as_result(verdict)
    waveform = [f"waveform: gtkwave {verdict.waves}"] if verdict.waves else []
    told = [verdict.prediction] if verdict.prediction else []
    show(result, json, layers_table(result), str(verdict), *told, *waveform)
    if not verdict.equal:
        raise typer.Exit(NO)


def compare(
    path: Path,
    data: str,
    samples: int | None,
    generated: Path | None,
    update: Update,
    *,
    layout: dict[str, Any],
    settings: dict[str, Any],
) -> "Verdict":
    """Verify the accelerator of the tables in `path`, or the one in the folder `generated`."""
    from ..sim.bench.engines import ENGINES
    from ..sim.verify.verify import verify
    from .plans import generated_plan, plan_of
    from .samples import Encoded, test_samples

    one_of("--engine", settings["engine"], ENGINES)
    verilog = load = None
    if generated is None:
        plan = plan_of(path, **layout)
    else:
        plan, verilog, load = generated_plan(path, generated)
    tables = load or plan.tables
    images, _ = test_samples(tables, data, samples)
    inputs = Encoded(tables, images)
    return verify(plan, inputs, verilog=verilog, load=load, progress=update, **settings)


def as_result(verdict: "Verdict") -> dict[str, Any]:
    """Return a verdict as plain values; see the manual for the keys."""
    cycles = verdict.cycles_per_sample
    difference: dict[str, Any] | None = None
    if not verdict.equal:
        difference = {"summary": str(verdict), "fault": verdict.fault, "waves": verdict.waves}
    if verdict.difference is not None and difference is not None:
        found = verdict.difference
        difference |= {
            "quantity": found.quantity,
            "layer": found.layer,
            "step": found.step,
            "sample": found.sample,
            "place": list(found.place),
            "golden": found.values[0],
            "rtl": found.values[1],
            "differences": found.count,
        }
    return {
        "equal": verdict.equal,
        "samples": verdict.samples,
        "spikes": verdict.spikes,
        "potentials": verdict.potentials,
        "cycles_per_sample": None if cycles is None else round(cycles, 1),
        "predicted": _predicted(verdict),
        "layers": [
            {
                "layer": layer.name,
                "cycles": layer.cycles,
                "predicted": layer.predicted,
                "additions": layer.additions,
                "lanes": layer.lanes,
                "efficiency": round(layer.efficiency, 4),
            }
            for layer in verdict.layers
        ],
        "first_difference": difference,
    }


def _predicted(verdict: "Verdict") -> dict[str, Any] | None:
    """Return how well the cycles were predicted, or None where they were not."""
    if not verdict.predicted_cycles:
        return None
    busy = verdict.predicted_busy_cycles
    return {
        "samples": len(verdict.predicted_cycles),
        "exactly": verdict.predicted_exactly,
        "largest_error": round(verdict.largest_error, 6),
        "cycles_per_sample": None if busy is None else round(busy / verdict.samples, 1),
    }


def layers_table(result: dict[str, Any]) -> Table:
    """Return the cost of each layer, as rich shows it."""
    table = grid("layer", "cycles a sample", "predicted", "useful additions", "per lane and cycle")
    samples = max(1, result["samples"])
    for layer in result["layers"]:
        predicted = layer["predicted"]
        table.add_row(
            layer["layer"],
            f"{layer['cycles'] / samples:,.1f}",
            "–" if predicted is None else f"{predicted / samples:,.1f}",
            f"{layer['additions']:,}",
            f"{layer['efficiency']:.3f}",
        )
    return table
