"""What the update does to a layer's neurons, as far as it is the same for all channels."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...checks.arguments import Ints
from ...export.neuron import Current, Leak, Neuron, Ternary


@dataclass(frozen=True, kw_only=True)
class CurrentMode:
    """A layer's synaptic currents in numbers that become gates; names are as in `Mode`."""

    bits: int
    shift: int
    leak_at: str
    leak_multiplier: int | None
    leak_shift: int
    leak_up: bool
    late: bool

    @property
    def half(self) -> int:
        """Half a stored LSB, in accumulator LSBs: what rounding adds."""
        return (1 << self.shift) >> 1


@dataclass(frozen=True, kw_only=True)
class Mode:
    """A layer's leak, reset and store in numbers that become gates.

    Attributes
    ----------
    bits, shift
        Of the stored potential; shift is None for a ternary store, whose levels are parameters.
    reset
        As of `Neuron`.
    leak_at
        'load', 'store', or 'never' where nothing leaks.
    leak_multiplier
        None where it differs by channel; it is then a parameter.
    leak_shift
        Bits dropped by the leak.
    mask_negative
        A negative stored potential keeps its neuron from firing.
    leak_up
        The leak rounds up, and drops bits.
    gain
        Bits by which sums are shifted up.
    bounded, lower_bound
        Whether u is raised to a lower bound, in accumulator LSBs; None where it differs by channel,
        and is a parameter.
    spike_bits
        Of the count of spikes that a neuron sends.
    current
        Of the layer's synaptic currents, or None.
    """

    bits: int
    shift: int | None
    reset: str
    leak_at: str
    leak_multiplier: int | None
    leak_shift: int
    mask_negative: bool = False
    leak_up: bool = False
    gain: int = 0
    bounded: bool = False
    lower_bound: int | None = None
    spike_bits: int = 1
    current: CurrentMode | None = None

    @property
    def blanks(self) -> bool:
        """Whether a bit above the stored potential says that the neuron fired."""
        return self.reset == "blank"

    @property
    def subtracts(self) -> bool:
        """Whether r is less by an amount of the channel where it fires."""
        return self.reset in ("subtract", "undelayed")

    @property
    def state_bits(self) -> int:
        """Width of a neuron in the memory of potentials."""
        return self.bits + self.blanks

    @property
    def half(self) -> int:
        """Half a stored LSB, in accumulator LSBs: what rounding adds to r."""
        return (1 << self.shift) >> 1 if self.shift else 0

    @property
    def rounds_early(self) -> bool:
        """Whether `half` is part of the bias and the threshold already.

        Only where r differs from u by a reset alone; a leak at the store comes in between, and a
        threshold that is taken several times would have it several times. A bias that enters a
        current is not the potential's.
        """
        return self.leak_at != "store" and self.spike_bits == 1 and self.current is None


def mode_of(neuron: Neuron) -> Mode:
    """Return the mode of a layer's neurons."""
    return Mode(
        bits=neuron.store.bits,
        shift=None if isinstance(neuron.store, Ternary) else neuron.store.shift,
        reset=neuron.reset,
        mask_negative=neuron.mask_negative,
        gain=neuron.gain,
        bounded=neuron.lower_bound is not None,
        lower_bound=_same(neuron.lower_bound),
        spike_bits=neuron.spike_bits,
        current=_current_mode(neuron.current),
        **_leak(neuron.leak),
    )


def _current_mode(current: Current | None) -> CurrentMode | None:
    """Return the mode of a layer's currents, if it has any."""
    if current is None:
        return None
    store = current.store
    return CurrentMode(bits=store.bits, shift=store.shift, late=current.late, **_leak(current.leak))


def _leak(leak: Leak) -> dict[str, Any]:
    """Return a leak's part of a mode."""
    multiplier, shift = _lowest_terms(leak)
    rounds = shift > 0 and not leak.identity
    return {
        "leak_at": "never" if leak.identity else leak.at,
        "leak_multiplier": multiplier,
        "leak_shift": shift,
        "leak_up": rounds and leak.rounding == "up",
    }


def _same(values: Ints | None) -> int | None:
    """Return the number that all channels have, or None."""
    return int(values[0]) if values is not None and (values == values[0]).all() else None


def _lowest_terms(leak: Leak) -> tuple[int | None, int]:
    """Return a leak's multiplier and shift, as small as they get, or (None, its shift)."""
    values = np.unique(leak.multiplier)
    if len(values) > 1:
        return None, leak.shift
    multiplier, shift = int(values[0]), leak.shift
    while shift and multiplier % 2 == 0:
        multiplier, shift = multiplier // 2, shift - 1
    return multiplier, shift
