"""What is kept of a neuron from one time step to the next: how it leaks, and how it is stored."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ..checks.arguments import WORD_LIMIT, Ints, choice, flag, integer, integers, per_channel


@dataclass(frozen=True, kw_only=True, eq=False)
class Leak:
    """`(multiplier · x) >> shift`, rounded down or up.

    Attributes
    ----------
    multiplier
        int32, () for the layer or (channels,); 0…2**shift, and 2**shift is no leak.
    shift
        0…15.
    at
        'load': the stored potential leaks before the step's input is added.
        'store': the sum leaks after the threshold was compared, before it is stored; a subtracted
        reset amount does not leak.
    rounding
        'down' or 'up', to the next integer.
    """

    multiplier: Ints = field(default_factory=lambda: np.array(1, np.int32))
    shift: int = 0
    at: Literal["load", "store"] = "load"
    rounding: Literal["down", "up"] = "down"

    def __post_init__(self) -> None:
        object.__setattr__(self, "shift", integer("Leak shift", self.shift, 0, 15))
        choice("Leak at", self.at, ("load", "store"))
        choice("Leak rounding", self.rounding, ("down", "up"))
        multiplier = integers("Leak multiplier", self.multiplier, (0, 1), 0, 1 << self.shift)
        object.__setattr__(self, "multiplier", multiplier)

    @property
    def identity(self) -> bool:
        """Whether nothing leaks."""
        return bool(np.all(self.multiplier == 1 << self.shift))


@dataclass(frozen=True, kw_only=True)
class Shift:
    """Keep `clamp((r + half) >> shift)` as a signed integer; half is half a stored LSB.

    Rounds half up, then saturates. Read back as `stored << shift`.

    Attributes
    ----------
    bits
        Width of the stored potential, 2…16.
    shift
        Accumulator bits dropped, 0…15.
    """

    bits: int
    shift: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "bits", integer("Shift bits", self.bits, 2, 16))
        object.__setattr__(self, "shift", integer("Shift shift", self.shift, 0, 15))

    @property
    def low(self) -> int:
        """The smallest stored integer."""
        return -(1 << (self.bits - 1))

    @property
    def high(self) -> int:
        """The largest stored integer."""
        return (1 << (self.bits - 1)) - 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Ternary:
    """Keep -1 if r < -boundary, +1 if r >= boundary, else 0. Read back as ±level.

    The leak is already in `level`, so a neuron with this store has none of its own. From
    SpQuant-SNN (Front. Neurosci. 2024), with one tie rule: a boundary belongs to the upper state.

    Attributes
    ----------
    level
        int32 (channels,), accumulator LSBs that a stored ±1 stands for in the next step, >= 0.
    boundary
        int32 (channels,), accumulator LSBs, >= 1.
    """

    level: Ints
    boundary: Ints

    bits = 2
    low = -1
    high = 1

    def __post_init__(self) -> None:
        level = per_channel("Ternary level", self.level, 0, WORD_LIMIT - 1)
        boundary = per_channel("Ternary boundary", self.boundary, 1, WORD_LIMIT - 1)
        object.__setattr__(self, "level", level)
        object.__setattr__(self, "boundary", boundary)


Store = Shift | Ternary


@dataclass(frozen=True, kw_only=True, eq=False)
class Current:
    """A synaptic current: a second state of each neuron, which its sums and bias enter.

    Attributes
    ----------
    store
        How it is kept; read back as `stored << shift`.
    leak
        Of the current: at 'load' before a sum enters, as snnTorch's Synaptic and older versions of
        Norse have it; at 'store' behind it, as newer ones do.
    late
        u takes the current as it was stored, so that a sum enters u a step late, as in older
        versions of Norse. Otherwise u takes what this step's sum has made of it.
    """

    store: Shift
    leak: Leak = field(default_factory=Leak)
    late: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.store, Shift):
            raise TypeError(f"Current store must be a Shift, not {self.store!r}")
        if not isinstance(self.leak, Leak):
            raise TypeError(f"Current leak must be a Leak, not {self.leak!r}")
        flag("Current late", self.late)
