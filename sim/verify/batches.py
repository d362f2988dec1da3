"""The samples of a verification in batches, each played from reset and compared by itself."""

import json
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...checks.files import write
from ...workers import Pool
from ..bench.cache import digest, plan_digest
from .comparison import Comparison
from .verdict import Verdict

BATCH_SAMPLES = 16
"""Samples played one after the other before the next reset; of many replicas, two for each."""


class SampleSource(Protocol):
    """Inputs that are made when they are needed."""

    def __len__(self) -> int:
        """Return the number of samples."""

    def __getitem__(self, samples: slice, /) -> NDArray[Any]:
        """Return some samples as integers (steps, samples, *input shape)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Batches:
    """The batches of one verification; a batch is called by its first sample.

    Attributes
    ----------
    comparison
        Compares one.
    inputs, count
        Samples, and how many of them.
    kept
        Where verdicts of equal batches are kept, or None.
    identity
        Digest of the device and of the code that checks it.
    """

    comparison: Comparison
    inputs: SampleSource
    count: int
    kept: Path | None
    identity: str

    @property
    def size(self) -> int:
        """Samples of a batch, but perhaps of the last one."""
        return max(BATCH_SAMPLES, 2 * self.comparison.plan.replicas)

    @property
    def _firsts(self) -> range:
        return range(0, self.count, self.size)

    def verdicts(self, threads: int) -> Iterator[Verdict]:
        """Yield the verdict of each batch in order, up to the first that is not equal.

        Parameters
        ----------
        threads
            Batches that are played at the same time.
        """
        batches = iter(self._firsts)
        # Golden's products are small, and threads of BLAS that wait for a core spin.
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
            waiting: deque[Future[Verdict]] = deque()
            try:
                while True:
                    while len(waiting) < 2 * threads and (first := next(batches, None)) is not None:
                        waiting.append(pool.submit(self.verdict, first))
                    if not waiting:
                        return
                    verdict = waiting.popleft().result()
                    yield verdict
                    if not verdict.equal:
                        return
            finally:
                for future in waiting:
                    future.cancel()

    def spread(self, pool: Pool) -> Iterator[Verdict]:
        """Yield the same, of batches that workers play."""
        paths: dict[int, Path | None] = {}

        def each() -> Iterator[tuple[int, NDArray[Any], Verdict | None]]:
            for first in self._firsts:
                x = self.batch(first)
                paths[first] = self._path(first, x)
                yield first, x, _known(paths[first])

        found = pool.each(_played, each(), shared=(self.comparison,))
        try:
            for first, verdict in zip(self._firsts, found, strict=True):
                _keep(paths.pop(first), verdict)
                yield verdict
                if not verdict.equal:
                    return
        finally:
            found.close()

    def batch(self, first: int) -> NDArray[Any]:
        """Return the inputs of a batch."""
        return self.inputs[first : min(first + self.size, self.count)]

    def verdict(self, first: int) -> Verdict:
        """Play a batch and compare it, unless that was done before."""
        x = self.batch(first)
        path = self._path(first, x)
        known = _known(path)
        if known is not None:
            return known
        verdict = self.comparison.verdict(first, x)
        _keep(path, verdict)
        return verdict

    def _path(self, first: int, x: NDArray[Any]) -> Path | None:
        """Return where the verdict of a batch is kept; None where none are."""
        if self.kept is None:
            return None
        data, its = np.ascontiguousarray(x), self.comparison
        key = (
            *(plan_digest(its.plan), its.tables.sha256),
            *(its.setup.engine, its.setup.stalls, its.setup.seed + first, its.deadline, first),
            its.predicts(first),
            *(data.shape, data.dtype.str, digest(data.tobytes())),
        )
        return self.kept / f"{digest(self.identity, repr(key))}.json"


def _known(path: Path | None) -> Verdict | None:
    """Return the verdict that a file keeps, if there is one."""
    if path is None or not path.exists():
        return None
    return Verdict.from_record(json.loads(path.read_text(encoding="utf-8")))


def _keep(path: Path | None, verdict: Verdict) -> None:
    """Keep a verdict in a file, if batches are kept and this one is equal."""
    if path is not None and verdict.equal and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, json.dumps(verdict.record()))


def _played(comparison: Comparison, batch: tuple[int, NDArray[Any], Verdict | None]) -> Verdict:
    """Return the verdict of a batch, which may be known; what workers run."""
    first, x, known = batch
    if known is not None:
        return known
    with threadpool_limits(1, "blas"):
        return comparison.verdict(first, x)
