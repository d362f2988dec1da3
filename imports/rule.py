"""What a neuron of a source framework does in a time step, exactly, as numbers and choices.

Four frameworks mean four things by "leaky integrate and fire, reset by subtraction". A `Neuron`
says which; `somagate.imports.reference` executes it.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ..checks.arguments import choice, flag, optional
from .floats import Floats, floats

Reset = Literal["zero", "subtract", "delayed", "undelayed", "blank", "none"]
RESETS = ("zero", "subtract", "delayed", "undelayed", "blank", "none")
PARAMETER = (0, 1, 3)
"""Axes of a neuron's parameter: of the layer, of a channel, or of each neuron of a map."""


def _zero() -> Floats:
    return np.zeros(())


def _one() -> Floats:
    return np.ones(())


@dataclass(frozen=True, kw_only=True, eq=False)
class Current:
    """A second state, the synaptic current I, between the input and the potential.

    Attributes
    ----------
    decay
        Of I a time step; (), (channels,) or the neurons' shape.
    late
        False: `I' = decay·I + x`, and the potential gets I'. True: the potential gets I, the
        current of the step before. Newer Norse's "jump", `j = I + x; I' = decay·j`, where the
        potential gets j, is the former in other words.
    """

    decay: Floats
    late: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "decay", floats("Current decay", self.decay, PARAMETER))
        flag("Current late", self.late)


@dataclass(frozen=True, kw_only=True, eq=False)
class Neuron:
    """The rule of a layer's neurons: u before, u' after, x the input, θ the threshold, s a spike.

    `d = decay·u + bias + gain·x`, where x is the current of a `Current`; then, by `reset`,

    - 'zero': u' = d, and v_reset where it fires
    - 'subtract': u' = d - s·θ, so the threshold decays in the next step (SpikingJelly)
    - 'delayed': u' = d - θ·[u fires], so the threshold doesn't decay (snnTorch)
    - 'undelayed': r = [u fires], u' = d - r·θ, then u' -= (s - r)·θ (snnTorch, no delay)
    - 'blank': u' = 0 where u fires, whatever arrives, else d (snnTorch Synaptic and RLeaky)
    - 'none': u' = d

    Parameters are float64 of shape (), (channels,) or the neurons' own.

    Attributes
    ----------
    decay, gain, bias
        See above; a v_leak is in `bias`.
    threshold
        None: the neurons never fire, and their potential is the output.
    comparator
        How u' is compared with the threshold: '>' or '>='.
    reset
        See above.
    v_reset, initial
        Potential behind a reset to 'zero', and before the first step.
    low
        u' is never less, or None.
    most
        Spikes of a neuron in a step: 1, or up to so many, floor(u' / θ); None is without limit.
    current
        The second state, or None.
    """

    threshold: Floats | None
    decay: Floats = field(default_factory=_one)
    gain: Floats = field(default_factory=_one)
    bias: Floats = field(default_factory=_zero)
    comparator: Literal[">", ">="] = ">="
    reset: Reset = "zero"
    v_reset: Floats = field(default_factory=_zero)
    initial: Floats = field(default_factory=_zero)
    low: Floats | None = None
    most: int | None = 1
    current: Current | None = None

    def __post_init__(self) -> None:
        for name in ("decay", "gain", "bias", "threshold", "v_reset", "initial", "low"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, floats(f"Neuron {name}", value, PARAMETER))
        choice("Neuron comparator", self.comparator, (">", ">="))
        choice("Neuron reset", self.reset, RESETS)
        object.__setattr__(self, "most", optional("Neuron most", self.most, 1, 255))
        if not isinstance(self.current, Current | None):
            raise TypeError(f"Neuron current must be a Current or None, not {self.current!r}")
        if self.threshold is None and self.reset != "none":
            raise ValueError(
                f"Neuron reset must be 'none' where threshold is None, not {self.reset!r}"
            )
        if self.most != 1 and self.reset not in ("subtract", "none"):
            raise ValueError(
                f"Neuron reset must be 'subtract' or 'none' with several spikes a step, "
                f"not {self.reset!r}"
            )
        if self.most != 1 and self.threshold is not None and self.threshold.min() <= 0:
            raise ValueError(
                f"Neuron threshold must be above 0 with several spikes a step, "
                f"not {self.threshold.min()}"
            )

    def parameters(self) -> dict[str, Floats]:
        """Return every parameter that is there, by its name."""
        names = ("decay", "gain", "bias", "threshold", "v_reset", "initial", "low")
        found = {n: value for n in names if (value := getattr(self, n)) is not None}
        return found | ({"current decay": self.current.decay} if self.current else {})
