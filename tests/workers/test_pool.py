"""One pool of workers, whoever runs what it is given."""

import itertools
import operator
import os
import re
import socket
import sys
from collections.abc import Iterator

import pytest
import somagate.workers
from somagate.workers import Pool, WorkersError, pool


def failing(item: int) -> int:
    raise ValueError(f"item must be even, not {item}")


def died(item: int) -> int:
    os._exit(item)


@pytest.fixture(scope="module")
def two() -> Iterator[Pool]:
    pytest.importorskip("distributed", reason="dask is not installed")
    with pool(count=2) as found:
        yield found


@pytest.fixture(params=["here", "two"])
def workers(request: pytest.FixtureRequest) -> Iterator[Pool]:
    if request.param == "two":
        yield request.getfixturevalue("two")
        return
    with pool() as found:
        yield found


def test_results_come_in_the_order_of_the_items(workers: Pool) -> None:
    told: list[tuple[int, int]] = []
    found = workers.map(
        operator.sub, range(9), shared=(100,), progress=lambda *state: told.append(state)
    )
    assert found == [100 - item for item in range(9)]
    assert told == [(done, 9) for done in range(1, 10)]
    assert workers.map(operator.neg, [3, 1, 2]) == [-3, -1, -2]
    assert workers.map(operator.neg, []) == []


def test_what_a_function_raises_is_raised(workers: Pool) -> None:
    with pytest.raises(ValueError, match="^item must be even, not 1$"):
        workers.map(failing, [1])
    assert workers.map(operator.neg, [1]) == [-1]


def test_a_worker_that_dies_is_told() -> None:
    pytest.importorskip("distributed", reason="dask is not installed")
    message = (
        "a worker must stay alive to the end, but one died; the memory may be short: take fewer "
        "workers, or fewer samples"
    )
    with pool(count=2) as found, pytest.raises(WorkersError, match=f"^{re.escape(message)}$"):
        found.map(died, [7])


@pytest.mark.parametrize("count", [0, 257, True, 1.5])
def test_a_count_of_none_is_refused(count: object) -> None:
    message = f"^workers must be an integer of 1…256, not {re.escape(repr(count))}$"
    with pytest.raises(ValueError, match=message), pool(count=count):
        pass


def test_a_scheduler_has_its_own_workers() -> None:
    message = "^workers must be left out with a scheduler, which has its own, not be 3$"
    with pytest.raises(ValueError, match=message), pool(count=3, scheduler="tcp://a:1"):
        pass


def test_the_workers_of_a_scheduler_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed", reason="dask is not installed")
    from somagate.workers import cluster

    monkeypatch.setattr(cluster, "SECONDS", 0.5)
    settings = {"processes": False, "dashboard_address": "127.0.0.1:0"}
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, **settings) as found:
        with pool(scheduler=found.scheduler_address) as workers:
            assert workers.map(operator.neg, [1, 2]) == [-1, -2]
    with distributed.LocalCluster(n_workers=0, **settings) as found:
        address = found.scheduler_address
        message = (
            f"scheduler must have workers, but that at {address!r} has none; start some with "
            f"`dask worker {address}`"
        )
        with pytest.raises(WorkersError, match=f"^{re.escape(message)}$"):
            with pool(scheduler=address):
                pass


def test_a_scheduler_that_does_not_answer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="dask is not installed")
    from somagate.workers import cluster

    monkeypatch.setattr(cluster, "SECONDS", 0.5)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        port = deaf.getsockname()[1]
        wrong = {
            f"tcp://127.0.0.1:{port}": "nothing answers there",
            "nonsense": "missing port number in address 'nonsense'",
        }
        for address, why in wrong.items():
            message = (
                "scheduler must be the address of a dask scheduler, such as 'tcp://host:8786', not "
                f"{address!r}: {why}"
            )
            for listens in (False, True) if "tcp" in address else (False,):
                if listens:  # and says nothing
                    deaf.listen()
                with pytest.raises(WorkersError, match=f"^{re.escape(message)}$"):
                    with pool(scheduler=address):
                        pass


def test_several_workers_need_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "somagate.workers.cluster", raising=False)
    monkeypatch.delattr(somagate.workers, "cluster", raising=False)
    monkeypatch.setitem(sys.modules, "distributed", None)
    message = (
        "distributed is not installed, which runs several workers: pip install "
        "'somagate[search]', or take one worker"
    )
    with pytest.raises(ModuleNotFoundError, match=f"^{re.escape(message)}$"), pool(count=2):
        pass
    with pool(count=1) as found:
        assert found.map(operator.neg, [1]) == [-1]


def test_results_are_taken_one_by_one_in_the_order_of_the_items(workers: Pool) -> None:
    assert list(workers.each(operator.sub, range(9), shared=(100,))) == list(range(100, 91, -1))
    assert list(workers.each(operator.neg, [])) == []
    endless = workers.each(operator.neg, itertools.count())
    assert [next(endless) for _ in range(3)] == [0, -1, -2]
    endless.close()
    with pytest.raises(ValueError, match="^item must be even, not 1$"):
        list(workers.each(failing, [1, 2]))


def test_a_worker_that_dies_while_results_are_taken_is_told() -> None:
    pytest.importorskip("distributed", reason="dask is not installed")
    message = (
        "a worker must stay alive to the end, but one died; the memory may be short: take fewer "
        "workers, or fewer samples"
    )
    with pool(count=2) as found, pytest.raises(WorkersError, match=f"^{re.escape(message)}$"):
        list(found.each(died, [7]))
