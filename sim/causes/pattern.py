"""What the updates that break the rule have in common: which line of the update may be wrong."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...export.tables import Tables
from ..golden.trace import Trace
from .breaks import Break


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """The kind of update that tells those that break the rule best from the others.

    Attributes
    ----------
    kind
        In words.
    updates
        Of this kind, in the layer's kept channels.
    broken
        How many of them break the rule.
    of
        Updates of any kind that do.
    """

    kind: str
    updates: int
    broken: int
    of: int

    @property
    def text(self) -> str:
        """What it says, in a sentence."""
        if self.broken == self.of == self.updates:
            return f"exactly the updates {self.kind} are wrong, {self.of} of them"
        whole = "all" if self.broken == self.of else f"{self.broken}"
        return (
            f"{whole} of {self.of} wrong updates are {self.kind}; of those, "
            f"{self.broken} of {self.updates} are wrong"
        )


def pattern(tables: Tables, trace: Trace, found: Break) -> Pattern | None:
    """Return what updates that break the rule have in common, or None where nothing tells them.

    Parameters
    ----------
    tables
        The network.
    trace
        That breaks the rule.
    found
        Where it does, in one layer.
    """
    layer = tables.layer(found.layer)
    kept = np.zeros(found.where.shape, bool)
    kept[:, :, layer.kept] = True
    best: tuple[float, Pattern] | None = None
    of = found.count
    for kind, mask in _kinds(tables, trace, found).items():
        mask = mask & kept
        updates, broken = int(mask.sum()), int((mask & found.where).sum())
        # The harmonic mean of how many of the kind are wrong, and how many wrong ones are of it.
        score = 2 * broken / (updates + of)
        if broken and (best is None or score > best[0]):
            best = score, Pattern(kind=kind, updates=updates, broken=broken, of=of)
    # Of all updates together nothing is told, and a poor kind only misleads.
    return best[1] if best and best[0] > 0.8 else None


def _kinds(tables: Tables, trace: Trace, found: Break) -> dict[str, NDArray[np.bool_]]:
    """Return kinds of updates, by what is known of them in words."""
    store = tables.layer(found.layer).neuron.store
    after: NDArray[Any] = trace.potentials[found.layer]
    before = np.concatenate([np.zeros_like(after[:1]), after[:-1]])
    fires = trace.spikes[found.layer]
    fired = np.concatenate([np.zeros_like(fires[:1]), fires[:-1]])
    first = np.zeros(fires.shape, bool)
    first[0] = True
    channels = fires.shape[2]
    at = np.arange(channels).reshape(-1, *(1,) * (fires.ndim - 3))
    lowest = min(found.channels)
    kinds = {
        # Whoever updates, adds or keeps every second channel, or every fourth, …
        f"of channel {start}, {start + apart}, …": np.broadcast_to(at % apart == start, fires.shape)
        for apart in (2, 4, 8, 16, 32, 64)
        if (start := lowest % apart) + apart < channels
    }
    return kinds | {
        "in which the rule fires": found.spikes > 0,
        "in which the rule doesn't fire": found.spikes == 0,
        "in which it fires": fires > 0,
        "behind a step in which it fired": fired > 0,
        "of the first step": first,
        "of a step that isn't the first": ~first,
        "that find a negative potential": before < 0,
        "that find a positive potential": before > 0,
        "that find the potential 0": before == 0,
        "by the rule at the highest stored potential": found.potentials == store.high,
        "by the rule at the lowest stored potential": found.potentials == store.low,
        "by the rule at a negative potential": found.potentials < 0,
        "by the rule at a positive potential": found.potentials > 0,
    }
