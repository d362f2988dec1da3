"""Choose a plan for a part and a goal: stages, lanes, banks, words and replicas."""

from collections.abc import Callable, Mapping
from typing import Literal

from numpy.typing import ArrayLike

from ...export.tables import Tables
from ..cost.part import Part
from ..cost.resources import Resources, resources
from ..plan.plan import Plan
from .balance import by_channel
from .choice import Choice
from .division import Division
from .plan_search import PlanSearch, Progress
from .room import refuse
from .timing import RoughTiming, Timing
from .wanted import Wanted

WEIGHT_MEMORIES: tuple[Literal["block", "spram"], ...] = ("block", "spram")


def choose(
    tables: Tables,
    part: Part,
    wanted: Wanted | None = None,
    *,
    rates: Mapping[str, ArrayLike] | float = 0.1,
    timing: Timing | None = None,
    measure: Callable[[Plan, Part], Resources] = resources,
    progress: Progress = lambda cycles, tried: None,
) -> Choice:
    """Return a plan of some tables that fits a part.

    Parameters
    ----------
    tables
        The network.
    part
        The FPGA.
    wanted
        What it is chosen for; by default the smallest plan.
    rates
        Of 'input' and of each layer's map, the share of its bits that are 1, of every channel
        (channels,) or as one number; or one number for all. Rates of single channels also lay the
        channels out such that the banks have equal work.
    timing
        Tells the cycles of stages and plans; by default `RoughTiming` of the rates.
    measure
        What a plan takes; another function may add what surrounds the accelerator.
    progress
        Told the cycles of the best plan so far, and how many plans were tried, now and then.

    Raises
    ------
    DoesNotFitError
        Where no plan fits, or none is as fast as wanted.
    ValueError
        Where `word_bits` is none.
    UnsupportedError
        Where the hardware does not support the tables.
    """
    wanted = wanted or Wanted()
    refuse(tables, part)
    # What no shape of stages mends is refused once, by the plan; every shape tried then is a plan.
    Plan.single(tables, lanes=1, update_lanes=1, word_bits=wanted.widths[0])
    every = by_channel(tables, rates)
    if timing is None:
        timing = RoughTiming(activity={name: float(rate.mean()) for name, rate in every.items()})
    search = PlanSearch(
        tables=tables,
        part=part,
        rates=every,
        timing=timing,
        wanted=wanted,
        measure=measure,
        progress=progress,
        divisions=[
            Division(
                tables=tables,
                part=part,
                timing=timing,
                word_bits=n,
                loadable=wanted.loadable,
                weight_memory=memory,
            )
            for memory in (WEIGHT_MEMORIES if part.large_rams[0] else WEIGHT_MEMORIES[:1])
            for n in wanted.widths
        ],
    )
    if wanted.goal == "smallest":
        return search.smallest(float("inf") if wanted.cycles is None else float(wanted.cycles))
    return search.fastest()
