"""What an exploration has found, as it is printed and as JSON holds it."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rich.console import RenderableType

from ...export.tables import Tables
from ...shown import Shown, grid
from .export import saved
from .figures import followed
from .proven import EQUAL, PASSES, bitstream
from .store import StoreError, reading

_SHOWN = 12
"""Points of a target's front that are printed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Explored(Shown):
    """What an exploration has found.

    Attributes
    ----------
    file
        The SQLite file, with a row a point.
    points
        All points by their number, each as the file has it: a dictionary by column.
    settings
        What was asked for.
    page
        The page with the picture; None where none was written.
    """

    file: Path
    points: list[dict[str, Any]]
    settings: dict[str, str]
    page: Path | None = None

    @cached_property
    def front(self) -> list[dict[str, Any]]:
        """The points that none of their board or part beats, the fastest first."""
        found = [row for row in self.points if row["front"]]
        return sorted(found, key=lambda row: (row["target"], row["cycles_per_image"]))

    @property
    def fits(self) -> bool:
        """Whether any plan fits each of the boards and parts."""
        fitting = {row["target"] for row in self.points if row["fits"]}
        return fitting == set(self.settings["targets"].split())

    @property
    def proven(self) -> bool:
        """Whether all that was verified is equal, and all that was built is fast enough."""
        return all(
            row["verified"] in (None, EQUAL) and row["built"] in (None, PASSES)
            for row in self.points
        )

    @property
    def finished(self) -> bool:
        """Whether the points are all there, and compared with each other."""
        return bool(self.points) and all(row["cycles_from"] for row in self.points)

    @property
    def summary(self) -> str:
        """How many points there are, in a sentence."""
        if not self.finished:
            return (
                f"not finished: {len(self.points):,} of {int(self.settings['points']):,} points "
                f"are in {self.file}, and none is compared with the others yet; go on with --resume"
            )
        fits = sum(row["fits"] for row in self.points)
        exact = sum(map(followed, self.points))
        page = f"; picture in {self.page}" if self.page else ""
        return (
            f"{len(self.points):,} points, of which {fits:,} fit; cycles of {exact:,} are those "
            f"of {self.settings['spikes']}, of the others about; {len(self.front):,} points are "
            f"ahead, in {self.file}{page}"
        )

    def shown(self) -> list[RenderableType]:
        """Return the fastest of each front, and a sentence."""
        heads = ("point", "on", "images a second", "cycles", "cells", "block RAMs", "additions")
        bits = len({row["network"] for row in self.front}) > 1
        more = ("accuracy", "bits") if bits else ()
        done = any(row["verified"] or row["built"] for row in self.points)
        table = grid(*heads, *more, *(("verified", "bitstream") if done else ()), left=2)
        for name in self.settings["targets"].split():
            for row in [row for row in self.front if row["target"] == name][:_SHOWN]:
                rate, accuracy = row["images_per_second"], row["accuracy"]
                cells = [
                    str(row["number"]),
                    row["target"],
                    "–" if rate is None else f"{rate:,.0f}",
                    f"{row['cycles_per_image']:,.0f}",
                    f"{row['logic_cells']:,}",
                    f"{row['block_rams']:,}",
                    f"{row['additions_per_image']:,.0f}",
                ]
                if bits:
                    told = f"{row['weight_bits']} / {row['state_bits']}"
                    cells += ["–" if accuracy is None else f"{accuracy:.2%}", told]
                if done:
                    cells += [row["verified"] or "–", bitstream(row)]
                table.add_row(*cells)
        return [table, self.summary]

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it."""
        return {
            "file": str(self.file),
            "page": str(self.page) if self.page else None,
            "settings": self.settings,
            "finished": self.finished,
            "points": len(self.points),
            "fitting": sum(row["fits"] for row in self.points),
            "followed": sum(map(followed, self.points)),
            "front": [told(row) for row in self.front],
        }

    def point(self, number: int) -> dict[str, Any]:
        """Return a point as JSON holds it, or raise `ValueError`."""
        for row in self.points:
            if row["number"] == number:
                return told(row)
        raise ValueError(f"point must be 0…{len(self.points) - 1} of {self.file}, not {number}")

    def save(self, number: int, folder: Path | str, *, overwrite: bool = False) -> dict[str, Path]:
        """Write a point as files for the other verbs: its plan, and tables with fewer bits.

        Parameters
        ----------
        number
            Of the point.
        folder
            Where they get the file's name and the number.
        overwrite
            Replace files that are there.

        Returns
        -------
        dict
            'plan' and, where the tables are others than those explored, 'tables'.

        Raises
        ------
        ValueError
            Where there is no such point.
        FileExistsError
            Without `overwrite`, where something is there.
        """
        return saved(self.file, number, Path(folder), overwrite=overwrite)


def explored(file: Path | str, tables: Tables | None = None) -> Explored:
    """Return what a file holds that `explore` wrote, as far as it got.

    Parameters
    ----------
    file
        The SQLite file.
    tables
        What must have been explored in it; by default any.

    Raises
    ------
    StoreError
        Where it is no such file, or of other tables.
    FileNotFoundError
        Where there is none.
    """
    with reading(Path(file)) as (store, settings):
        if tables is not None and settings["tables"] != tables.sha256:
            raise StoreError(
                f"{file} must be of tables {tables.sha256[:12]}, {tables.name}, not "
                f"{settings['tables'][:12]}: give those, or name another file with --out"
            )
        return Explored(file=Path(file), points=store.rows(), settings=settings)


def told(row: dict[str, Any]) -> dict[str, Any]:
    """Return a point as JSON holds it: its plan is no text."""
    return {**row, "plan": json.loads(row["plan"])}
