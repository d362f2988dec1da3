"""Whether the hardware takes tables, layer by layer."""

from dataclasses import dataclass
from typing import Any

from rich.console import RenderableType

from .export import summary
from .export.tables import Tables
from .given import the_tables
from .hw.plan.support import reasons
from .shown import Shown


@dataclass(frozen=True, kw_only=True, eq=False)
class Checked(Shown):
    """What tables hold, and whether the hardware supports each layer.

    Attributes
    ----------
    tables
        The network.
    reasons
        By layer, why it can't be generated, a sentence each with the way out; empty where it can.
    """

    tables: Tables
    reasons: dict[str, list[str]]

    @property
    def supported(self) -> bool:
        """Whether every layer can be generated."""
        return not any(self.reasons.values())

    @property
    def findings(self) -> list[str]:
        """What never or always fires, and what may hold more spikes than it can send."""
        return [*self.tables.thresholds(), *self.tables.saturation()]

    @property
    def verdict(self) -> str:
        """The verdict in a line, and before it each reason against it, and where masks are."""
        masked = [layer.name for layer in self.tables.layers if layer.neuron.mask_negative]
        notes = (
            [f"A negative potential keeps its neuron from firing in {', '.join(masked)}."]
            if masked
            else []
        )
        against = [f"layer {name}: {why}" for name, found in self.reasons.items() for why in found]
        told = "does not support these tables" if against else "supports every layer"
        return "\n".join([*notes, *against, f"The hardware {told}."])

    def shown(self) -> list[RenderableType]:
        """Return the tables as they print, the findings, and the verdict."""
        return [*summary.shown(self.tables), *self.findings, self.verdict]

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it."""
        layers = [
            row
            | {
                "supported": not self.reasons[row["layer"]],
                "reasons": self.reasons[row["layer"]],
            }
            for row in summary.layers(self.tables)
        ]
        return {
            "tables": self.tables.sha256,
            "supported": self.supported,
            "steps": self.tables.steps,
            "layers": layers,
            "findings": self.findings,
        }


def check(tables: Tables) -> Checked:
    """Say of each layer whether the hardware supports it, its bits, its memory, dead channels."""
    found = {layer.name: reasons(tables, layer) for layer in the_tables(tables).layers}
    return Checked(tables=tables, reasons=found)
