"""The bench's processes on a clock that the tests turn by hand."""

from collections.abc import Callable, Coroutine, Generator
from types import coroutine
from typing import Any

import numpy as np
import pytest
from playback import Script
from somagate.hw.plan.plan import Plan
from somagate.sim.bench.bench import Bench, Process
from somagate.sim.bench.ports import Ports, to_limbs
from somagate.sim.bench.scenario import Scenario, stall_pattern

CYCLES = 400


@coroutine
def next_edge() -> Generator[None, None, None]:
    yield


class Wires:
    """One stream: what the bench writes, and in each cycle what the other side answers."""

    def __init__(self, answer: Callable[[int], dict[str, int]]) -> None:
        self.answer = answer
        self.driven = {"valid": 0, "ready": 0, "payload": 0}
        self.seen: list[dict[str, int]] = []
        self.cycle = -1

    async def edge(self) -> None:
        await next_edge()

    async def until(self, signal: str) -> None:
        await self.edge()
        while not self.read(signal):
            await self.edge()

    async def skip(self, cycles: int) -> None:
        for _ in range(cycles):
            await self.edge()

    def read(self, signal: str) -> int:
        return self.seen[-1][signal]

    def write(self, signal: str, value: int) -> None:
        self.driven[signal] = value

    def turn(self) -> None:
        """Let the next edge see what both sides drive."""
        self.cycle += 1
        self.seen.append(self.driven | self.answer(self.cycle))


def run(process: Process, wires: Wires, cycles: int = CYCLES) -> None:
    task: Coroutine[Any, Any, None] = process(wires)
    try:
        task.send(None)
        for _ in range(cycles):
            wires.turn()
            task.send(None)
    except StopIteration:
        return
    task.close()


def bench(
    plan: Plan, stalls: float, *, outputs: int = 0, deadline: int = 10, config: int = 0
) -> Bench:
    ports = Ports.of(plan)
    words = {"config": list(range(config)), "input": list(range(100, 150))}
    scenario = Scenario(
        words={name: to_limbs(words[name], 1) for name in ports.sent},
        due=dict.fromkeys(ports.received, 0) | {"output": outputs},
        deadline=deadline,
        go=stall_pattern(stalls, 1, ports.widths),
    )
    return Bench(scenario, ports)


def pattern(plan: Plan, stalls: float, stream: str) -> Any:
    """Return the stalls of a stream in `bench`."""
    return stall_pattern(stalls, 1, Ports.of(plan).widths).get(stream)


@pytest.mark.parametrize("stalls", [0.0, 0.4])
def test_the_driver_holds_a_word_until_it_is_taken(plan: Plan, stalls: float) -> None:
    ready = np.random.default_rng(2).random(CYCLES) < 0.5
    go = pattern(plan, stalls, "input")
    wires = Wires(lambda cycle: {"ready": int(ready[cycle])})
    run(bench(plan, stalls).background["input"], wires)
    taken = []
    offered = False
    for cycle, now in enumerate(wires.seen):
        if offered:  # and was not taken
            assert now["valid"]
            assert now["payload"] == wires.seen[cycle - 1]["payload"]
        elif len(taken) < 50:
            assert now["valid"] == (not stalls or go[cycle])
        if now["valid"] and now["ready"]:
            taken.append(now["payload"])
        offered = bool(now["valid"] and not now["ready"])
    assert taken == list(range(100, 150))


@pytest.mark.parametrize("stalls", [0.0, 0.4])
@pytest.mark.parametrize("name", ["output", "observe"])
def test_a_monitor_records_transfers_and_nothing_else(plan: Plan, stalls: float, name: str) -> None:
    valid = np.random.default_rng(3).random(CYCLES) < 0.5
    wires = Wires(lambda cycle: {"valid": int(valid[cycle]), "payload": cycle % 256})
    made = bench(plan, stalls, outputs=CYCLES, deadline=10**6)
    run(made.background[name], wires)
    run(made.watch, Wires(lambda cycle: {}), 256)
    record = made.record()
    expected = [
        cycle
        for cycle, now in enumerate(wires.seen)
        if now["valid"] and now["ready"] and cycle < record.cycles
    ]
    assert record.times[name].tolist() == expected
    assert record.payloads[name][:, 0].tolist() == [cycle % 256 for cycle in expected]
    go = pattern(plan, stalls, name)
    assert [now["ready"] for now in wires.seen] == [
        int(not stalls or go[cycle]) for cycle in range(len(wires.seen))
    ]


def test_a_driver_waits_for_the_stream_before_it(chain: Plan) -> None:
    made = bench(chain, 0.0, config=3)
    taken = (4, 5, 9)  # cycles
    config = Wires(lambda cycle: {"ready": int(cycle in taken)})
    run(made.background["config"], config, 20)
    wires = Wires(lambda cycle: {"ready": 1})
    run(made.background["input"], wires, 20)
    assert [now["valid"] for now in wires.seen].index(1) == 9 + 2
    assert [now["payload"] for now in wires.seen[11:14]] == [100, 101, 102]


def test_the_watchdog_ends_after_the_deadline(plan: Plan) -> None:
    made = bench(plan, 0.0, outputs=1, deadline=700)
    wires = Wires(lambda cycle: {})
    run(made.watch, wires, 10**6)
    record = made.record()
    assert record.late
    assert record.cycles == wires.cycle == 767


def test_the_watchdog_ends_when_all_has_come(plan: Plan, played: Script) -> None:
    made = bench(plan, 0.0, outputs=2, deadline=10**6)
    run(made.background["output"], Wires(lambda cycle: {"valid": int(cycle in (300, 301))}), 400)
    wires = Wires(lambda cycle: {})
    run(made.watch, wires, 10**6)
    record = made.record()
    assert not record.late
    assert record.cycles == wires.cycle == 511
    assert record.times["output"].tolist() == [300, 301]
