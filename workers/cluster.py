"""Workers of a dask cluster: one that is made here, or one that is there."""

import asyncio
import logging
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Any

import dask
from distributed import Client, Future, LocalCluster, Security, as_completed
from distributed.comm.core import connect
from distributed.scheduler import KilledWorker

from .base import Pool, Progress, WorkersError

SECONDS = 5
"""That a scheduler gets to answer, and to name a worker."""
AHEAD = 2
"""Items a worker that are under way where results are taken one by one."""
DIED = (
    "a worker must stay alive to the end, but one died; the memory may be short: take fewer "
    "workers, or fewer samples"
)


class Cluster(Pool):
    """The workers of a client's scheduler."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._sent: dict[int, tuple[Any, Any]] = {}

    def map(
        self,
        function: Callable[..., Any],
        items: Iterable[Any],
        *,
        shared: tuple[Any, ...] = (),
        progress: Progress | None = None,
    ) -> list[Any]:
        """Return what a function returns for each item; see `Pool`."""
        everything = list(items)
        if not everything:
            return []
        there = [[self._send(value)] * len(everything) for value in shared]
        futures = self._client.map(function, *there, everything, pure=False)
        try:
            ended = as_completed(futures, loop=self._client.loop, with_results=True)
            for done, _ in enumerate(ended, 1):  # raises where a call did
                if progress:
                    progress(done, len(everything))
            return list(self._client.gather(futures))
        except KilledWorker:
            raise WorkersError(DIED) from None
        finally:
            self._client.cancel(futures)

    def each(
        self,
        function: Callable[..., Any],
        items: Iterable[Any],
        *,
        shared: tuple[Any, ...] = (),
    ) -> Generator[Any]:
        """Yield what a function returns for each item; see `Pool`."""
        there, left = [self._send(value) for value in shared], iter(items)
        waiting: deque[Future[Any]] = deque()
        ahead = AHEAD * max(1, sum(self._client.nthreads().values()))
        try:
            while True:
                for item in islice(left, ahead - len(waiting)):
                    waiting.append(self._client.submit(function, *there, item, pure=False))
                if not waiting:
                    return
                yield waiting[0].result()
                waiting.popleft()
        except KilledWorker:
            raise WorkersError(DIED) from None
        finally:
            self._client.cancel(list(waiting))

    def _send(self, value: Any) -> Any:
        """Return a value as the workers have it."""
        if id(value) not in self._sent:
            future = self._client.scatter(value, broadcast=True, hash=False)
            self._sent[id(value)] = (value, future)  # held, so that no other gets its id
        return self._sent[id(value)][1]


@contextmanager
def local(count: int) -> Iterator[Pool]:
    """Yield so many processes of this machine, of one thread each."""
    # A worker that dies of an item would die of it again.
    settings = {"distributed.scheduler.allowed-failures": 0}
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=count, threads_per_worker=1, processes=True, silence_logs=logging.CRITICAL,
            # Any free port: where that of the pages about a cluster is taken, dask warns.
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        Client(cluster) as client,
    ):  # fmt: skip
        client.run(_deaf)
        yield Cluster(client)


@contextmanager
def remote(address: str) -> Iterator[Pool]:
    """Yield the workers of a scheduler that is there.

    Raises
    ------
    WorkersError
        Where nothing answers there, or it has no workers.
    """
    try:
        with ThreadPoolExecutor(1) as thread:  # as a notebook's own has a loop already
            thread.submit(lambda: asyncio.run(asyncio.wait_for(_answer(address), SECONDS))).result()
    except (OSError, ValueError, TypeError) as error:
        told = " ".join(str(error).split())
        why = "nothing answers there" if isinstance(error, OSError) else told
        raise WorkersError(
            f"scheduler must be the address of a dask scheduler, such as 'tcp://host:8786', not "
            f"{address!r}: {why}"
        ) from None
    with Client(address, timeout=SECONDS, set_as_default=False) as client:
        try:
            client.wait_for_workers(1, timeout=SECONDS)
        except TimeoutError:
            raise WorkersError(
                f"scheduler must have workers, but that at {address!r} has none; start some with "
                f"`dask worker {address}`"
            ) from None
        yield Cluster(client)


async def _answer(address: str) -> None:
    """Shake hands with a scheduler: a client that fails to do so isn't closed without a noise."""
    arguments = Security().get_connection_args("client")
    comm = await connect(address, timeout=SECONDS, **arguments)
    comm.abort()


def _deaf() -> None:
    """Leave Ctrl-C, which a terminal sends to all, to the process that ends the cluster."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
