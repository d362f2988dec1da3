"""What imported tables keep of their source: the proof that both compute the same, and numbers."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType

from .export.tables import Tables
from .shown import Shown, grid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Proof(Shown):
    """Where imported tables are from, and how far they compute what their source does.

    Attributes
    ----------
    tables
        They.
    source
        What they keep of it, as JSON holds it; docs/imports.md says what the keys mean.
    path
        Where the tables were written, or None.
    """

    tables: Tables
    source: dict[str, Any]
    path: Path | None = None

    @property
    def equal(self) -> bool:
        """Whether golden fired as the source's rule does with the tables' numbers, everywhere."""
        return not any(rule["differing"] for rule in self.source["rule"])

    @property
    def exact(self) -> bool:
        """Whether nothing at all is rounded, not even by the framework's own run."""
        rounds = self.source["reasons"] or not self.source["input"]["exact"]
        own = self.source.get("own_run")
        return self.equal and not rounds and (own is None or not own["differing"])

    def shown(self) -> list[RenderableType]:
        """Return where the tables are from, both proofs, and what is rounded."""
        source, lines = self.source, list[RenderableType]()
        lines.append(f"From {source['framework']} {source['version']}: {source['verdict']}")
        quantization = source["quantization"]
        if quantization is not None:
            table = grid("layer", "as the source", "its spikes", "spikes", "silent", "saturated")
            for row in quantization["layers"]:
                table.add_row(
                    row["layer"],
                    f"{row['agreement']:.2%}",
                    f"{row['activity_source']:.2%}",
                    f"{row['activity']:.2%}",
                    str(row["silent"]),
                    str(row["saturated"]),
                )
            lines.append(table)
            if quantization["accuracy"] is not None:
                lines.append(
                    f"{quantization['accuracy_source']:.2%} right in the source, "
                    f"{quantization['accuracy']:.2%} in integers, on {quantization['samples']} "
                    "samples"
                )
        if own := source.get("own_run"):
            why = "float32 rounds" if own["rounded"] else "the tables round"
            first = f", as {why}, first in {own['first_difference']}" if own["differing"] else ""
            lines.append(
                f"The framework's own run, {own['steps']} steps of {own['samples']} samples: "
                f"{own['differing']:,} of {own['spikes']:,} spikes differ{first}"
            )
        lines += [f"layer {name}: {why}" for name, why in source["reasons"].items()]
        lines += source["notes"]
        lines += [f"layer {name}: {text}" for name, text in self._advice()]
        if self.path is not None:
            lines.append(f"Tables in {self.path}")
        return lines

    def _advice(self) -> list[tuple[str, str]]:
        """Return what to change about layers that don't fire, or always do."""
        found = []
        for row in (self.source["quantization"] or {"layers": []})["layers"]:
            if row["activity_source"] and not row["activity"]:
                found.append((row["layer"], "falls silent; give it more weight or state bits"))
            elif row["activity_source"] < 1 and row["activity"] == 1:
                found.append((row["layer"], "always fires; give it more weight or state bits"))
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it."""
        return {
            "tables": self.tables.sha256,
            "path": None if self.path is None else str(self.path),
            "equal": self.equal,
            "exact": self.exact,
            "source": self.source,
            "findings": self.tables.thresholds(),
        }


def proof(tables: Tables, path: Path | None = None) -> Proof:
    """Return what imported tables keep of their source.

    Raises
    ------
    ValueError
        Where they weren't imported.
    """
    if tables.source is None:
        raise ValueError("tables must be imported ones to have a proof, but say no source")
    return Proof(tables=tables, source=tables.source, path=path)


def as_input(tables: Tables, samples: Any) -> "NDArray[np.int64]":
    """Return numbers of the source as integers of imported tables: what golden and RTL take.

    Parameters
    ----------
    tables
        Imported ones.
    samples
        As the source takes them: a batch, or (steps, samples, *input shape); tensors or arrays.

    Returns
    -------
    int64 (steps, samples, *input shape), rounded and saturated where they aren't exact. A warning
    says how many are, where those of the import weren't.

    Raises
    ------
    ValueError
        Where the tables weren't imported, the samples are laid out otherwise, or they are no spikes
        where the tables take spikes.
    """
    from .imports.importing import as_input as made

    return made(tables, samples)


def as_output(tables: Tables, output: Any) -> "NDArray[np.float64]":
    """Return answers of imported tables as numbers of the source.

    Parameters
    ----------
    tables
        Imported ones.
    output
        Integers, such as `Trace.output`.

    Returns
    -------
    float64, in the shape of `output`: potentials in the source's units, or spikes and steps.

    Raises
    ------
    ValueError
        Where the tables weren't imported.
    """
    from .imports.importing import as_output as made

    return made(tables, output)
