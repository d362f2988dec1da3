"""What a run left in its folder: tables are needed, all else is there or isn't."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...export.tables import Tables
from ...hw.plan import plan_file
from ...hw.plan.plan import Plan

TABLES, SUMMARY, RESULT, METRICS = (
    *("tables.safetensors", "summary.json", "result.json", "metrics.jsonl"),
)
VERDICT, BUILT, FLOAT = "verify.json", "report.json", "float"
"""A verdict is what `somagate verify --json` printed; the demo's summary holds one too."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run, as far as it went.

    Attributes
    ----------
    name
        Its folder or its tables' file, as it was named.
    tables
        The network.
    training, float_training
        Figures of each epoch, of the network and of the float one beside it: 'loss', 'accuracy';
        none where there was no training here.
    recipe
        The training's recipe and its accuracy, or None.
    accuracies
        By 'float', 'quantized' and 'integers', 0…1, as far as the run knows them.
    plan
        How the tables lie on the accelerator that was generated or built, or None.
    built
        By folder, the report of each bitstream of these tables.
    verdict
        What a verification of these tables found, as `somagate verify --json` prints it, or None.
    left_out
        Files and folders by name, and what they hold instead of what is of these tables.
    """

    name: str
    tables: Tables
    training: tuple[dict[str, Any], ...] = ()
    float_training: tuple[dict[str, Any], ...] = ()
    recipe: dict[str, Any] | None = None
    accuracies: dict[str, float]
    plan: Plan | None = None
    built: dict[str, dict[str, Any]]
    verdict: dict[str, Any] | None = None
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def data(self) -> str | None:
        """The data set that the recipe names, or None."""
        recipe = (self.recipe or {}).get("recipe")
        found = recipe.get("data") if isinstance(recipe, dict) else None
        return found if isinstance(found, str) else None


def number(value: Any) -> float | None:
    """Return what a file holds in the place of a finite number, or None where it is none."""
    found = real(value)
    return found if found is not None and math.isfinite(found) else None


def real(value: Any) -> float | None:
    """Return what a file holds in the place of a number, finite or not; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def read(path: Path) -> Run:
    """Read a run: a folder with tables, or the tables' file alone.

    Raises
    ------
    ValueError
        Where it is neither, or a file in it is not what it must be.
    TablesFileError, PlanFileError
        Where the tables, or the manifest beside them, can't be read.
    """
    if path.is_file():
        return Run(name=str(path), tables=Tables.load(path), accuracies={}, built={})
    tables = Tables.load(_tables(path))
    summary, result = _object(path / SUMMARY), _object(path / RESULT)
    floating = _object(path / FLOAT / RESULT) or {}
    accuracies = {
        "float": (summary or {}).get("accuracy_float", floating.get("accuracy")),
        "quantized": (summary or {}).get("accuracy_quantized", (result or {}).get("accuracy")),
        "integers": (summary or {}).get("accuracy_integers"),
    }
    verdict, unused = _verdict({VERDICT: _object(path / VERDICT), SUMMARY: summary}, tables)
    plan, built, others = _accelerators(path, tables)
    return Run(
        name=str(path),
        tables=tables,
        training=_lines(path / METRICS),
        float_training=_lines(path / FLOAT / METRICS),
        recipe=result,
        accuracies={
            kind: found
            for kind, value in accuracies.items()
            if (found := number(value)) is not None
        },
        plan=plan,
        built=built,
        verdict=verdict,
        left_out=(*unused, *others),
    )


def _tables(folder: Path) -> Path:
    if (folder / TABLES).is_file():
        return folder / TABLES
    if not folder.is_dir():
        raise ValueError(
            f"run must be a folder with {TABLES}, or the tables' file, but {folder} does not exist"
        )
    way = f"somagate export {folder}/checkpoint.pt makes them"
    if not (folder / "checkpoint.pt").is_file():
        way = "name the tables' file where it lies elsewhere"
    raise ValueError(f"run must be a folder with {TABLES}, but {folder} has none: {way}")


def _verdict(
    found: dict[str, dict[str, Any] | None], tables: Tables
) -> tuple[dict[str, Any] | None, tuple[tuple[str, str], ...]]:
    """Return the first verdict on these tables among files' contents, and what others hold."""
    left_out: list[tuple[str, str]] = []
    for name, content in found.items():
        if content is None:
            continue
        if name == VERDICT and "error" in content:
            left_out.append((name, f"no verification, but the error: {content['error']}"))
        elif not isinstance(content.get("equal"), bool):
            if name == VERDICT or "equal" in content:
                told = json.dumps(content.get("equal"))[:80]
                left_out.append((name, f"no verification: equal must be true or false, not {told}"))
        elif "tables" not in content:
            left_out.append((name, "a verification that doesn't say of which tables"))
        elif content["tables"] != tables.sha256:
            left_out.append((name, "a verification of other tables"))
        else:
            return content, tuple(left_out)
    return None, tuple(left_out)


def _accelerators(
    folder: Path, tables: Tables
) -> tuple[Plan | None, dict[str, dict[str, Any]], tuple[tuple[str, str], ...]]:
    """Return the plan of what was built, or else generated, each build's report, and what isn't."""
    built: dict[str, dict[str, Any]] = {}
    generated: list[Path] = []
    others: list[tuple[str, str]] = []
    for place in _folders(folder):
        if not (place / plan_file.MANIFEST).is_file():
            continue
        if plan_file.manifest(place)["tables_sha256"] != tables.sha256:
            others.append((place.name, "an accelerator of other tables"))
            continue
        report = _object(place / BUILT)
        if report is None or "utilization" not in report:
            generated.append(place)
        else:
            built[place.name] = report
            generated.insert(0, place)
    plan = plan_file.built(generated[0], tables) if generated else None
    return plan, built, tuple(others)


def _folders(folder: Path) -> Iterator[Path]:
    yield folder
    yield from sorted(place for place in folder.iterdir() if place.is_dir())


def _object(path: Path) -> dict[str, Any] | None:
    """Return the JSON object of a file, or None where there is no such file."""
    if not path.is_file():
        return None
    found = _parsed(path, path.read_text(encoding="utf-8", errors="replace"), str(path))
    return found


def _lines(path: Path) -> tuple[dict[str, Any], ...]:
    """Return the JSON object of each line of a file; none where there is no such file."""
    if not path.is_file():
        return ()
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return tuple(
        _parsed(path, line, f"{path} line {place}")
        for place, line in enumerate(lines, 1)
        if line.strip()
    )


def _parsed(path: Path, text: str, where: str) -> dict[str, Any]:
    try:
        found: Any = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{where} must be JSON, but {error}; remove {path.name}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{where} must be a JSON object, not {found!r:.80}; remove {path.name}")
    return found
