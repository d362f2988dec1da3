"""Plans that are chosen fit, and are as fast or as small as wanted."""

from dataclasses import replace

import numpy as np
import pytest
from plans import network, two_convolutions
from refusal import refused
from somagate.export.tables import Tables
from somagate.hw.cost.part import PARTS
from somagate.hw.cost.resources import resources
from somagate.hw.cost.rough_cycles import interval
from somagate.hw.plan.plan import Plan
from somagate.hw.plan.support import UnsupportedError
from somagate.hw.search import plan_search
from somagate.hw.search.choose import Choice, choose
from somagate.hw.search.room import DoesNotFitError
from somagate.hw.search.wanted import Wanted
from somagate.sim.cycles.timing import TraceTiming
from somagate.sim.golden.random_trace import assumed_run

SMALL, LARGE = PARTS["ice40up5k"], PARTS["lfe5u-85f"]


@pytest.fixture(scope="module")
def tables() -> Tables:
    return two_convolutions()


@pytest.fixture(scope="module")
def fastest(tables: Tables) -> Choice:
    return choose(tables, LARGE, Wanted(goal="fastest"))


@pytest.fixture(scope="module")
def smallest(tables: Tables) -> Choice:
    return choose(tables, LARGE, Wanted(goal="smallest"))


def test_what_is_said_of_a_plan_is_what_it_takes(fastest: Choice) -> None:
    rates = dict.fromkeys(["input", "l0", "l1", "out"], 0.1)
    assert fastest.cycles == pytest.approx(interval(fastest.plan, rates))
    assert fastest.resources.counts == resources(fastest.plan, LARGE).counts
    assert fastest.fits


def test_the_fastest_has_stages_and_lanes(fastest: Choice, smallest: Choice) -> None:
    assert len(fastest.plan.shapes) > 1
    assert fastest.cycles < smallest.cycles / 20
    assert fastest.share > smallest.share


def test_the_smallest_is_smaller_than_any_plan_of_many_lanes(
    tables: Tables, smallest: Choice
) -> None:
    plain = resources(Plan.single(tables, lanes=16), LARGE)
    assert sum(plain.utilization.values()) > smallest.share
    assert len(smallest.plan.shapes) == 1


def test_one_image_alone_is_through_soonest_on_the_plan_for_latency(
    tables: Tables, fastest: Choice
) -> None:
    trace, x = assumed_run(tables, 0.1, batch=2)
    timing = TraceTiming(tables, trace, x)
    chosen = choose(tables, LARGE, Wanted(goal="latency", word_bits=64), timing=timing)
    alone = timing.latency(replace(fastest.plan, replicas=1))
    assert chosen.fits and chosen.plan.replicas == 1 and alone is not None
    assert chosen.cycles == timing.latency(chosen.plan)
    assert chosen.cycles < alone
    assert max(shape.tiles for shape in chosen.plan.shapes) > 1


def test_the_fastest_has_as_many_replicas_as_fit_and_its_cycles_are_followed(
    tables: Tables,
) -> None:
    trace, x = assumed_run(tables, 0.1, batch=2)
    timing = TraceTiming(tables, trace, x)
    chosen = choose(tables, LARGE, Wanted(goal="fastest", word_bits=64), timing=timing)
    each = timing.interval(replace(chosen.plan, replicas=1))
    assert each is not None and chosen.plan.replicas > 1
    assert chosen.cycles == max(each / chosen.plan.replicas, chosen.plan.sample_words)


