"""What every pool of workers offers."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable
from typing import Any

Progress = Callable[[int, int], None]
"""Told (done, total) as work goes on."""


class WorkersError(RuntimeError):
    """Workers that can't be reached, or that died; a sentence that says which."""


class Pool(ABC):
    """Workers that call functions."""

    @abstractmethod
    def map(
        self,
        function: Callable[..., Any],
        items: Iterable[Any],
        *,
        shared: tuple[Any, ...] = (),
        progress: Progress | None = None,
    ) -> list[Any]:
        """Return what a function returns for each item, in the order of the items.

        Parameters
        ----------
        function
            Called as `function(*shared, item)`. Other processes run it too, so it is one of a
            module, and doesn't read what changes.
        items
            Small ones: each travels to a worker.
        shared
            Large values that all calls get; each travels to a worker once.
        progress
            Called with the items done, and all of them, as they are done.

        Raises
        ------
        WorkersError
            Where a worker died.
        Exception
            What the function raises; other items are not waited for.
        """

    @abstractmethod
    def each(
        self,
        function: Callable[..., Any],
        items: Iterable[Any],
        *,
        shared: tuple[Any, ...] = (),
    ) -> Generator[Any]:
        """Yield what a function returns for each item, in the order of the items.

        Each is there as soon as it and those before it are done, so what is done can be kept. A few
        items are run ahead; the rest are not begun where the iteration ends early. Parameters and
        errors are those of `map`.
        """
