"""What would fit, where a plan does not."""

from dataclasses import replace

from plans import Shapes, network
from somagate.hw.cost.part import PARTS
from somagate.hw.cost.resources import resources
from somagate.hw.plan.plan import Plan, StageShape
from somagate.hw.search.remedies import remedies

SMALL = PARTS["ice40up5k"]


def test_a_plan_that_fits_needs_no_remedy() -> None:
    assert remedies(Plan.single(network((16,), [8]), lanes=4, update_lanes=2), SMALL) == []


def test_fewer_lanes_or_banks_would_fit_and_so_would_a_larger_part() -> None:
    plan = Plan.single(network((16,), [64]), lanes=64, update_lanes=8, banks=4)
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
    plan = Plan.single(network((700,), [64]), lanes=16, update_lanes=2)
    assert remedies(plan, SMALL)[-2] == (
        "The Lattice iCE40UP5K's 4 single-port RAMs of 256 kbit have room for the weights, "
        "179 kbit, but start empty: weights there have to be loaded"
    )


def test_large_rams_are_not_named_where_they_are_too_few_or_taken_already() -> None:
    """32 lanes of 4 bits are 8 RAMs side by side, though all weights are fewer bits than 4 have."""
    shape = StageShape(layers=2, lanes=32, update_lanes=2)
    plan = Plan(tables=network((700,), [64]), shapes=(shape,))
    large = Plan(tables=plan.tables, shapes=(replace(shape, weight_memory="spram"),))
    assert resources(large, SMALL).counts["large_rams"].used == 8
    for given in (plan, large):
        found = remedies(given, SMALL)
        assert found and not any("single-port RAMs" in line for line in found)
    # Here it is the potentials that block RAM has no room for.
    tables = network((1, 64, 64), [Shapes(channels=8, padding=(1, 1), pool=(4, 4))])
    shape = StageShape(layers=2, lanes=8, update_lanes=2, weight_memory="spram")
    large = Plan(tables=tables, shapes=(shape,))
    counts = resources(large, SMALL).counts
    assert counts["large_rams"].fits and not counts["block_rams"].fits
    assert not any("single-port RAMs" in line for line in remedies(large, SMALL))


def test_weights_beyond_every_part_are_told_so() -> None:
    plan = Plan.single(network((4000,), [512]), lanes=16, update_lanes=2)
    assert remedies(plan, SMALL) == [
        "No part that is known would take it as it is: prune channels, or narrow the weights"
    ]
