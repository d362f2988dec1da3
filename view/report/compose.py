"""A run's report as one page, and its figures as JSON holds them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..page import Columns, Section, page
from ..text import escaped, isolated
from . import curves, hardware, layers, network, neurobench, overview
from .cost import Cost
from .measure import Measured
from .run import TABLES, Run


@dataclass(frozen=True, kw_only=True, eq=False)
class Content:
    """All that a report shows.

    Attributes
    ----------
    run
        What the run left.
    measured
        What golden did on samples; None without any.
    cost
        What the accelerator takes; None where the hardware doesn't support the tables.
    unsupported
        Why not, a sentence each.
    """

    run: Run
    measured: Measured | None
    cost: Cost | None
    unsupported: tuple[str, ...] = ()

    @property
    def tables_file(self) -> str:
        """Where the tables lie, as the run was named."""
        path = Path(self.run.name)
        return str(path / TABLES) if path.is_dir() else self.run.name

    @property
    def missing(self) -> list[tuple[str, str]]:
        """What the run lacks, each with the command that makes it."""
        return overview.missing(self.run, self.measured, self.tables_file)

    def to_dict(self) -> dict[str, Any]:
        """Return the figures of the page as JSON holds them."""
        run, measured = self.run, self.measured
        clocks = hardware.fmax(run)
        return {
            "run": run.name,
            "tables": run.tables.sha256,
            "network": run.tables.name,
            "steps": run.tables.steps,
            "data": measured.data if measured else None,
            "samples": measured.samples if measured else 0,
            "accuracies": run.accuracies,
            "correct": measured.correct if measured else None,
            "confusion": (
                None if measured is None or measured.confusion is None
                else measured.confusion.tolist()
            ),
            "equal": None if run.verdict is None else run.verdict["equal"],
            "first_difference": None if run.verdict is None
            else run.verdict.get("first_difference"),
            "layers": [one.to_dict() for one in layers.facts(run.tables, measured)],
            "cost": None if self.cost is None else self.cost.to_dict(),
            "unsupported": list(self.unsupported),
            "clock_hz": None if clocks is None else round(clocks[0]),
            "fmax_hz": None if clocks is None else round(clocks[1]),
            "utilization": {name: one.get("utilization") for name, one in run.built.items()},
            "neurobench": neurobench.metrics(run.tables, measured, self.cost),
            "epochs": len(run.training),
            "missing": [{"what": what, "command": way} for what, way in self.missing],
            "left_out": [{"name": name, "why": f"holds {what}"} for name, what in run.left_out],
        }  # fmt: skip


def html(content: Content) -> str:
    """Return the page: the same text for the same content."""
    run, measured, cost = content.run, content.measured, content.cost
    tables = run.tables
    found = layers.facts(tables, measured)
    metrics = neurobench.metrics(tables, measured, cost)
    sections = [
        _section("summary", "Summary", [
            overview.key_figures(run, measured, cost, metrics),
            *_findings(content),
            overview.missing_part(content.missing, run.left_out),
        ]),
    ]  # fmt: skip
    if measured is not None and measured.confusion is not None:
        sections.append(_section("accuracy", "Accuracy", overview.confusion(tables, measured)))
    if run.verdict is not None:
        sections.append(_section("agreement", "Golden and RTL", overview.agreement(run)))
    costs = [*network.parts(tables, cost)]
    if cost is not None:
        costs.insert(0, f"<p>{hardware.speed(cost)}</p>\n")
    sections.append(_section("network", "Network and cost", costs))
    if measured is not None:
        sections.append(_section("activity", "Activity", layers.activity(tables, found)))
    sections.append(_section("layers", "Layers and their bits", layers.parts(tables, found)))
    if cost is not None:
        sections.append(_section("hardware", "On the FPGA", hardware.parts(run, cost)))
    sections.append(
        _section("neurobench", "NeuroBench", [neurobench.part(metrics, measured, cost)])
    )
    if run.training or run.float_training:
        sections.append(_section("training", "Training", curves.parts(run)))
    return page(f"{tables.name}: report", _lead(content), sections, footer=_footer(content))


def _section(anchor: str, title: str, parts: Iterable[Any]) -> Section:
    return Section(anchor=anchor, title=title, parts=tuple(part for part in parts if part))


def _lead(content: Content) -> str:
    tables, measured = content.run.tables, content.measured
    of = (
        f"; measured on {measured.samples:,} samples of {isolated(measured.data)}"
        if measured
        else ""
    )
    return (
        f"Run {isolated(content.run.name)}, tables <code>{tables.sha256[:12]}</code>, "
        f"{tables.steps} time steps{of}"
    )


def _findings(content: Content) -> Iterable[str | Columns]:
    """Yield what the tables alone tell of channels that can't fire, and of what isn't supported."""
    tables = content.run.tables
    found = [*content.unsupported, *tables.thresholds(), *tables.saturation()]
    if found:
        lines = "".join(f"<li>{escaped(line)}</li>" for line in found[:20])
        more = f"<li>and {len(found) - 20} more</li>" if len(found) > 20 else ""
        yield f'<h3 class="bad">Findings</h3>\n<ul>{lines}{more}</ul>\n'


def _footer(content: Content) -> str:
    return (
        "Made by somagate from what the run left and from the golden simulator, which defines what "
        f"the integers mean. Tables <code>{content.run.tables.sha256}</code>."
    )
