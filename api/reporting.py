"""The report of a run: one page, offline, of what a network does and what became of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import RenderableType

from .boards.registry import BOARDS
from .checks import kind_of
from .checks.files import write
from .data import DataError, Request, needs_folder
from .data.chosen import data_set
from .designs import Design, design
from .encoded import Samples, samples
from .estimating import estimate
from .given import ACTIVITY
from .hw.cost.rough_cycles import transfers
from .hw.plan.support import reasons
from .shown import Shown
from .view.report import cost as costs
from .view.report.compose import Content, html
from .view.report.measure import measure
from .view.report.run import Run, number, read

NAME, PAGE = "report.html", b"<!doctype html"
SAMPLES = 500
"""That are measured by default, where there are as many."""
PREDICTED, FOLLOWED = 8, 250_000
"""Samples whose cycles are predicted where no verification counted any, and as many words of theirs
as are followed one by one in a few seconds; cycles of larger samples are an estimate."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Report(Shown):
    """A report of a run.

    Attributes
    ----------
    path
        The page.
    content
        What it shows.
    """

    path: Path
    content: Content

    @property
    def summary(self) -> str:
        """The accuracy, the agreement of golden and RTL, and where the page is, in a sentence."""
        run, measured = self.content.run, self.content.measured
        told = []
        if measured is not None and measured.correct is not None:
            told.append(f"{measured.correct} of {measured.samples} right")
        elif measured is not None:
            told.append(f"{measured.samples} samples simulated")
        if run.verdict is not None:
            told.append(f"golden and RTL {'equal' if run.verdict['equal'] else 'differ'}")
        return "; ".join([*told, f"report in {self.path}"])

    def shown(self) -> list[RenderableType]:
        """Return the summary, what the run lacks with the command for it, and what is left out."""
        lacks = [f"Not in the run: {what}; {way}" for what, way in self.content.missing]
        left_out = [f"Left out: {name} holds {what}" for name, what in self.content.run.left_out]
        return [self.summary[0].upper() + self.summary[1:], *lacks, *left_out]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures of the page as JSON holds them."""
        return {**self.content.to_dict(), "report": str(self.path)}


def report(
    run: Path | str,
    out: Path | str | None = None,
    *,
    data: Any = None,
    samples: int | None = None,
    overwrite: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Write one HTML page of what a run left: it needs nothing else, and no network.

    Parameters
    ----------
    run
        A folder with ``tables.safetensors``, as `somagate train`, `export` and `demo` write it, or
        the tables' file.
    out
        The page; by default ``report.html`` in the folder, or beside the file.
    data
        Samples, as `somagate.samples` takes them. By default those that the run was trained on, or
        the bundled digits, where they need no folder and fit the tables.
    samples
        Take the first so many; by default 500, or all of fewer.
    overwrite
        Replace the page that is there.
    progress
        Called with the samples done, and all of them.

    Raises
    ------
    FileExistsError
        Without `overwrite`, where the page is there.
    ValueError
        Where `run` is no run, a file in it is not what it must be, samples don't fit the tables, or
        what would be replaced is no page: it may be a file that the report reads.
    ModuleNotFoundError
        Where Bokeh isn't installed, with what to install.
    """
    if not isinstance(run, str | Path):
        raise TypeError(f"run must be a folder or a tables' file, not {kind_of(run)}")
    place = Path(run)
    target = page_of(place) if out is None else Path(out)
    if target.exists() and not overwrite:
        raise FileExistsError(f"{target} must not exist yet, or be overwritten on purpose")
    _only_a_page(target)
    found = read(place)
    chosen, names = _samples(found, data, samples)
    measured = None
    if chosen is not None:
        measured = measure(
            found.tables, chosen, title=chosen.data, labelled=chosen.labelled, class_names=names,
            progress=progress,
        )  # fmt: skip
    unsupported = tuple(
        f"layer {layer.name}: {why}"
        for layer in found.tables.layers
        for why in reasons(found.tables, layer)
    )
    content = Content(
        run=found, measured=measured, unsupported=unsupported,
        cost=None if unsupported else _cost(found, chosen),
    )  # fmt: skip
    write(target, html(content), overwrite=overwrite)
    return Report(path=target, content=content)


def page_of(run: Path) -> Path:
    """Return where the page of a run lies by default: in the folder, or beside the file."""
    return run / NAME if run.is_dir() else run.with_name(f"{run.stem}.html")


