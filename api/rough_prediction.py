"""Cycles of networks so large that following every word of made-up spikes would take minutes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .hw.cost.rough_cycles import latency, stage_cycles, transfers
from .hw.plan.plan import Plan
from .hw.plan.widths import parts
from .sim.cycles.predict import Prediction
from .sim.golden.activity import additions, channel_rates
from .sim.golden.trace import Trace

FOLLOWED = 4_000_000
"""Words and chunks that are followed one by one where spikes are made up: about half a minute."""


def is_followed(plan: Plan) -> bool:
    """Return whether made-up spikes of a plan are followed one by one."""
    return transfers(plan) <= FOLLOWED


def between_samples(plan: Plan, prediction: Prediction) -> float:
    """Return the cycles from one sample to the next, on average, back to back.

    Of several replicas as if each had as many of the samples, however few are predicted; the words
    of the input still come one a cycle.
    """
    rounds = parts(len(prediction.cycles), plan.replicas)
    each = prediction.busy_cycles / (rounds * plan.replicas)
    return max(each, plan.sample_words) if plan.replicas > 1 else each


def roughly(plan: Plan, trace: Trace, x: NDArray[Any]) -> Prediction:
    """Return what `predict` does of one sample, about, without following anything."""
    tables = plan.tables
    rates = {name: float(rate.mean()) for name, rate in channel_rates(tables, trace, x).items()}
    cycles = round(latency(plan, rates))
    added = additions(tables, trace, x)
    layers: dict[str, NDArray[np.int64]] = {}
    useful, lanes = {}, {}
    for stage in plan.stages:
        for name, each in stage_cycles(stage, rates).items():
            mine = np.array([round(tables.steps * each)], np.int64)
            layers[name] = layers[name] + mine if name in layers else mine
            useful[name] = added[name][: 1 if name in stage.held else None].sum(0)
            lanes[name] = stage.lanes * stage.banks
    return Prediction(
        cycles=np.array([cycles], np.int64),
        busy_cycles=cycles,
        layers=layers,
        additions=useful,
        lanes=lanes,
    )
