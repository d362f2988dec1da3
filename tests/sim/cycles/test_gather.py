"""Every event takes a cycle, and every bank waits for the slowest."""

from somagate.hw.rtl.gather.array import BankSum
from somagate.sim.cycles.gather import WALK_LATENCY, BankCycles, Fetch, Sums


def gathered(bank: BankCycles, offered: int, *words: int) -> int:
    """Return when the sums of a position are offered, whose words have some events each."""
    for place, events in enumerate(words):
        bank.word(offered + place, events, events, place == len(words) - 1)
    bank.finish()
    return bank.offer()


def test_an_event_takes_a_cycle() -> None:
    cycles = [gathered(BankCycles(), 10, events) for events in range(1, 9)]
    assert cycles == [cycles[0] + more for more in range(8)]


def test_a_position_without_a_spike_ends_with_one_event_that_adds_nothing() -> None:
    assert gathered(BankCycles(), 10, 0) == gathered(BankCycles(), 10, 1)


def test_words_without_a_spike_take_no_more_than_their_own_cycle() -> None:
    assert gathered(BankCycles(), 10, 0, 0, 0, 4) == gathered(BankCycles(), 13, 4)


def test_the_sums_of_banks_wait_for_the_slowest() -> None:
    banks = [BankCycles(), BankCycles()]
    slowest = max(gathered(BankCycles(), 10, events) for events in (2, 7))
    for bank, events in zip(banks, (2, 7), strict=True):
        bank.word(10, events, events, True)
        bank.finish()
    assert Sums(banks).offer() == slowest + BankSum.latency


def test_a_word_is_fetched_each_cycle_and_none_before_its_segment() -> None:
    fetch = Fetch()
    fetch.start(5)
    first = fetch.word(1)
    assert [fetch.word(0) for _ in range(3)] == [first + 1, first + 2, first + 3]
    # Nine steps of the walker lead to the next word; the walk's own clock started at 5.
    assert fetch.word(9) - first == 9
    assert fetch.end(2) == 5 + WALK_LATENCY + 1 + 9 + 2
