"""Neurons of random networks; see `networks`."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from somagate.export.neuron import Current, Leak, Neuron, Shift, Store, Ternary


@dataclass
class Neurons:
    """Draws neurons with what `features` allows; `rng` draws their numbers."""

    draw: DrawFn
    features: frozenset[str]

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.draw(st.integers(0, 2**32 - 1), label="seed"))

    def has(self, feature: str) -> bool:
        """Draw whether a feature is used, if it is allowed."""
        return feature in self.features and self.draw(st.booleans(), label=feature)

    def rare(self, feature: str) -> bool:
        """Draw whether a feature is used, seldom."""
        return feature in self.features and self.draw(st.integers(0, 9), label=feature) == 9

    def one(self, *options: Any) -> Any:
        """Draw one of some options."""
        return self.draw(st.sampled_from(options))

    def neuron(self, scale: Any, fires: bool) -> Neuron:
        """Draw the neurons of a layer; `scale` is about how large the sums of each channel get."""
        channels, rng = len(scale), self.rng
        gain = self.one(2, 1, 5) if self.has("gain") else 0
        scale = 2.0**gain * scale
        factor = self.one(0.5, 0.2, 1.0) * rng.uniform(0.1, 1.1, channels)
        if "negative" in self.features and self.one(False, False, True):
            factor *= rng.choice([1, -0.5], channels)
        threshold: Any = np.rint(scale * factor).astype(np.int64)
        reset: Literal["zero", "subtract", "none", "blank", "undelayed"] = "zero"
        amount = None
        if not fires:
            threshold, reset = None, "none"
        elif self.has("subtract"):
            reset, amount = "undelayed" if self.has("undelayed") else "subtract", threshold
            if "negative" in self.features:
                span = scale.astype(np.int64)
                amount = self.one(threshold, rng.integers(-span, 2 * span))
        elif self.has("no reset"):
            reset = "none"
        elif self.has("blank"):
            reset = "blank"
        if fires and self.rare("extreme"):
            threshold = rng.choice([-(2**31), 2**31 - 1, 0], channels)
        several = 1
        if fires and reset != "undelayed" and self.has("several spikes"):
            several = self.one(2, 3, 4)
            threshold = np.clip(np.abs(threshold) // self.one(2, 1, 4), 1, 2**31 - 1)
            amount = threshold if reset == "subtract" else None
        masks = fires and self.has("mask negative")
        bound = None
        if self.has("lower bound"):
            bound = np.rint(scale * rng.uniform(-1, 0.1, channels)).astype(np.int64)
            bound = self.one(bound, np.full(channels, bound[0]))
        current = None
        if self.has("current"):
            current = Current(
                store=self.shift(scale), leak=self.leak(channels), late=self.one(False, True)
            )
        store = self.store(scale)
        leak = Leak() if isinstance(store, Ternary) else self.leak(channels)
        if several > 1 and reset == "subtract":
            leak = replace(leak, at="load")
        return Neuron(
            bias=np.rint(rng.uniform(-0.5, 0.5, channels) * scale).astype(np.int64),
            threshold=threshold,
            store=store,
            reset=reset,
            amount=amount,
            leak=leak,
            spike_bits=several,
            current=current,
            mask_negative=masks,
            gain=gain,
            lower_bound=bound,
        )

    def store(self, scale: Any) -> Store:
        if self.has("ternary"):
            level = np.rint(scale * self.rng.uniform(0, 1, len(scale))).astype(np.int64)
            return Ternary(level=level, boundary=np.maximum(1, level // self.one(2, 1)))
        return self.shift(scale)

    def shift(self, scale: Any) -> Shift:
        """Draw a store that rounds."""
        bits = self.one(3, 2, 4, 6, 8, 12, 16)
        # Around the shift at which the stored integers just span the sums.
        shift = int(np.log2(scale.max())) + 2 - bits + self.one(0, -1, 1, 2)
        return Shift(bits=bits, shift=min(max(shift, 0), 15))

    def leak(self, channels: int) -> Leak:
        if not self.has("leak"):
            return Leak()
        shift = self.one(1, 3, 4, 8, 15)
        shape = (channels,) if self.has("leak per channel") else ()
        low = self.one(1 << shift >> 1, 0)
        at: Literal["load", "store"] = "store" if self.has("leak at store") else "load"
        rounding: Literal["down", "up"] = "up" if self.has("leak rounded up") else "down"
        multiplier = self.rng.integers(low, (1 << shift) + 1, shape)
        return Leak(multiplier=multiplier, shift=shift, at=at, rounding=rounding)
