"""Choosing a pool of workers, and the one that is this process."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from .base import Pool, Progress

MOST_WORKERS = 256


class Here(Pool):
    """The process itself, one item after another."""

    def map(
        self,
        function: Callable[..., Any],
        items: Iterable[Any],
        *,
        shared: tuple[Any, ...] = (),
        progress: Progress | None = None,
    ) -> list[Any]:
        """Return what a function returns for each item; see `Pool`."""
        everything, found = list(items), []
        for item in everything:
            found.append(function(*shared, item))
            if progress:
                progress(len(found), len(everything))
        return found

    def each(
        self,
        function: Callable[..., Any],
        items: Iterable[Any],
        *,
        shared: tuple[Any, ...] = (),
    ) -> Generator[Any]:
        """Yield what a function returns for each item; see `Pool`."""
        return (function(*shared, item) for item in items)


@contextmanager
def pool(*, count: int | None = None, scheduler: str | None = None) -> Iterator[Pool]:
    """Yield a pool of workers, which are gone behind the block.

    Parameters
    ----------
    count
        Processes on this machine, 1…256: this one alone, or so many of a dask cluster that is made
        for the block. None is 1.
    scheduler
        The address of a dask scheduler, such as 'tcp://host:8786', whose workers are taken; they
        have to have the same version of what they run.

    Raises
    ------
    ValueError
        Where the count is none, or is given beside a scheduler.
    WorkersError
        Where the scheduler can't be reached, or has no workers.
    ModuleNotFoundError
        Where dask is needed and not installed, with what to install.
    """
    if scheduler is not None and count is not None:
        raise ValueError(
            f"workers must be left out with a scheduler, which has its own, not be {count!r}"
        )
    count = 1 if count is None else count
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_WORKERS:
        raise ValueError(f"workers must be an integer of 1…{MOST_WORKERS}, not {count!r}")
    if scheduler is None and count == 1:
        yield Here()
        return
    try:
        from . import cluster
    except ModuleNotFoundError as error:
        name = (error.name or "dask").split(".")[0]
        raise ModuleNotFoundError(
            f"{name} is not installed, which runs several workers: "
            "pip install 'somagate[search]', or take one worker",
            name=name,
        ) from None
    with cluster.local(count) if scheduler is None else cluster.remote(scheduler) as found:
        yield found
