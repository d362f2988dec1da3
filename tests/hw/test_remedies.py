"""What would fit, where a plan does not."""

from dataclasses import replace

from plans import network
from somagate.hw.part import PARTS
from somagate.hw.plan import Plan, StageShape
from somagate.hw.remedies import remedies
from somagate.hw.resources import resources

SMALL = PARTS["ice40up5k"]


def test_a_plan_that_fits_needs_no_remedy() -> None:
    assert remedies(Plan(tables=network((16,), [8]), lanes=4, update_lanes=2), SMALL) == []


def test_fewer_lanes_or_banks_would_fit_and_so_would_a_larger_part() -> None:
    plan = Plan(tables=network((16,), [64]), lanes=64, update_lanes=8, banks=4)
    found = remedies(plan, SMALL)
    assert "1 bank would fit" in found or "2 banks would fit" in found
    lanes = next(int(line.split()[0]) for line in found if "lane" in line)
    assert resources(replace(plan, shapes=(_lanes(plan, lanes),)), SMALL).fits
    assert not resources(replace(plan, shapes=(_lanes(plan, 2 * lanes),)), SMALL).fits
    larger = next(line for line in found if "as it is" in line)
    title = larger.removeprefix("The ").removesuffix(" would take it as it is")
    part = next(part for part in PARTS.values() if part.title == title)
    assert resources(plan, part).fits


def _lanes(plan: Plan, lanes: int) -> StageShape:
    return replace(plan.shapes[0], lanes=lanes, update_lanes=min(lanes, 8))


def test_weights_that_only_large_rams_could_hold_are_told_so() -> None:
    plan = Plan(tables=network((700,), [64]), lanes=16, update_lanes=2)
    assert remedies(plan, SMALL)[-2] == (
        "The Lattice iCE40UP5K's 4 single-port RAMs of 256 kbit have room for the weights, "
        "179 kbit, but start empty: weights there have to be loaded"
    )


def test_weights_beyond_every_part_are_told_so() -> None:
    plan = Plan(tables=network((4000,), [512]), lanes=16, update_lanes=2)
    assert remedies(plan, SMALL) == [
        "No part that is known would take it as it is: prune channels, or narrow the weights"
    ]