def _only_a_page(target: Path) -> None:
    """Raise where another file than a page would be lost, such as one that the report reads."""
    if not target.is_file():
        return
    with target.open("rb") as file:
        start = file.read(len(PAGE))
    if start and start.lower() != PAGE:
        raise ValueError(f"{target} must be an HTML page to be replaced by one; name another file")


def _samples(run: Run, data: Any, count: int | None) -> tuple[Samples | None, tuple[str, ...]]:
    """Return the samples to measure, and the names of their classes; None where there are none."""
    if data is None:
        data = _bundled(run)
        if data is None and count is not None:
            raise ValueError(
                f"samples must come with data, not be {count} without it: the run names none that "
                "needs no folder"
            )
        if data is None:
            return None, ()
    if isinstance(data, Samples):
        chosen = data.given_to(run.tables)
        names: tuple[str, ...] = ()
    else:
        chosen = samples(run.tables, data)
        names = data_set(str(data)).class_names if isinstance(data, str | Path) else ()
    total = len(chosen)
    if not total:
        raise ValueError(f"{chosen.data} must have a sample at least to be measured, not none")
    if count is not None and not 1 <= count <= total:
        raise ValueError(f"samples must be 1…{total} for {chosen.data}, not {count}")
    chosen = chosen[: min(total, SAMPLES) if count is None else count]
    if chosen.labelled:
        chosen.scored()
    return chosen, tuple(names)


def _bundled(run: Run) -> str | None:
    """Return the data set that a run was trained on, or the digits, if it is bundled and fits."""
    named = run.data or "digits"
    try:
        if needs_folder(Request.parse(named).name):
            return None
        samples(run.tables, named, 1)
    except (DataError, ValueError, KeyError):
        return None
    return named


def _cost(run: Run, data: Samples | None) -> costs.Cost:
    """Return what the run's plan costs, or a plain one."""
    tables = run.tables
    built = next(iter(run.built.values()), {})
    board = built.get("target") if built.get("target") in BOARDS else None
    made: Design = design(tables, board=board, plan=run.plan)
    planned = "The plan is that of the accelerator in the run"
    if run.plan is None:
        planned = (
            "The run has no accelerator, so this is the plan of `somagate generate` without options"
        )
    clock = number(built.get("clock_hz")) or made.clock_hz
    layers, cycles, counted = _verified(run) or _predicted(made, data)
    return costs.Cost(
        plan=made.plan, planned=planned, where=made.where, resources=made.resources(),
        layers=layers, cycles=cycles, counted=counted,
        clock_hz=None if clock is None else round(clock),
    )  # fmt: skip


Cycles = tuple[dict[str, costs.LayerCycles], float | None, str]


def _verified(run: Run) -> Cycles | None:
    """Return the cycles that a verification counted, or None where it counted none."""
    verdict = run.verdict or {}
    count, rows = number(verdict.get("samples")), verdict.get("layers")
    if count is None or count < 1 or not isinstance(rows, list):
        return None
    found = {}
    for row in rows:
        if not isinstance(row, dict):
            return None
        figures = [number(row.get(key)) for key in ("cycles", "additions", "efficiency")]
        cycles, additions, efficiency = figures
        if cycles is None or additions is None or efficiency is None:
            return None
        found[str(row.get("layer"))] = costs.LayerCycles(
            cycles=cycles / count, additions=additions / count, efficiency=efficiency
        )
    if set(found) != {layer.name for layer in run.tables.layers}:
        return None
    told = f"counted in the Verilog on {round(count)} samples"
    return found, number(verdict.get("cycles_per_sample")), told


def _predicted(made: Design, data: Samples | None) -> Cycles:
    """Return the cycles that golden's spikes say, of samples or of random spikes."""
    work = max(1, round(transfers(made.plan)))
    exact = work <= FOLLOWED
    told = f"for random spikes of {ACTIVITY:.0%} of the neurons in a time step"
    if data is not None:
        data = data[: max(1, min(PREDICTED, FOLLOWED // work)) if exact else 1]
        told = f"for {len(data)} sample{'s' * (len(data) > 1)} of {data.data}"
    found = estimate(made, data, exact=exact)
    layers = {
        row["layer"]: costs.LayerCycles(
            cycles=row["cycles"] / found.samples, additions=row["additions"] / found.samples,
            efficiency=row["efficiency"],
        )
        for row in found.layers
    }  # fmt: skip
    how = "predicted" if exact else "estimated, within some 20 %,"
    return layers, found.cycles_per_sample, f"{how} {told}"
