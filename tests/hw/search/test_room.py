"""Weights that no part can hold are refused at once, and none that a plan would have room for."""

from dataclasses import replace
from time import perf_counter

import numpy as np
import pytest
import somagate as sg
from plans import Shapes, network
from refusal import refused
from somagate.export.tables import Tables
from somagate.hw.cost.part import PARTS
from somagate.hw.cost.resources import resources
from somagate.hw.plan.plan import Plan
from somagate.hw.search.choose import choose
from somagate.hw.search.room import DoesNotFitError, memory_bits, refuse, weight_bits

SMALL, LARGE = PARTS["ice40up5k"], PARTS["lfe5u-85f"]


@pytest.fixture(scope="module")
def wide() -> Tables:
    """A convolution of 512 to 512 channels."""
    return network((512, 4, 4), [Shapes(channels=512, padding=(1, 1), bits=8)], classes=2)


def test_a_convolution_that_no_part_holds_is_refused_in_a_second(wide: Tables) -> None:
    message = (
        "Lattice ECP5 LFE5U-85F must have room for the weights of blocks, 18.9 Mbit, but its "
        "memories hold 3.8 Mbit; layer l0 takes 18.9 Mbit, 2,359,296 weights of 8 bits; no part "
        "that is known has: take fewer channels, or fewer bits a weight"
    )
    started = perf_counter()
    with refused(DoesNotFitError, message):
        sg.plan(wide, board="ulx3s-85f")
    assert perf_counter() - started < 1
    with refused(DoesNotFitError, message):
        choose(wide, LARGE)


def test_a_larger_part_is_named_where_there_is_one() -> None:
    tables = network((4096,), [100], steps=2, classes=10)
    message = (
        "Lattice iCE40UP5K must have room for the weights of blocks, 1.6 Mbit, but its memories "
        "hold 1.2 Mbit; layer l0 takes 1.6 Mbit, 409,600 weights of 4 bits; take the AMD Artix-7 "
        "XC7A35T, or fewer channels, or fewer bits a weight"
    )
    with refused(DoesNotFitError, message):
        refuse(tables, SMALL)
    refuse(tables, LARGE)


def test_memories_are_counted_with_large_rams() -> None:
    assert memory_bits(SMALL) == 30 * 4096 + 4 * 16384 * 16
    assert memory_bits(LARGE) == 208 * 18432


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_no_plan_takes_fewer_bits_than_are_said(bits: int) -> None:
    mask = [channel % 3 != 1 for channel in range(12)]
    shapes = [
        Shapes(channels=12, padding=(1, 1), mask=mask, bits=bits),
        Shapes(channels=9, padding=(1, 1), source="l0", bits=bits),
    ]
    tables = network((2, 6, 6), shapes, classes=4)
    least = sum(weight_bits(tables).values())
    for lanes in (1, 4, 9):
        found = resources(Plan.single(tables, lanes=lanes, update_lanes=1), LARGE).memories
        stored = [m.stored for m in found if m.stored.name.startswith("weights")]
        assert 0 < least <= sum(memory.words * memory.width for memory in stored)
    dense = tables.layers[-1].synapses[0]
    assert weight_bits(tables)[tables.layers[-1].name] <= dense.weights.size * dense.bits


def test_bits_that_are_the_same_in_a_channel_are_not_counted() -> None:
    tables = network((64,), [8], classes=4)
    layer = tables.layers[0]
    (group,) = layer.synapses
    even = replace(group, weights=np.where(np.arange(64) % 2, 2, 0) * np.ones((8, 1), np.int32))
    layers = (replace(layer, synapses=(even,)), *tables.layers[1:])
    assert weight_bits(replace(tables, layers=layers))[layer.name] == 8 * 64
