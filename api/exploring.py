"""Exploring plans: many points of lanes, banks, stages and bits on boards, and the best of them."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import RenderableType

from .boards.registry import BOARDS
from .checks import integer
from .checks.files import write
from .encoded import Parts, Samples, the_samples
from .export.tables import Tables
from .given import MOST_HZ, assumed_activity, the_tables
from .hw.plan.plan import Plan
from .hw.search import room
from .shown import Shown, grid
from .targets import DEFAULT_BOARD, target
from .view.explore.export import saved
from .view.explore.networks import FOLLOWED, Data, assumed, networks
from .view.explore.proven import EQUAL, PASSES, proven
from .view.explore.run import explored as explored_points
from .view.explore.setting import Setting, Target
from .view.explore.store import Store, opened, reading
from .workers import Pool, pool

POINTS, EXACT, BITS = 2000, 128, 12
"""Unless told otherwise: points, those that are followed, and choices of bits where there is data."""
VERIFIED = 16
"""Samples that the best points are verified on."""
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
    def summary(self) -> str:
        """How many points there are, in a sentence."""
        fits = sum(row["fits"] for row in self.points)
        followed = sum(row["cycles_from"] != "rough" for row in self.points)
        page = f"; picture in {self.page}" if self.page else ""
        return (
            f"{len(self.points):,} points, of which {fits:,} fit; cycles of {followed:,} are those "
            f"of {self.settings['spikes']}, of the others about; {len(self.front):,} points are "
            f"ahead, in {self.file}{page}"
        )

    def shown(self) -> list[RenderableType]:
        """Return the fastest of each front, and a sentence."""
        heads = ("point", "on", "images a second", "cycles", "cells", "block RAMs", "additions")
        bits = len({row["network"] for row in self.front}) > 1
        more = ("accuracy", "bits") if bits else ()
        done = any(row["verified"] or row["built"] for row in self.points)
        table = grid(*heads, *more, *(("verified", "fmax") if done else ()), left=2)
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
                    fmax = row["fmax_mhz"]
                    cells += [row["verified"] or "–", f"{fmax:.1f} MHz" if fmax else "–"]
                table.add_row(*cells)
        return [table, self.summary]

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it."""
        return {
            "file": str(self.file),
            "page": str(self.page) if self.page else None,
            "settings": self.settings,
            "points": len(self.points),
            "fitting": sum(row["fits"] for row in self.points),
            "followed": sum(row["cycles_from"] != "rough" for row in self.points),
            "front": self.front,
        }

    def save(self, number: int, folder: Path | str, *, overwrite: bool = False) -> dict[str, Path]:
        """Write a point as files, for the other verbs: its plan, and its tables if their bits are fewer.

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


def explore(
    tables: Tables,
    file: Path | str,
    *,
    boards: Sequence[str] = (),
    parts: Sequence[str] = (),
    data: Samples | None = None,
    activity: float | None = None,
    clock_hz: int | None = None,
    points: int = POINTS,
    exact: int = EXACT,
    bits: int | None = None,
    verify: int = 0,
    build: int = 0,
    seed: int = 0,
    workers: int | None = None,
    scheduler: str | None = None,
    overwrite: bool = False,
    page: Path | str | None = None,
    source: str | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Explored:
    """Compare many plans of tables, on boards and parts, and with data of fewer bits too.

    All points are measured roughly; those that none of their board beats in images a second, cells,
    block RAMs, accuracy and additions an image, and those close to them, by following samples. What
    is found is kept in the file at once, and a file that is there is gone on with: it ends up the
    same, whatever the workers and however often it was interrupted.

    Parameters
    ----------
    tables
        The network.
    file
        An SQLite file, new or of the same exploration.
    boards, parts
        What the plans are for: 'icebreaker' where neither is given.
    data
        Samples to follow, and to measure the accuracy of fewer bits on.
    activity
        Spikes a neuron and time step where there is no data, 0…1; by default 0.1.
    clock_hz
        The clock; by default each board's, and none for a part.
    points
        How many plans, of all boards and parts together.
    exact
        Of how many at most samples are followed.
    bits
        How many choices of bits, the tables' own included; by default 12 with labelled data, and 1
        without, which is no choice. Weights are rounded and states narrowed without any training.
    verify, build
        How many of the fastest points of each board are verified in Verilator, and built.
    seed
        Of what is drawn.
    workers
        Processes on this machine, by default this one alone. More need dask, and a script whose
        work is behind ``if __name__ == "__main__":``.
    scheduler
        Address of a dask scheduler whose workers are taken instead, such as 'tcp://host:8786'.
    overwrite
        Begin anew, whatever exploration the file has.
    page
        A file for a page with the picture, which is replaced; needs bokeh.
    source
        How the page's commands call the tables' file; by default 'TABLES.safetensors'.
    progress
        Called with what goes on, how much of it is done, and of how much.

    Raises
    ------
    ValueError
        Where a name is unknown, or a number is out of range.
    DoesNotFitError, UnsupportedError
        Where a board has no room for the weights at all, or the hardware doesn't support the tables.
    StoreError
        Where the file is of another exploration, or in use.
    WorkersError
        Where the scheduler doesn't answer, has no workers, or a worker dies.
    """
    the_tables(tables)
    targets = _targets(boards, parts, clock_hz)
    for one in targets:
        room.refuse(tables, one.part)
    Plan.single(tables, lanes=1, update_lanes=1, word_bits=64)
    share = assumed_activity(data, activity)
    integer("points", points, 1, 1_000_000)
    integer("exact", exact, 1, 100_000)
    integer("seed", seed, 0, 2**31 - 1)
    for name, number in (("verify", verify), ("build", build)):
        integer(name, number, 0, 1000)
    samples = None if data is None else the_samples(tables, data)
    count = _choices(samples, bits)
    settings = {
        "tables": tables.sha256,
        "layers": " ".join(layer.name for layer in tables.layers),
        "targets": " ".join(one.name for one in targets),
        "clock_hz": str(clock_hz),
        "spikes": f"random spikes, {share:.3g} a neuron and time step",
        "points": str(points),
        "exact": str(exact),
        "bits": str(count),
        "seed": str(seed),
        "somagate": metadata.version("somagate"),
    }
    if samples is not None:
        settings["spikes"] = f"{min(FOLLOWED, len(samples))} samples of {samples.data}"
        settings["measured"] = f"{len(samples)} samples of {samples.data}"
        settings["samples"] = _digest(samples)
    told = progress or (lambda what, done, total: None)
    path = Path(file)
    with pool(count=workers, scheduler=scheduler) as its, opened(path, settings, anew=overwrite) as store:
        setting = _setting(tables, samples, share, (targets, points, exact, count, seed), its, store)
        explored_points(setting, store, its, told)
        proven(
            setting, store, its, told, verified=verify, built=build,
            folder=path.with_name(f"{path.stem}-built"),
        )  # fmt: skip
        rows = store.rows()
    found = Explored(file=path, points=rows, settings=settings)
    if page is None:
        return found
    from .view.explore.page import page as drawn

    write(Path(page), drawn(found.points, settings, tables.name, str(path), source))
    return Explored(file=path, points=rows, settings=settings, page=Path(page))


def explored(file: Path | str) -> Explored:
    """Return what a file holds that `explore` wrote, as far as it got.

    Raises
    ------
    StoreError
        Where it is no such file.
    FileNotFoundError
        Where there is none.
    """
    with reading(Path(file)) as (store, settings):
        return Explored(file=Path(file), points=store.rows(), settings=settings)


def _targets(
    boards: Sequence[str], parts: Sequence[str], clock_hz: int | None
) -> tuple[Target, ...]:
    if clock_hz is not None:
        integer("clock_hz", clock_hz, 1, MOST_HZ)
    if not boards and not parts:
        boards = (DEFAULT_BOARD,)
    found = []
    for name in dict.fromkeys(boards):
        board, _ = target(name, None)
        clock = BOARDS[name].clock_hz if clock_hz is None else clock_hz
        found.append(Target(name=name, on_board=board is not None, clock_hz=clock))
    for name in dict.fromkeys(parts):
        target(None, name)
        found.append(Target(name=name, on_board=False, clock_hz=clock_hz))
    return tuple(found)


def _choices(samples: Samples | None, bits: int | None) -> int:
    """Return how many choices of bits there are."""
    labelled = samples is not None and samples.labelled and samples.targets is None
    count = (BITS if labelled else 1) if bits is None else integer("bits", bits, 1, 1000)
    if count > 1 and not labelled:
        raise ValueError(
            f"bits must be 1 without labelled data to measure the accuracy on, not {count}"
        )
    if samples is not None and labelled:
        samples.scored()
    return count


def _digest(samples: Samples) -> str:
    total = hashlib.sha256(np.ascontiguousarray(samples.images).tobytes())
    total.update(np.ascontiguousarray(samples.labels).tobytes())
    return total.hexdigest()


def _setting(
    tables: Tables,
    samples: Samples | None,
    share: float,
    numbers: tuple[tuple[Target, ...], int, int, int, int],
    its: Pool,
    store: Store,
) -> Setting:
    """Return what is explored, with the networks measured on the samples."""
    targets, points, exact, count, seed = numbers
    if samples is None:
        found = (assumed(tables, share),)
        proof = found[0].x
    else:
        labels = samples.labels if samples.labelled and samples.targets is None else None
        given = Data(samples=Parts(samples), labels=labels)
        found = networks(
            tables, given, count, seed=seed, pool=its, told=store.add_network,
            known=store.measured(),
        )  # fmt: skip
        proof = samples[:VERIFIED].x
    store.keep_networks(found)
    return Setting(
        targets=targets,
        networks=found,
        points=points,
        exact=exact,
        seed=seed,
        proof=proof,
        spikes="random" if samples is None else "data",
    )
