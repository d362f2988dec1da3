"""The work of each layer, in operations, additions and updates."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from numpy.typing import NDArray

from ...hw.plan.plan import Plan
from ..golden.activity import additions
from ..golden.operations import Operations, operations
from ..golden.trace import Trace
from .accesses import Access


@dataclass(frozen=True, kw_only=True)
class LayerWork:
    """What one layer took, a sample on average.

    Attributes
    ----------
    layer
        Its name.
    acs, macs, dense
        As of `sim.golden.operations`.
    weight_rows
        That were added.
    additions
        Useful ones, each of an event to a kept neuron.
    array_additions
        That the array did: of whole rows, a lane each.
    addition_bits
        Of the accumulators.
    updates
        Of kept neurons.
    activation_sparsity
        The share of its neurons' outputs that are 0, or None where they never fire.
    connection_sparsity
        The share of its weights that are 0, or belong to pruned channels.
    """

    layer: str
    acs: float
    macs: float
    dense: float
    weight_rows: float
    additions: float
    array_additions: float
    addition_bits: int
    updates: float
    activation_sparsity: float | None
    connection_sparsity: float

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it."""
        found = {"Effective_ACs": self.acs, "Effective_MACs": self.macs, "Dense": self.dense}
        mine = {k: v for k, v in vars(self).items() if k not in ("acs", "macs", "dense")}
        return {"layer": mine.pop("layer"), **found, **mine}


def layers_work(
    plan: Plan, trace: Trace, x: NDArray[Any], accesses: Sequence[Access]
) -> dict[str, tuple[LayerWork, Operations]]:
    """Return the work of each layer of a run, and its operations.

    Parameters
    ----------
    plan, trace, x
        As of `somagate.sim.cycles.accesses`.
    accesses
        What that returned.
    """
    tables = plan.tables
    operated, added = operations(tables, trace, x), additions(tables, trace, x)
    rows: dict[str, float] = defaultdict(float)
    for access in accesses:
        if access.memory.name.startswith("weights"):
            rows[access.layer] += access.reads.mean()
    found = {}
    for stage in plan.stages:
        for name in stage.names:
            mine = operated[name]
            once = added[name][: 1 if name in stage.held else None]
            shape = tables.neuron_shapes[name]
            kept = int(tables.layer(name).kept.sum())
            found[name] = (
                LayerWork(
                    layer=name,
                    acs=float(mine.acs.mean()),
                    macs=float(mine.macs.mean()),
                    dense=float(mine.dense),
                    weight_rows=rows[name],
                    additions=float(once.sum(0).mean()),
                    array_additions=rows[name] * stage.lanes,
                    addition_bits=stage.accumulator_bits,
                    updates=float(tables.steps * kept * prod(shape[1:])),
                    activation_sparsity=sparsity([mine]),
                    connection_sparsity=mine.zero_weights / mine.weights,
                ),
                mine,
            )
    return found


def sparsity(layers: Sequence[Operations]) -> float | None:
    """Return the share of the neurons' outputs that are 0, or None where none ever fires."""
    outputs = sum(layer.activations for layer in layers)
    spikes = sum(float(layer.spikes.mean()) for layer in layers)
    return 1 - spikes / outputs if outputs else None
