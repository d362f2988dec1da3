"""What the blocks behind the array grow with."""

from dataclasses import replace

import numpy as np
from negative import masking
from plans import Shapes, a_stage, network
from somagate.export.neuron import Current, Leak, Shift, Ternary
from somagate.export.tables import Tables
from somagate.hw.rtl.maps.packer import Packer
from somagate.hw.rtl.maps.pool import Pool
from somagate.hw.rtl.update.readout import Readout
from somagate.hw.rtl.update.update import Update

TABLES = network((2, 6, 6), [Shapes(channels=6, pool=(2, 2)), 5])


def of(tables: Tables) -> dict[str, float]:
    return Update.terms(a_stage(tables, lanes=4, update_lanes=2))


def test_a_mask_of_negative_potentials_is_one_more_bit_a_lane_that_waits_a_cycle() -> None:
    plain, masked = of(TABLES), of(masking(TABLES))
    assert masked == plain | {"late": plain["late"] + 2}


def test_each_bit_of_the_spikes_divides_once_more() -> None:
    one, two, four = (of(network((2, 6, 6), [5], spike_bits=bits)) for bits in (1, 2, 4))
    assert two["leak"] == 5 * two["u"] and four["leak"] == 3 * two["leak"] and not one["leak"]
    assert four["bias"] - two["bias"] == 2 * (two["bias"] - one["bias"]) > 0


def test_a_current_is_a_memory_two_registers_and_a_store_more() -> None:
    current = Current(store=Shift(bits=6, shift=2), leak=Leak(multiplier=7, shift=3))
    plain, second = (of(network((2, 6, 6), [5], current=form)) for form in (None, current))
    assert second["memories"] == plain["memories"] + 1
    assert second["bias"] == plain["bias"] + 2 * second["u"]
    assert second["leak"] == 3 * second["u"]
    assert second["store"] == plain["store"] + 2 * 6


def test_a_pool_of_sums_keeps_a_sum_of_each_lane() -> None:
    layer = TABLES.layers[0]
    pool = replace(layer.pool, of="sums")
    pooled = replace(TABLES, layers=(replace(layer, pool=pool), *TABLES.layers[1:]))
    plan = a_stage(pooled, lanes=4, update_lanes=2)
    assert of(pooled)["leak"] == of(TABLES)["leak"] + plan.bounds.sum_bits * (4 + 2 * 2)
    assert Pool.terms(plan)["so_far"] == 0


def test_a_leak_that_rounds_up_is_one_more_addition() -> None:
    down, up = (
        of(network((2, 6, 6), [5], leak=Leak(multiplier=1, shift=3, rounding=rounding)))
        for rounding in ("down", "up")
    )
    assert up == down | {"leak": 2 * 8} and not down["leak"]


def test_each_form_of_the_rule_has_a_term_of_its_own() -> None:
    plain = of(TABLES)
    assert not any(plain[name] for name in ("leak", "product", "subtract", "ternary", "modes"))
    assert of(network((2, 6, 6), [5], leak=Leak(multiplier=7, shift=3)))["leak"] > 0
    layer = TABLES.layers[0]
    cells = {
        "product": {"leak": Leak(multiplier=np.arange(6), shift=3)},
        "subtract": {"reset": "subtract", "amount": np.arange(6)},
        "ternary": {"store": Ternary(level=np.arange(6), boundary=np.arange(1, 7))},
    }
    for term, changes in cells.items():
        changed = replace(layer, neuron=replace(layer.neuron, **changes))
        terms = of(replace(TABLES, layers=(changed, *TABLES.layers[1:])))
        assert terms[term] > 0 and terms["modes"] > 0, term


def test_a_pool_keeps_what_it_has_seen_of_a_window() -> None:
    pools = [Pool.terms(a_stage(t, lanes=4)) for t in (TABLES, network((2, 6, 6), [5]))]
    assert [terms["so_far"] for terms in pools] == [4, 0]
    assert not any(terms["adds"] for terms in pools)


def test_a_packer_closes_gaps_where_there_are_any() -> None:
    gaps, none = (a_stage(network((2, 4, 4), [Shapes(channels=n)]), lanes=4) for n in (5, 4))
    assert [Packer.terms(plan)["joiner"] for plan in (gaps, none)] == [1, 0]


def test_a_readout_counts_spikes_in_a_ring_of_as_many_turns_as_it_needs() -> None:
    plan = a_stage(network((4,), [], classes=7), lanes=4, update_lanes=2)
    terms = Readout.terms(plan)
    assert terms["values"] == 2 * plan.readout_bits
    assert terms["ring"] == 4 * 2 * (plan.readout_bits - 1)
