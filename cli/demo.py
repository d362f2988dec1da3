"""`somagate demo`: the whole path, from training to a bitstream, in numbered steps."""

import json as encoder
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import somagate as sg
import typer
from rich.console import RenderableType
from rich.table import Table

from ..shown import Shown, grid
from .options import BoardName, Force, Json, Lanes, UpdateLanes
from .output import NO, Update, progress, replaceable, show, stderr, verb, writable

SUMMARY, REPORT = "summary.json", "report.html"
RECIPES = ("digits", "digits-dense")
Step = Callable[[Update], str]
"""Does a step's work, and returns a sentence."""


def demo(
    recipe: Annotated[str, typer.Option(help="'digits' or 'digits-dense'.")] = "digits",
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write.")] = Path("runs/demo"),
    samples: Annotated[int, typer.Option(min=1, max=500, help="Test images to verify with.")] = 100,
    epochs: Annotated[int | None, typer.Option(min=1, help="In place of the recipe's.")] = None,
    board: BoardName = None,
    lanes: Lanes = None,
    update_lanes: UpdateLanes = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Walk the whole path once on the bundled digits, and say what came out and where it lies.

    Trains, exports, checks, simulates, generates, verifies every spike and potential, runs a board
    in Verilator over its port, and builds. Exits with 1 if Verilog or the board's answers differ
    from golden, or the bitstream is too slow for its clock.
    """
    with verb(json):
        from ..generating import BUILT_PROOF, PROOF
        from ..targets import one_of, target

        chosen, _ = target(board, None)
        assert chosen is not None
        one_of("recipe", recipe, RECIPES)
        writable(out, force)
        replaceable(out / "rtl", PROOF, force)
        replaceable(out / chosen.name, BUILT_PROOF, force)
        walk = WholePath(recipe=recipe, out=out, samples=samples, epochs=epochs, board=chosen.name,
                    lanes=lanes, update_lanes=update_lanes)  # fmt: skip
        walk.take()
    show(walk, json)
    if not (walk.verdict.equal and walk.line_equal and walk.built.passed):
        raise typer.Exit(NO)


@dataclass(kw_only=True)
class WholePath(Shown):
    """The whole path, and what came out of each step."""

    recipe: str
    out: Path
    samples: int
    epochs: int | None
    board: str
    lanes: int | None
    update_lanes: int | None

    def take(self) -> None:
        """Take every step, telling of each on stderr."""
        steps: dict[str, tuple[str, Step]] = {
            "train float": ("Train the network in floating point, to compare with", self._compare),
            "train": (f"Train it quantized, by the recipe {self.recipe!r}", self._train),
            "export": ("Export the checkpoint to integers", self._export),
            "check": ("Check every layer", self._check),
            "simulate": ("Simulate all test images", self._simulate),
            "generate": ("Generate the accelerator", self._generate),
            "verify": ("Verify its Verilog against the simulation", self._verify),
            "run": (f"Run test images on a virtual {self.board}, over its port", self._run),
            "build": (f"Build the bitstream for {self.board}", self._build),
            "report": ("Write the report of it all", self._report),
        }
        self.seconds: dict[str, float] = {}
        for number, (name, (title, step)) in enumerate(steps.items(), 1):
            stderr().print(f"[{number}/{len(steps)}] {title}", style="bold", markup=False)
            started = time.monotonic()
            if name.startswith("train"):  # has a bar of its own
                sentence = step(lambda done, total: None)
            else:
                with progress("     ") as update:
                    sentence = step(update)
            self.seconds[name] = round(time.monotonic() - started, 1)
            told = f"      {sentence} ({self.seconds[name]:.1f} s)"
            stderr().print(told, markup=False, soft_wrap=True)
        self._summarize()

    def _summarize(self) -> None:
        text = encoder.dumps(self.to_dict(), indent=2)
        (self.out / SUMMARY).write_text(text + "\n", encoding="utf-8")

    def _compare(self, update: Update) -> str:
        self.floating = sg.train(
            self.recipe, self.out / "float", epochs=self.epochs, floating=True, overwrite=True,
            progress=stderr().is_terminal,
        )  # fmt: skip
        return self.floating.summary

    def _train(self, update: Update) -> str:
        self.trained = sg.train(
            self.recipe, self.out, epochs=self.epochs, overwrite=True,
            progress=stderr().is_terminal,
        )  # fmt: skip
        return self.trained.summary

    def _export(self, update: Update) -> str:
        self.converted = sg.convert(
            self.trained.checkpoint, self.out / "tables.safetensors", data="digits",
            progress=update,
        )  # fmt: skip
        self.tables = sg.load(self.converted.path)
        return self.converted.summary

    def _check(self, update: Update) -> str:
        return sg.check(self.tables).verdict

    def _simulate(self, update: Update) -> str:
        self.data = sg.samples(self.tables, "digits")
        self.measured = sg.measure(self.tables, self.data, progress=update)
        return self.measured.summary

    def _generate(self, update: Update) -> str:
        self.design = sg.design(
            self.tables, board=self.board, lanes=self.lanes, update_lanes=self.update_lanes
        )
        self.generated = sg.generate(self.design, self.out / "rtl", overwrite=True)
        return self.generated.summary

    def _verify(self, update: Update) -> str:
        self.verdict = sg.verify(
            self.tables, self.data[: self.samples], generated=self.generated.folder,
            waves=self.out / "difference", overwrite=True, progress=update,
        )  # fmt: skip
        return self.verdict.summary

    def _run(self, update: Update) -> str:
        from ..boards.uart import DIVISOR_MIN

        assert self.design.clock_hz is not None
        baud = self.design.clock_hz // DIVISOR_MIN
        data = self.data[: self.samples]
        with (
            sg.virtual_board(self.design, baud=baud) as board,
            sg.Device(board.port, self.design, baud=baud) as device,
        ):
            answers = device.predict(data, progress=update)
        trace = sg.simulate(self.tables, data, potentials=False)
        same = np.array_equal(answers.output, trace.output)
        self.line_equal = same and np.array_equal(answers.prediction, trace.prediction)
        return (
            f"The board's answers to {len(answers)} images are "
            f"{'those of the simulation' if self.line_equal else 'DIFFERENT'}"
        )

    def _build(self, update: Update) -> str:
        self.built = sg.build(
            self.design, self.out / self.board,
            progress=lambda step, done, steps: update(done, steps),
        )  # fmt: skip
        return self.built.summary

    def _report(self, update: Update) -> str:
        self._summarize()  # the report reads it
        self.report = sg.report(self.out, data="digits", progress=update)
        return f"All of it on one page: {self.report.path}"

    def to_dict(self) -> dict[str, Any]:
        """Return the figures of all steps together, and where each file lies."""
        built, verified = self.built.to_dict(), self.verdict.to_dict()
        cycles = verified["cycles_per_sample"]
        return {
            "accuracy_float": self.floating.accuracy,
            "accuracy_quantized": self.converted.accuracy_before,
            "accuracy_integers": self.measured.accuracy,
            "test_samples": self.measured.samples,
            **verified,
            "board_equal": self.line_equal,
            **{
                key: built[key]
                for key in ("clock_hz", "fmax_hz", "timing", "utilization", "device")
            },
            "samples_per_second": round(built["clock_hz"] / cycles, 1) if cycles else None,
            "seconds": self.seconds,
            "files": {
                "checkpoint": str(self.trained.checkpoint),
                "tables": str(self.converted.path),
                "verilog": str(self.generated.verilog),
                "memory map": str(self.generated.files["memory_map.json"]),
                "bitstream": built["bitstream"],
                "build report": built["report"],
                "this summary": str(self.out / SUMMARY),
                "report": str(self.out / REPORT),
            },
        }

    def shown(self) -> list[RenderableType]:
        """Return the figures, what each layer cost, and the files."""
        result = self.to_dict()
        files = grid("file", "path", left=2)
        for name, path in result["files"].items():
            files.add_row(name, path)
        return [figures(result), self.verdict.shown()[0], files]


def figures(result: dict[str, Any]) -> Table:
    """Return the figures, as rich shows them."""
    table = grid("figure", "value", left=2)
    equal = "equal" if result["equal"] else "DIFFERENT"
    for kind in ("float", "quantized", "integers"):
        table.add_row(f"accuracy, {kind}", f"{result[f'accuracy_{kind}']:.2%}")
    table.add_row("Verilog and simulation", f"{equal} on {result['samples']} images")
    table.add_row("spikes and potentials compared", f"{result['spikes']:,} each")
    line = "equal" if result["board_equal"] else "DIFFERENT"
    table.add_row("virtual board and simulation", f"{line} on {result['samples']} images")
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
