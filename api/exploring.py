"""Exploring plans: many points of lanes, banks, stages and bits on boards, and the best of them."""

import hashlib
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

import numpy as np

from .boards.registry import BOARDS
from .checks import integer
from .checks.files import write
from .encoded import Parts, Samples, the_samples
from .export.tables import Tables
from .given import MOST_HZ, assumed_activity, the_tables
from .hw.plan.plan import Plan
from .hw.search import room
from .targets import DEFAULT_BOARD, target
from .view.explore.found import Explored
from .view.explore.networks import FOLLOWED, Data, assumed, networks
from .view.explore.proven import proven
from .view.explore.run import explored
from .view.explore.setting import Network, Setting, Target
from .view.explore.store import Store, opened
from .workers import Pool, pool

POINTS, EXACT, BITS = 2000, 128, 12
"""Points, those that are followed, and choices of bits where there are labels, by default."""
VERIFIED = 16
"""Samples that the best points are verified on."""


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
        A file for a page with the picture, which is replaced; another than `file`; needs bokeh.
    source
        How the page's commands call the tables' file; by default 'TABLES.safetensors'.
    progress
        Called with what goes on, how much of it is done, and of how much.

    Raises
    ------
    ValueError
        Where a name is unknown, a number is out of range, the page is no file of its own, or
        something is to be built for what open tools don't build for.
    DoesNotFitError, UnsupportedError
        Where a board has no room for the weights at all, or the hardware can't have the tables.
    StoreError
        Where the file is of another exploration, or in use.
    WorkersError
        Where the scheduler doesn't answer, has no workers, or a worker dies.
    """
    the_tables(tables)
    path, drawn = Path(file), None if page is None else Path(page)
    _own_page(path, drawn)
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
    closed = [one.name for one in targets if not one.buildable]
    if build and closed:
        raise ValueError(
            f"build must be 0 with {', '.join(closed)}, for which open tools don't build, "
            f"not {build}"
        )
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
    with (
        pool(count=workers, scheduler=scheduler) as its,
        opened(path, settings, anew=overwrite) as store,
    ):
        setting = _setting(
            tables, samples, share, (targets, points, exact, count, seed), its, store
        )
        explored(setting, store, its, told)
        proven(
            setting, store, its, told, verified=verify, built=build,
            folder=path.with_name(f"{path.stem}-built"),
        )  # fmt: skip
        rows = store.rows()
    if drawn is not None:
        from .view.explore.page import page as text

        write(drawn, text(rows, settings, tables.name, str(path), source))
    return Explored(file=path, points=rows, settings=settings, page=drawn)


def _own_page(file: Path, page: Path | None) -> None:
    """Refuse a page that would replace the results, or could not be written after all the work."""
    if page is None:
        return
    if page.resolve() == file.resolve():
        raise ValueError(f"page must be another file than that of the results, not {page}")
    if page.is_dir():
        raise ValueError(f"page must be a file, but {page} is a folder")


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
        found: tuple[Network, ...] = (assumed(tables, share),)
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
