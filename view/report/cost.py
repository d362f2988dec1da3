"""What a network costs on its accelerator, layer by layer, and where the figures are from."""

from dataclasses import dataclass
from math import prod
from typing import Any

from ...export import summary
from ...export.tables import Tables
from ...hw.cost.resources import Resources
from ...hw.plan.plan import Plan


@dataclass(frozen=True, kw_only=True)
class LayerCycles:
    """What a layer took of a sample, on average.

    Attributes
    ----------
    cycles, additions
        A sample.
    efficiency
        Useful additions a lane and cycle, 0…1.
    """

    cycles: float
    additions: float
    efficiency: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Cost:
    """What a network costs.

    Attributes
    ----------
    plan
        How it lies on the accelerator.
    planned
        How the plan came about, in words.
    where
        The board or the part that the resources are of.
    resources
        What the plan takes of it, before any synthesis.
    layers
        By name; of a network whose cycles nobody counted, none.
    cycles
        From one sample to the next, on average.
    counted
        How the cycles were found, in words.
    clock_hz
        The clock, or None.
    """

    plan: Plan
    planned: str
    where: str
    resources: Resources
    layers: dict[str, LayerCycles]
    cycles: float | None
    counted: str
    clock_hz: int | None

    @property
    def samples_per_second(self) -> float | None:
        """The clock over the cycles of a sample, or None."""
        return self.clock_hz / self.cycles if self.clock_hz and self.cycles else None

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it."""
        return {
            "where": self.where,
            "planned": self.planned,
            "counted": self.counted,
            "cycles_per_sample": self.cycles,
            "clock_hz": self.clock_hz,
            "samples_per_second": self.samples_per_second,
            "layers": [{"layer": name, **vars(one)} for name, one in self.layers.items()],
            "resources": {
                name: {"used": count.used, "available": count.available}
                for name, count in self.resources.counts.items()
            },
        }


def bits_of(tables: Tables) -> dict[str, dict[str, Any]]:
    """Return of each layer its bits and its memory, as `somagate check --json` has them."""
    return {row["layer"]: row for row in summary.layers(tables)}


def neurons(tables: Tables, name: str) -> int:
    """Return how many neurons a layer has, or elements the input."""
    return prod(tables.input.shape if name == "input" else tables.neuron_shapes[name])
