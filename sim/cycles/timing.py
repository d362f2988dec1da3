"""The cycles of plans on samples, for a search."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...export.tables import Tables
from ...hw.plan.plan import Plan
from ..golden.trace import Trace
from .positions import PositionCycles
from .predict import Prediction, predict

_SAMPLES = 4
"""That are followed: a search does so for some fifty plans."""


class TraceTiming:
    """The cycles an image of plans and of stages, on average of some samples.

    Those of plans are exact, of samples back to back or each alone; those of stages are of
    `PositionCycles`.

    Parameters
    ----------
    tables, trace, x
        What golden found for which input, integers (steps, batch, *input shape). The first
        samples are looked at; one by itself follows itself.
    exact
        Plans are followed word by word; otherwise only what their stages take is known.

    Raises
    ------
    ValueError
        Where the input is none of the tables.
    """

    def __init__(
        self, tables: Tables, trace: Trace, x: NDArray[Any], *, exact: bool = True
    ) -> None:
        few = [n % x.shape[1] for n in range(min(max(x.shape[1], 2), _SAMPLES))]
        self._trace, self._x, self._exact = _samples(trace, few), x[:, few], exact
        self.stage = PositionCycles(tables, self._trace, self._x)

    def interval(self, plan: Plan) -> float | None:
        """Return the cycles from one image to the next, once the first is through."""
        if not self._exact:
            return None
        return interval(plan, self._trace, self._x)

    def latency(self, plan: Plan) -> float | None:
        """Return the cycles of an image that has the plan to itself."""
        if not self._exact:
            return None
        each = [_alone(plan, self._trace, self._x, n) for n in range(self._x.shape[1])]
        return float(np.mean(each))


def interval(plan: Plan, trace: Trace, x: NDArray[Any], known: Prediction | None = None) -> float:
    """Return the cycles from one image to the next, once the first is through each replica.

    Each of a plan's replicas is followed as if it had all the samples; their words still come in
    one a cycle.

    Parameters
    ----------
    plan
        The accelerator.
    trace, x
        What golden found for which input, integers (steps, batch, *input shape); at least two
        samples.
    known
        What `predict` returned of them.
    """
    if known is None or plan.replicas > 1:
        known = predict(replace(plan, replicas=1), trace, x)
    return steady(plan, known)


def steady(plan: Plan, one: Prediction) -> float:
    """Return the same of a plan, whose `one` replica at least two samples were predicted of."""
    through = one.busy_cycles - int(one.cycles[0])
    each = float(through / (len(one.cycles) - 1) / plan.replicas)
    return max(each, float(plan.sample_words)) if plan.replicas > 1 else each


def _alone(plan: Plan, trace: Trace, x: NDArray[Any], sample: int) -> int:
    return predict(plan, _samples(trace, [sample]), x[:, [sample]]).busy_cycles


def _samples(trace: Trace, numbers: list[int]) -> Trace:
    """Return the spikes of some samples of a trace."""
    return replace(
        trace,
        output=trace.output[numbers],
        prediction=trace.prediction[numbers],
        spikes={name: spikes[:, numbers] for name, spikes in trace.spikes.items()},
        potentials={},
    )
