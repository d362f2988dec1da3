"""Chunks are taken one a cycle, until something behind the update holds them back."""

from collections.abc import Callable, Sequence

from somagate.hw.rtl.update.update import Update
from somagate.sim.cycles.update import READ_AHEAD, Output


def output(
    *,
    joins: Sequence[Sequence[bool]] = (),
    wait: int = 0,
    read: Callable[[int], int] | None = None,
) -> tuple[Output, list[int]]:
    """Return an output that starts in cycle 0, and the cycles in which it offers words."""
    offered: list[int] = []

    def deliver(cycle: int) -> int:
        offered.append(cycle)
        return cycle + wait

    made = Output(start=0, joins=joins, planes=1, deliver=deliver, read=read, latency=3)
    return made, offered


def test_chunks_are_taken_one_a_cycle_once_their_parameters_are_read() -> None:
    out, _ = output()
    assert [out.chunk(0, True, True) for _ in range(4)] == [READ_AHEAD + n for n in range(4)]
    assert out.seen == READ_AHEAD + 3 + Update.latency


def test_a_map_that_nobody_reads_has_no_words() -> None:
    out, offered = output()
    out.chunk(0, True, True)
    assert not offered
    assert out.end() > out.seen


def test_words_that_nobody_takes_hold_the_chunks_back() -> None:
    joins = [[True]] * 30
    free, held = output(joins=joins)[0], output(joins=joins, wait=20)[0]
    taken = [[out.chunk(0, True, True) for _ in joins] for out in (free, held)]
    assert taken[0] == list(range(READ_AHEAD, READ_AHEAD + 30))
    assert taken[1][-1] - taken[1][-2] == 21


def test_a_readout_that_takes_a_chunk_late_holds_the_next_ones_back() -> None:
    read: list[int] = []

    def late(offered: int) -> int:
        read.append(max(offered, read[-1] + 4 if read else 0))
        return read[-1]

    out, _ = output(read=late)
    for _ in range(5):
        out.chunk(0, True, False)
    assert read == [READ_AHEAD + Update.latency + 4 * n for n in range(5)]
