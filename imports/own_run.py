"""Golden against what a framework's own modules put out, as they are, in float32.

A rule in float64 is not yet what was trained: with a decay of 1/2 a potential needs a bit more in
each step, so after some twenty float32 rounds, and a module fires otherwise than its own rule says.
While a network is read its modules run on the sample, and their spikes are kept for this.
"""

from dataclasses import dataclass

import numpy as np

from ..sim.golden import golden
from .lower import Lowered
from .proof import covered, parts, placed
from .reference import run


@dataclass(frozen=True, kw_only=True)
class OwnSpike:
    """A spike of the framework's own that golden has otherwise.

    Attributes
    ----------
    layer, step, sample, place
        The source's name of the layer, and (channel, row, column) or (neuron,).
    own, golden, rule
        The spike of the module itself, of golden, and of the source's rule in float64.
    """

    layer: str
    step: int
    sample: int
    place: tuple[int, ...]
    own: int
    golden: int
    rule: int

    def __str__(self) -> str:
        at = f"layer {self.layer}, step {self.step}, sample {self.sample}, {placed(self.place)}"
        return f"{at}: the source's module has {self.own}, golden {self.golden}"


@dataclass(frozen=True, kw_only=True)
class OwnRun:
    """Golden against the run of the framework's own modules that the network was read from.

    Attributes
    ----------
    steps, samples
        How many of both were compared.
    spikes, differing
        Spikes of the modules, in all layers that fire, and those that golden has otherwise.
    first
        The first of them, in order of time, then of layers; or None.
    rounded
        Whether the first is float32's rounding: the rule in float64 fires there as golden does.
    """

    steps: int
    samples: int
    spikes: int
    differing: int
    first: OwnSpike | None
    rounded: bool

    @property
    def reason(self) -> str:
        """Why the first spike differs."""
        if self.rounded:
            return (
                "float32 rounds there, and the rule in float64 fires as golden does; leave exact "
                "out to take the rule without that rounding, or take fewer steps"
            )
        return "a number of the tables or their input is rounded; leave exact out to take that"


def own_run(lowered: Lowered) -> OwnRun | None:
    """Compare golden with the modules' own spikes.

    None where there are none, as of a file, or where they ran on numbers beyond the tables' input.
    """
    kept, tables = lowered.network.recorded, lowered.tables
    if kept is None or not lowered.input.holds(kept.samples):
        return None
    steps = min(len(kept.samples), tables.steps)
    padded = np.minimum(np.arange(tables.steps), steps - 1)
    spikes = differing = 0
    first: OwnSpike | None = None
    for start, part in parts(lowered, kept.samples[:steps]):
        trace = golden.run(tables, lowered.input.integers(part[padded]))
        done = run(lowered.network, part)
        for name, recorded in kept.spikes.items():
            ours = lowered.names[name]
            if tables.layer(ours).neuron.threshold is None:
                continue  # its potential is read, and golden doesn't fire there
            fired = trace.spikes[ours][:steps]
            own = covered(recorded[:steps, start : start + part.shape[1]], fired)
            wrong = own != fired
            spikes += int(own.sum())
            differing += int(np.count_nonzero(wrong))
            if not wrong.any():
                continue
            at = tuple(int(i) for i in np.unravel_index(wrong.argmax(), wrong.shape))
            if first is None or at[0] < first.step:
                rule = covered(done.spikes[name], fired)[at]
                first = OwnSpike(
                    layer=name, step=at[0], sample=start + at[1], place=at[2:], own=int(own[at]),
                    golden=int(fired[at]), rule=int(rule),
                )  # fmt: skip
    return OwnRun(
        steps=steps, samples=kept.samples.shape[1], spikes=spikes, differing=differing, first=first,
        rounded=first is not None and first.rule == first.golden,
    )  # fmt: skip
