import numpy as np
import pytest
from somagate.sim.cycles.registers import Row


def shifted(latency: int, offers: list[int], waits: list[int]) -> list[tuple[int, int, int]]:
    """Shift things through registers, cycle by cycle: (entered, offered, taken) of each.

    A thing is offered to the row once the one before has entered, from its cycle in `offers` on,
    and taken from its end `waits` cycles after it came there.
    """
    registers: list[int | None] = [None] * latency
    times = [[0, 0, 0] for _ in offers]
    following = cycle = 0
    while any(not taken for _, _, taken in times):
        end = registers[-1]
        if end is not None and not times[end][1]:
            times[end][1] = cycle
        if end is None or cycle >= times[end][1] + waits[end]:
            if end is not None:
                times[end][2] = cycle
            here = following < len(offers) and offers[following] <= cycle
            registers = [following if here else None, *registers[:-1]]
            if here:
                times[following][0] = cycle
                following += 1
        cycle += 1
    return [(a, b, c) for a, b, c in times]


@pytest.mark.parametrize("latency", [1, 2, 3, 4])
def test_a_row_moves_as_registers_do(latency: int) -> None:
    rng = np.random.default_rng(latency)
    for density in (0.2, 0.6, 1.0):
        offers = (np.cumsum(rng.random(300) > density) * 2 + 1).tolist()
        waits = (rng.integers(1, 6, 300) * (rng.random(300) < 0.4)).tolist()
        row, found, before = Row(latency), [], 0
        for offer, wait in zip(offers, waits, strict=True):
            entered = row.enter(max(offer, before + 1))
            offered = row.offer(entered)
            row.taken(offered, offered + wait)
            found.append((entered, offered, offered + wait))
            before = entered
        assert found == shifted(latency, offers, waits)


def test_things_that_follow_each_other_enter_without_a_hole() -> None:
    row = Row(3)
    row.taken(10, 14)
    row.taken(16, 17)
    one_by_one = [9]
    for _ in range(8):
        one_by_one.append(row.enter(one_by_one[-1] + 1))
    assert one_by_one == [row.later(9, others) for others in range(9)]
    assert one_by_one == [9, 14, 15, 17, 18, 19, 20, 21, 22]
