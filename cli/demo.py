"""`somagate demo`: the whole path, from training to a bitstream, in numbered steps."""

import json as encoder
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ..export.tables import Tables
from . import build, check, export, generate, simulate, train, verify
from .options import BoardName, Force, Json, Lanes, UpdateLanes
from .output import NO, Update, grid, one_of, progress, replaceable, show, stderr, verb, writable

CHECKPOINT, SUMMARY = "checkpoint.pt", "summary.json"
Step = Callable[[Update], tuple[dict[str, Any], str]]
"""Does a step's work, and returns its result and a sentence."""


def demo(
    recipe: Annotated[str, typer.Option(help="'digits' or 'digits-dense'.")] = "digits",
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write.")] = Path("runs/demo"),
    samples: Annotated[int, typer.Option(min=1, max=500, help="Test images to verify with.")] = 100,
    epochs: Annotated[int | None, typer.Option(min=1, help="In place of the recipe's.")] = None,
    board: BoardName = "icebreaker",
    lanes: Lanes = 16,
    update_lanes: UpdateLanes = 4,
    force: Force = False,
    json: Json = False,
) -> None:
    """Walk the whole path once on the bundled digits, and say what came out and where it lies.

    Trains, exports, checks, simulates, generates, verifies every spike and potential, and builds.
    Exits with 1 if Verilog and golden differ, or the bitstream is too slow for its clock.
    """
    with verb(json):
        from .plans import board_of

        board_of(board)
        one_of("--recipe", recipe, ("digits", "digits-dense"))
        writable(out, force)
        replaceable(out / "rtl", generate.PROOF, force)
        replaceable(out / board, build.PROOF, force)
        layout = {"board": board, "lanes": lanes, "update_lanes": update_lanes, "word_bits": None}
        result = walk(recipe, out, samples, epochs, layout)
    show(result, json, figures(result), verify.layers_table(result), files(result))
    if not result["equal"] or result["timing"] != "pass":
        raise typer.Exit(NO)


def walk(
    recipe: str, out: Path, samples: int, epochs: int | None, layout: dict[str, Any]
) -> dict[str, Any]:
    """Take every step, telling of each on stderr, and return what the summary shows."""
    tables, rtl, board = out / "tables.safetensors", out / "rtl", layout["board"]

    def compared(update: Update) -> tuple[dict[str, Any], str]:
        done = train.run(
            recipe, None, out / "float", {}, epochs=epochs, float_=True, overwrite=True
        )
        return done, train.summary(done)

    def trained(update: Update) -> tuple[dict[str, Any], str]:
        done = train.run(recipe, None, out, {}, epochs=epochs, overwrite=True)
        return done, train.summary(done)

    def exported(update: Update) -> tuple[dict[str, Any], str]:
        done = export.convert(out / CHECKPOINT, "digits", tables, update)
        return done, export.summary(done)

    def checked(update: Update) -> tuple[dict[str, Any], str]:
        done = check.examine(tables)
        return done, check.summary(done)

    def simulated(update: Update) -> tuple[dict[str, Any], str]:
        done = simulate.measure(Tables.load(tables), "digits", None, None, update)
        return done, simulate.summary(done)

    def generated(update: Update) -> tuple[dict[str, Any], str]:
        done = generate.write(tables, rtl, **layout)
        return done, generate.summary(done)

    def verified(update: Update) -> tuple[dict[str, Any], str]:
        settings = {"engine": "native", "waves": out / "difference"}
        verdict = verify.compare(
            tables, "digits", samples, rtl, update, layout=layout, settings=settings
        )
        return verify.as_result(verdict), str(verdict)

    def built(update: Update) -> tuple[dict[str, Any], str]:
        done = build.make(tables, out / board, update, layout)
        return done, build.summary(done)

    steps: dict[str, tuple[str, Step]] = {
        "train float": ("Train the network in floating point, to compare with", compared),
        "train": (f"Train it quantized, by the recipe {recipe!r}", trained),
        "export": ("Export the checkpoint to integers", exported),
        "check": ("Check every layer", checked),
        "simulate": ("Simulate all test images", simulated),
        "generate": ("Generate the accelerator", generated),
        "verify": ("Verify its Verilog against the simulation", verified),
        "build": (f"Build the bitstream for {board}", built),
    }
    results, seconds = {}, {}
    for number, (name, (title, step)) in enumerate(steps.items(), 1):
        stderr().print(f"[{number}/{len(steps)}] {title}", style="bold", markup=False)
        started = time.monotonic()
        if name.startswith("train"):  # has a bar of its own
            results[name], sentence = step(lambda done, total: None)
        else:
            with progress("     ") as update:
                results[name], sentence = step(update)
        seconds[name] = round(time.monotonic() - started, 1)
        stderr().print(f"      {sentence} ({seconds[name]:.1f} s)", markup=False, soft_wrap=True)
    result = summary(results, seconds)
    (out / SUMMARY).write_text(encoder.dumps(result, indent=2) + "\n", encoding="utf-8")
    return result


def summary(results: dict[str, Any], seconds: dict[str, float]) -> dict[str, Any]:
    """Return the figures of all steps together, and where each file lies."""
    built, verified = results["build"], results["verify"]
    cycles = verified["cycles_per_sample"]
    return {
        "accuracy_float": results["train float"]["accuracy"],
        "accuracy_quantized": results["export"]["accuracy_before"],
        "accuracy_integers": results["simulate"]["accuracy"],
        "test_samples": results["simulate"]["samples"],
        **verified,
        **{key: built[key] for key in ("clock_hz", "fmax_hz", "timing", "utilization", "device")},
        "samples_per_second": round(built["clock_hz"] / cycles, 1) if cycles else None,
        "seconds": seconds,
        "files": {
            "checkpoint": results["train"]["checkpoint"],
            "tables": results["export"]["path"],
            "verilog": results["generate"]["verilog"],
            "memory map": results["generate"]["files"]["memory_map.json"],
            "bitstream": built["bitstream"],
            "build report": built["report"],
            "this summary": str(Path(results["export"]["path"]).with_name(SUMMARY)),
        },
    }


def figures(result: dict[str, Any]) -> Table:
    """Return the figures, as rich shows them."""
    table = grid("figure", "value", left=2)
    equal = "equal" if result["equal"] else "DIFFERENT"
    for kind in ("float", "quantized", "integers"):
        table.add_row(f"accuracy, {kind}", f"{result[f'accuracy_{kind}']:.2%}")
    table.add_row("Verilog and simulation", f"{equal} on {result['samples']} images")
    table.add_row("spikes and potentials compared", f"{result['spikes']:,} each")
    table.add_row("cycles an image", f"{result['cycles_per_sample']:,}")
    table.add_row("images a second, accelerator alone", f"{result['samples_per_second']:,}")
    clock = f"{result['clock_hz'] / 1e6:.2f} of {result['fmax_hz'] / 1e6:.2f} MHz possible"
    table.add_row(f"clock of the {result['device']}", clock)
    for name, usage in result["utilization"].items():
        if usage["used"]:
            share = f"{usage['used']:,} of {usage['available']:,}"
            table.add_row(name.replace("_", " "), share)
    table.add_row("time for all steps", f"{sum(result['seconds'].values()):.0f} s")
    return table


def files(result: dict[str, Any]) -> Table:
    """Return where each file lies, as rich shows it."""
    table = grid("file", "path", left=2)
    for name, path in result["files"].items():
        table.add_row(name, path)
    return table
