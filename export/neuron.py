"""What happens to one neuron in one time step: threshold, reset and what is kept.

The rule itself is written once, in `somagate.sim.golden`; these classes hold its parameters.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ..checks.arguments import WORD_LIMIT, Ints, choice, integer, per_channel
from .state import Current, Leak, Shift, Store, Ternary

__all__ = ["Activation", "Current", "Leak", "Neuron", "Shift", "Store", "Ternary"]


@dataclass(frozen=True, kw_only=True)
class Activation:
    """What one element of a map can be in one time step.

    Attributes
    ----------
    kind
        'spike' (0 or 1), 'count' (unsigned) or 'value' (signed or unsigned).
    bits
        Width: 1 for a spike, 1…8 for a count or a value.
    signed
        Two's complement; for values only.
    """

    kind: Literal["spike", "count", "value"] = "spike"
    bits: int = 1
    signed: bool = False

    def __post_init__(self) -> None:
        choice("Activation kind", self.kind, ("spike", "count", "value"))
        object.__setattr__(self, "bits", integer("Activation bits", self.bits, 1, 8))
        if self.kind == "spike" and self.bits != 1:
            raise ValueError(f"Activation bits must be 1 for a spike, not {self.bits}")
        if not isinstance(self.signed, bool):
            raise TypeError(f"Activation signed must be a bool, not {self.signed!r}")
        if self.signed and self.kind != "value":
            raise ValueError(f"Activation signed must be False for a {self.kind}, not True")

    @property
    def low(self) -> int:
        """The smallest element."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def high(self) -> int:
        """The largest element."""
        return (1 << (self.bits - 1)) - 1 if self.signed else (1 << self.bits) - 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Neuron:
    """The parameters of a layer's neurons, one a channel where they differ.

    Attributes
    ----------
    bias
        int32 (channels,), accumulator LSBs, added in every step.
    threshold
        int32 (channels,): the neuron fires where u >= threshold. None: the layer never fires and
        its potentials are read out.
    reset
        'zero', 'subtract' or 'none'; 'blank': a neuron that fired has u = 0 in the next step;
        'undelayed': subtracts, and a neuron whose stored potential has its threshold already fires
        only where u has the amount on top of it, as snnTorch's with `reset_delay=False`.
    amount
        int32 (channels,), subtracted when a neuron fires; for 'subtract' and 'undelayed' only.
    leak, store
        See there.
    mask_negative
        A neuron whose stored potential is negative at the start of a time step does not fire in
        it, whatever u is; it integrates on, and isn't reset. SpQuant-SNN's mask of negative states.
    gain
        0…15: sums enter as `acc << gain`, so that potentials are finer than weights.
    lower_bound
        int32 (channels,), accumulator LSBs: a smaller u is raised to it before it is compared with
        the threshold. None: there is none. sinabs has it as `min_v_mem`.
    spike_bits
        1…8: a neuron sends as many spikes in a step as u holds its threshold, up to `most_spikes`,
        and a reset that subtracts takes the amount as often. Beyond 1 thresholds must be positive
        and amounts equal to them, and a leak can't come between. sinabs' IAF.
    current
        What sums and bias enter in place of u, or None.
    """

    bias: Ints
    threshold: Ints | None
    store: Store
    reset: Literal["zero", "subtract", "none", "blank", "undelayed"] = "zero"
    amount: Ints | None = None
    leak: Leak = field(default_factory=Leak)
    mask_negative: bool = False
    gain: int = 0
    lower_bound: Ints | None = None
    spike_bits: int = 1
    current: Current | None = None

    def __post_init__(self) -> None:
        bias = per_channel("Neuron bias", self.bias, -WORD_LIMIT, WORD_LIMIT - 1)
        object.__setattr__(self, "bias", bias)
        choice("Neuron reset", self.reset, ("zero", "subtract", "none", "blank", "undelayed"))
        if not isinstance(self.store, Shift | Ternary):
            raise TypeError(f"Neuron store must be a Shift or a Ternary, not {self.store!r}")
        if not isinstance(self.leak, Leak):
            raise TypeError(f"Neuron leak must be a Leak, not {self.leak!r}")
        if not isinstance(self.current, Current | None):
            raise TypeError(f"Neuron current must be a Current or None, not {self.current!r}")
        if not isinstance(self.mask_negative, bool):
            raise TypeError(f"Neuron mask_negative must be a bool, not {self.mask_negative!r}")
        object.__setattr__(self, "gain", integer("Neuron gain", self.gain, 0, 15))
        if self.threshold is None:
            if self.reset != "none":
                raise ValueError(
                    f"Neuron reset must be 'none' where threshold is None, not {self.reset!r}"
                )
            if self.mask_negative:
                raise ValueError(
                    "Neuron mask_negative must be False where threshold is None, not True"
                )
        else:
            threshold = per_channel("Neuron threshold", self.threshold, -WORD_LIMIT, WORD_LIMIT - 1)
            object.__setattr__(self, "threshold", threshold)
        if self.reset in ("subtract", "undelayed"):
            if self.amount is None:
                raise ValueError(f"Neuron amount must be given for reset {self.reset!r}, not None")
            amount = per_channel("Neuron amount", self.amount, -WORD_LIMIT, WORD_LIMIT - 1)
            object.__setattr__(self, "amount", amount)
        elif self.amount is not None:
            raise ValueError(f"Neuron amount must be None for reset {self.reset!r}, not given")
        if self.lower_bound is not None:
            bound = per_channel("Neuron lower_bound", self.lower_bound, -WORD_LIMIT, WORD_LIMIT - 1)
            object.__setattr__(self, "lower_bound", bound)
        if isinstance(self.store, Ternary) and not self.leak.identity:
            raise ValueError(
                "Neuron leak must be none for a Ternary store, whose level already holds it; "
                f"not ({self.leak.multiplier} · x) >> {self.leak.shift}"
            )
        object.__setattr__(self, "spike_bits", integer("Neuron spike_bits", self.spike_bits, 1, 8))
        if self.spike_bits > 1:
            self._check_several()
        for name, value in self._arrays():
            if value.ndim and len(value) != self.channels:
                raise ValueError(
                    f"Neuron {name} must have {self.channels} channels as bias has, "
                    f"not {len(value)}"
                )

    def _check_several(self) -> None:
        """Check what else must hold where a neuron sends several spikes in a step."""
        if self.threshold is None:
            raise ValueError(
                f"Neuron spike_bits must be 1 where threshold is None, not {self.spike_bits}"
            )
        where = f"where spike_bits is {self.spike_bits}"
        if self.threshold.min() < 1:
            raise ValueError(
                f"Neuron threshold must be positive {where}, not {int(self.threshold.min())}"
            )
        if self.reset == "undelayed":
            raise ValueError(f"Neuron reset must not be 'undelayed' {where}")
        if self.amount is not None:
            if not np.array_equal(self.threshold, self.amount):
                raise ValueError(f"Neuron amount must be the threshold {where}")
            if self.leak.at == "store" and not self.leak.identity:
                raise ValueError(f"Neuron leak must be at 'load' {where}, not at 'store'")

    def _arrays(self) -> list[tuple[str, Any]]:
        arrays: list[tuple[str, Any]] = [("leak multiplier", self.leak.multiplier)]
        if self.threshold is not None:
            arrays.append(("threshold", self.threshold))
        if self.amount is not None:
            arrays.append(("amount", self.amount))
        if self.current is not None:
            arrays.append(("current leak multiplier", self.current.leak.multiplier))
        if self.lower_bound is not None:
            arrays.append(("lower_bound", self.lower_bound))
        if isinstance(self.store, Ternary):
            arrays += [("store level", self.store.level), ("store boundary", self.store.boundary)]
        return arrays

    @property
    def most_spikes(self) -> int:
        """How many spikes a neuron can send in a step."""
        return (1 << self.spike_bits) - 1

    @property
    def state_bits(self) -> int:
        """Bits of its potential between two steps: what is stored, and whether it is blank."""
        return self.store.bits + (self.reset == "blank")

    @property
    def channels(self) -> int:
        """Number of channels."""
        return len(self.bias)
