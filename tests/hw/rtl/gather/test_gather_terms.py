"""What the gathering blocks grow with."""

from plans import a_stage, everything, network
from somagate.hw.rtl.gather.array import Array
from somagate.hw.rtl.gather.fetcher import Fetcher
from somagate.hw.rtl.gather.scanner import Scanner
from somagate.hw.rtl.gather.walker import Walker
from somagate.hw.rtl.queue import Queue

TABLES = network((2, 6, 6), [24])


def test_the_array_grows_with_the_lanes_and_the_banks_that_add_anything() -> None:
    small, large, banks = (
        Array.terms(a_stage(TABLES, lanes=lanes, update_lanes=2, banks=count))
        for lanes, count in ((4, 1), (8, 1), (4, 2))
    )
    assert (small["lanes"], large["lanes"], banks["lanes"]) == (4, 8, 8)
    assert large["add"] == 2 * small["add"]
    assert small["summed"] == 0 < banks["summed"]


def test_only_values_of_several_planes_double_and_signed_ones_negate() -> None:
    spikes, values = (Array.terms(a_stage(t, lanes=4)) for t in (TABLES, everything()))
    assert spikes["double"] == spikes["negate"] == spikes["widths"] == 0
    assert values["double"] > 0 and values["negate"] > 0 and values["widths"] > 0


def test_a_word_of_more_bits_needs_a_larger_queue_fetcher_and_scanner() -> None:
    narrow, wide = (a_stage(TABLES, lanes=4, word_bits=bits) for bits in (16, 64))
    for block, term in ((Queue, "word"), (Fetcher, "bits"), (Scanner, "bits")):
        terms = [block.terms(plan)[term] for plan in (narrow, wide)]
        assert terms[1] - terms[0] == 64 - 16, block


def test_a_walker_of_several_sources_chooses_between_them() -> None:
    one, several = (Walker.terms(a_stage(t)) for t in (TABLES, everything()))
    assert one["sources"] == 0 < several["sources"] and one["skips"] == 0
    assert Walker.terms(a_stage(TABLES, lanes=4, loadable=True))["skips"] == 6
