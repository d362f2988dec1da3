"""`somagate explore`: many plans of tables, on boards and parts, and those that none beats."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import somagate as sg
import typer

from .options import (
    BOARDS,
    Activity,
    Clock,
    Force,
    Json,
    Samples,
    Scheduler,
    SomeData,
    TablesFile,
    Workers,
    hertz,
    some_samples,
)
from .output import NO, existing, progress, replaceable_file, show, stderr, verb

SAMPLES = 1000
"""Of a data set, at most, unless told otherwise."""


def explore(
    tables: TablesFile,
    board: Annotated[
        list[str] | None,
        typer.Option(
            "--board",
            metavar="BOARD",
            help=f"One of {', '.join(BOARDS)}; repeat it for several; default: {BOARDS[0]}.",
        ),
    ] = None,
    part: Annotated[
        list[str] | None,
        typer.Option(
            "--part", metavar="PART", help="An FPGA by itself, such as 'xc7a35t'; repeatable."
        ),
    ] = None,
    data: SomeData = None,
    samples: Samples = None,
    activity: Activity = None,
    clock: Clock = None,
    points: Annotated[
        int, typer.Option(metavar="N", min=1, help="Plans to compare, of all boards together.")
    ] = 2000,
    exact: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, help="Of how many of the best, at most, samples are followed."
        ),
    ] = 128,
    bits: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="With --data: choices of bits of weights and potentials, without training; 1 is "
            "the tables' own alone; default: 12.",
        ),
    ] = None,
    verify: Annotated[
        int, typer.Option(metavar="N", min=0, help="Verify the fastest N of each board.")
    ] = 0,
    build: Annotated[
        int, typer.Option(metavar="N", min=0, help="Build the fastest N of each board.")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Of what is drawn.")] = 0,
    workers: Workers = None,
    scheduler: Scheduler = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="SQLite file to write, with a page beside it; default: 'explore.sqlite' beside "
            "TABLES.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the file where it was left.")
    ] = False,
    point: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help="Explore nothing: write the plan of point N of the file, and its tables where "
            "their bits are fewer.",
        ),
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Compare many plans of tables, on boards and parts, and draw those that none beats.

    All plans are measured roughly, the best and those near them by following samples: of --data, or
    random spikes. Exits with 1 if nothing fits a board, a point differs from golden, or a bitstream
    is too slow.
    """
    with verb(json):
        existing(tables, ".safetensors")
        file = out or tables.with_name("explore.sqlite")
        if point is not None:
            found = sg.explored(file, sg.load(tables))
            files = found.save(point, file.parent, overwrite=force)
        else:
            page = page_beside(file, resume=resume, force=force)
            loaded = sg.load(tables)
            chosen = some_samples(loaded, data, samples, None)
            if chosen is not None and samples is None:
                chosen = chosen[:SAMPLES]
            with going_on(file), progress("exploring") as update:
                found = sg.explore(
                    loaded, file, boards=board or (), parts=part or (),
                    data=chosen, activity=activity,
                    clock_hz=hertz(clock), points=points, exact=exact, bits=bits, verify=verify,
                    build=build, seed=seed, workers=workers, scheduler=scheduler, overwrite=force,
                    page=page, source=str(tables),
                    progress=lambda what, done, total: update(done, total),
                )  # fmt: skip
    if point is not None:
        lines = [f"{name.capitalize()} in {path}" for name, path in files.items()]
        paths = {name: str(path) for name, path in files.items()}
        show(found, json, lines, point=found.point(point), files=paths)
        return
    show(found, json)
    if not (found.fits and found.proven):
        raise typer.Exit(NO)


def page_beside(file: Path, *, resume: bool, force: bool) -> Path:
    """Return where the page goes, if it and the results may be written."""
    if resume and force:
        raise ValueError("--force must be left out with --resume, which keeps the file")
    if file.is_file() and not resume and not force:
        raise ValueError(
            f"{file} exists already: go on with --resume, name another with --out, or give --force"
        )
    replaceable_file(file, resume or force)
    page = file.with_suffix(".html")
    if page == file:
        raise ValueError(f"--out must not end in .html as the page beside it does, but is {file}")
    return replaceable_file(page, force or (resume and file.exists()))


@contextmanager
def going_on(file: Path) -> Iterator[None]:
    """Say where an interrupt inside the block leaves the file how it is gone on with."""
    try:
        yield
    except KeyboardInterrupt:
        stderr().print(f"{file} has what was finished: go on with --resume", markup=False,
                       soft_wrap=True)  # fmt: skip
        raise
