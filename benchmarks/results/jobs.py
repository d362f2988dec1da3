"""What processes of the benchmark do: train a row's networks, and measure what came out.

A process that is started anew finds functions by their module, and never by `__main__`.
"""

import json
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import somagate
import somagate.export
import somagate.hw
import somagate.sim
from somagate import data as data_sets
from somagate.boards.catalog import ulx3s
from somagate.data import DataSet, Request, boxes, encode, events, needs_folder
from somagate.export import checkpoint as exporter
from somagate.export.tables import Tables
from somagate.model import layers as model_layers
from somagate.model import network, recipes
from somagate.model.checkpoint import read
from somagate.model.methods import detection
from somagate.model.recipe import Recipe
from somagate.model.settings import Detect
from somagate.model.train import CHECKPOINT, Machine, Told, train
from somagate.model.trainer import Epoch

from benchmarks.lib import output
from benchmarks.results import work
from benchmarks.results.rows import Row

LANES = 16
TABLES = "tables.safetensors"
TIMES = "times.json"
"""Processor seconds of each epoch of a run folder's training."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """One training: a recipe, or the float network of its shape, tested on a fold or the split."""

    recipe: str
    fold: str | None
    quantized: bool
    seed: int = 0

    @property
    def name(self) -> str:
        """What its run folder is called."""
        parts = [self.recipe]
        if self.fold is not None:
            parts.append("fold" + self.fold.replace("/", "of"))
        if self.seed:
            parts.append(f"seed{self.seed}")
        return "-".join(parts if self.quantized else [*parts, "float"])

    @property
    def settings(self) -> Recipe:
        """The recipe with its fold."""
        recipe = recipes.find(self.recipe)
        if self.fold is None:
            return recipe
        request = Request.parse(recipe.data)
        options = {**request.options, "fold": self.fold}
        return recipe.override(data=Request(name=request.name, options=options, folder=None).title)

    def folder(self, data: Path) -> Path | None:
        """Return where the files of its data set lie in DATA."""
        name = Request.parse(self.settings.data).name
        return data / name if needs_folder(name) else None


def trainings(rows: Iterable[Row]) -> list[Training]:
    """Return every training that rows need, once."""
    found: dict[str, Training] = {}
    for row in rows:
        for fold, seed in row.runs:
            for recipe, quantized in ((row.recipe, True), (row.compared, False)):
                one = Training(recipe=recipe, fold=fold, quantized=quantized, seed=seed)
                found[one.name] = one
    return list(found.values())


def run(one: Training, out: Path, data: Path) -> None:
    """Train, or go on with a training, and keep the processor time of every epoch."""
    folder = out / one.name
    times = folder / TIMES
    seconds = json.loads(times.read_text(encoding="utf-8")) if times.exists() else []
    started = time.process_time()

    def keep(epoch: Epoch) -> None:
        nonlocal started
        now = time.process_time()
        seconds[epoch.epoch :] = [round(now - started, 1)]
        started = now
        times.write_text(json.dumps(seconds) + "\n", encoding="utf-8")
        output.tell(f"{one.name}: epoch {epoch.epoch + 1}, {epoch.accuracy:.2%} in training")

    train(
        one.settings if one.quantized else one.settings.floating(),
        folder,
        data_dir=one.folder(data),
        seed=one.seed,
        resume=True,
        machine=Machine(device="cpu"),
        told=Told(progress=False, report=keep),
    )


def measure(one: Training, out: Path, data: Path, samples: int) -> dict[str, Any]:
    """Export a training's tables, and return what `figures` finds, or what is kept of that."""
    tables = exporter.export(out / one.name / CHECKPOINT)
    path = out / one.name / TABLES
    tables.save(path)
    of = {"tables": tables.sha256, "samples": samples, "data": one.settings.data}
    make = partial(figures, one, path, out, data, samples)
    found: dict[str, Any] = simulated(out).get(one.name, of, make)
    return found


def simulated(out: Path) -> output.Kept:
    """Return what is kept of simulations: of all that `figures` uses, and of no recipe."""
    code = output.sources(
        *(somagate, somagate.export, somagate.hw, somagate.sim, sys.modules[__name__]),
        *(ulx3s, data_sets, encode, events, detection, boxes, network, model_layers),
        tools=("verilator", "yosys"),
    )
    return output.Kept(out / "kept", code)


def assemble(row: Row, out: Path, measured: list[dict[str, Any]]) -> dict[str, Any]:
    """Return all that is shown of a row, from what was measured of its folds and seeds."""
    folds = []
    for (fold, seed), found in zip(row.runs, measured, strict=True):
        mine = Training(recipe=row.recipe, fold=fold, quantized=True, seed=seed)
        other = Training(recipe=row.compared, fold=fold, quantized=False, seed=seed)
        trained = {"trained": _result(out / mine.name), "float": _result(out / other.name)}
        folds.append(found | trained)
    tables = Tables.load(out / first(row).name / TABLES)
    needed, full = work.of_tables(tables), work.of_float(tables)
    return {
        "row": asdict(row),
        "seeds": row.seeds,
        "steps": tables.steps,
        "folds": folds,
        "channels": {layer.name: [int(layer.kept.sum()), len(layer.kept)]
                     for layer in tables.layers},
        "work": asdict(needed),
        "float_work": asdict(full),
        "times_less": needed.times_less_than(full),
    }  # fmt: skip


def first(row: Row) -> Training:
    """Return the training of a row whose tables are shown, of its first fold and seed."""
    return Training(recipe=row.recipe, fold=row.test_folds[0], quantized=True)


def _result(folder: Path) -> dict[str, Any]:
    """Return what a training came to, and its processor seconds and epochs."""
    found = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    seconds = json.loads((folder / TIMES).read_text(encoding="utf-8"))
    return {"accuracy": found["accuracy"], "epochs": len(seconds), "seconds": sum(seconds)}


def figures(one: Training, path: Path, out: Path, data: Path, samples: int) -> dict[str, Any]:
    """Simulate tables on all test samples, and verify the accelerator on some."""
    tables, folder = Tables.load(path), one.folder(data)
    name = one.settings.data if folder is None else f"{one.settings.data}@{folder}"
    if isinstance(one.settings.method, Detect):
        accuracy, layers = detect(tables, out / one.name / CHECKPOINT, name)
        count = None
    else:
        measured = somagate.measure(tables, somagate.samples(tables, name)).to_dict()
        accuracy, layers = measured["accuracy"], measured["layers"]
        count = measured["samples"]
    design = somagate.design(tables, board="ulx3s-85f", lanes=LANES, update_lanes=4)
    some = somagate.samples(tables, name, samples)
    verdict = somagate.verify(design, some, waves=out / one.name / "difference")
    activity = {layer["layer"]: layer["activity"] for layer in layers}
    return {
        "accuracy": accuracy,
        "test_samples": count,
        "activity": activity,
        "verified": verdict.to_dict(),
    }


def detect(tables: Tables, path: Path, name: str) -> tuple[float, list[dict[str, Any]]]:
    """Return the mean average precision of tables in the golden simulator, and their activity."""
    data: DataSet = data_sets.read(name)
    trace = somagate.simulate(tables, somagate.samples(tables, name), potentials=False)
    layers = [
        {"layer": layer, "activity": float((spikes != 0).mean())}
        for layer, spikes in trace.spikes.items()
    ]
    return detection.precision_of(read(path).network, trace.output, data), layers