def test_plans_beside_the_first_ones_are_gone_on_to(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    timing = TraceTiming(tables, *assumed_run(tables, 0.1, batch=2))
    wanted = Wanted(goal="latency", word_bits=64)
    climbed = choose(tables, LARGE, wanted, timing=timing)
    monkeypatch.setattr(plan_search, "changed", lambda plan, widths: [])
    assert climbed.cycles < choose(tables, LARGE, wanted, timing=timing).cycles


def test_a_rate_is_reached_by_less_than_the_fastest(
    tables: Tables, fastest: Choice, smallest: Choice
) -> None:
    wanted = (fastest.cycles * smallest.cycles) ** 0.5
    chosen = choose(tables, LARGE, Wanted(cycles=wanted))
    assert chosen.cycles <= wanted
    assert smallest.share <= chosen.share < fastest.share


def test_a_small_part_bounds_the_plan(tables: Tables, fastest: Choice) -> None:
    chosen = choose(tables, SMALL, Wanted(goal="fastest"))
    assert chosen.fits and chosen.cycles > fastest.cycles


def test_weights_that_are_too_large_for_block_ram_go_to_large_ram() -> None:
    tables = network((784,), [128], steps=2, classes=10)
    plan = choose(tables, SMALL, Wanted(goal="smallest")).plan
    assert {shape.weight_memory for shape in plan.shapes} == {"spram"}
    assert {s.weight_memory for s in choose(tables, LARGE).plan.shapes} == {"block"}


def test_channels_are_laid_out_by_their_rates_where_there_are_banks(tables: Tables) -> None:
    rates = {"input": np.linspace(0, 0.4, 4), "l0": np.linspace(0, 0.4, 16), "l1": 0.1, "out": 0.0}
    plan = choose(tables, SMALL, Wanted(goal="fastest"), rates=rates).plan  # no room for replicas
    banks = max(shape.banks for shape in plan.shapes)
    assert banks > 1 and set(plan.orders) == {"input", "l0"}
    loads = [sum(rates["l0"][c] for c in plan.orders["l0"][b::banks]) for b in range(banks)]
    assert max(loads) < 1.2 * np.mean(loads)


def test_holding_is_chosen_where_the_input_is_constant(tables: Tables) -> None:
    constant = replace(tables, input=replace(tables.input, constant=True))
    assert choose(constant, LARGE, Wanted(goal="fastest", word_bits=32)).plan.shapes[0].holds
    assert (
        not choose(constant, LARGE, Wanted(goal="fastest", word_bits=32, loadable=True))
        .plan.shapes[0]
        .holds
    )


def test_the_same_question_has_the_same_answer(tables: Tables, fastest: Choice) -> None:
    assert choose(tables, LARGE, Wanted(goal="fastest")).plan.shapes == fastest.plan.shapes


def test_a_network_without_room_is_refused() -> None:
    tables = network((784,), [385], steps=2, classes=10)
    with pytest.raises(DoesNotFitError) as error:
        choose(tables, SMALL)
    text = str(error.value)
    assert text.startswith("Lattice iCE40UP5K must have room for blocks, but its smallest plan")
    assert text.endswith("of 30 block RAMs; take a larger part, fewer bits a weight or potential, "
                         "or prune channels")  # fmt: skip


def test_a_rate_beyond_reach_is_refused(tables: Tables) -> None:
    with pytest.raises(DoesNotFitError) as error:
        choose(tables, LARGE, Wanted(cycles=10))
    assert str(error.value).startswith(
        "Lattice ECP5 LFE5U-85F must run blocks in 10 cycles an image, but its fastest plan takes "
        "about "
    )


@pytest.mark.parametrize(
    ("word_bits", "message"),
    [
        (12, "Plan word_bits must be a power of two, not 12"),
        (0, "Plan word_bits must be 8…1024, not 0"),
    ],
)
def test_a_width_that_is_none_is_named(tables: Tables, word_bits: int, message: str) -> None:
    with refused(ValueError, message):
        choose(tables, LARGE, Wanted(word_bits=word_bits))


def test_tables_that_the_hardware_lacks_are_refused(tables: Tables) -> None:
    out = replace(tables.layers[-1], channel_mask=np.arange(10) > 0)
    pruned = replace(tables, layers=(*tables.layers[:-1], out))
    with refused(
        UnsupportedError,
        "layer out: channel_mask must keep every class of the readout; prune other layers",
    ):
        choose(pruned, LARGE)


def test_a_width_that_is_given_is_kept(tables: Tables, smallest: Choice) -> None:
    assert smallest.plan.word_bits == 8
    assert choose(tables, LARGE, Wanted(goal="smallest", word_bits=64)).plan.word_bits == 64
    assert choose(tables, LARGE, Wanted(goal="fastest", word_bits=8)).plan.word_bits == 8


def test_a_layer_of_more_channels_than_lanes_is_planned() -> None:
    tables = network((8,), [4099], steps=1, classes=2)
    assert choose(tables, LARGE, Wanted(goal="smallest", word_bits=8)).fits
