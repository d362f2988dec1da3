"""A stage's layers, and the widths that follow: of sums, potentials and parameters."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...export.neuron import Leak, Ternary
from ...export.synapse import weight_range
from ...export.tables import signed_bits
from .descriptor import Descriptor
from .parameters import Field, channel_values, words
from .stage_layout import StageLayout


@dataclass(frozen=True, kw_only=True)
class Mode:
    """What the update does to a layer's neurons, as far as it is the same for all channels.

    Attributes
    ----------
    bits, shift
        Of the stored potential; shift is None for a ternary store, whose levels are parameters.
    reset
        'zero', 'subtract' or 'none'.
    leak_at
        'load', 'store', or 'never' where nothing leaks.
    leak_multiplier
        None where it differs by channel; it is then a parameter.
    leak_shift
        Bits dropped by the leak.
    mask_negative
        A negative stored potential keeps its neuron from firing.
    """

    bits: int
    shift: int | None
    reset: str
    leak_at: str
    leak_multiplier: int | None
    leak_shift: int
    mask_negative: bool = False

    @property
    def half(self) -> int:
        """Half a stored LSB, in accumulator LSBs: what rounding adds to r."""
        return (1 << self.shift) >> 1 if self.shift else 0

    @property
    def rounds_early(self) -> bool:
        """Whether `half` is part of the bias and the threshold already.

        Only where r differs from u by a reset alone; a leak at the store comes in between.
        """
        return self.leak_at != "store"


@dataclass(frozen=True, kw_only=True, eq=False)
class StagePlan(StageLayout):
    """Some consecutive layers of tables laid out for one stage, and the widths that follow."""

    @cached_property
    def accumulator_bits(self) -> int:
        """Width of an accumulator: the widest layer's, so no sum can overflow."""
        if not self.loadable:
            return max(self.tables.accumulator_bits(name) for name in self.names)
        return max(signed_bits(-most, most) for most in self.largest_sums)

    @cached_property
    def largest_sums(self) -> tuple[int, ...]:
        """The largest sum of each layer that any weights of their widths add up to."""
        found = []
        for descriptor in self.descriptors:
            groups = self.tables.layers[descriptor.number].synapses
            most = 0
            for group, source in zip(groups, descriptor.sources, strict=True):
                low, high = weight_range(group.bits)
                largest = max(map(abs, self.tables.largest(group.source)))
                most += (
                    source.kernel[0] * source.kernel[1] * source.span * max(-low, high) * largest
                )
            found.append(most)
        return tuple(found)

    @cached_property
    def update_bounds(self) -> tuple[int, int]:
        """The smallest and largest u that the hardware holds, 0 and what rounds it included."""
        return self._loadable_bounds if self.loadable else self.reached_bounds

    @cached_property
    def reached_bounds(self) -> tuple[int, int]:
        """The smallest and largest u that the tables can reach, 0 and what rounds it included."""
        bounds = [self.tables.update_bounds(name) for name in self.names]
        low = min(int(low.min()) for low, _ in bounds)
        half = max(mode.half * mode.rounds_early for mode in self.layer_modes)
        return min(low, 0), max(0, *(int(high.max()) for _, high in bounds)) + half

    @cached_property
    def _loadable_bounds(self) -> tuple[int, int]:
        """Bound u for any weights, and any bias that an accumulator could hold."""
        most = 1
        for descriptor, mode, total in zip(
            self.descriptors, self.layer_modes, self.largest_sums, strict=True
        ):
            state = 1 << (mode.bits - 1 + mode.shift) if mode.shift is not None else total
            reach = max(state + 2 * total, *self._state_reach(descriptor))
            most = max(most, reach + mode.half)
        return -most, most

    def _state_reach(self, descriptor: Descriptor) -> tuple[int, int]:
        low, high = self.tables.update_bounds(descriptor.name)
        return -int(low.min()), int(high.max())

    @property
    def update_bits(self) -> int:
        """Width of u."""
        return signed_bits(*self.update_bounds)

    @cached_property
    def count_bits(self) -> int:
        """Width of the widest count that the layers send; 1 is a spike."""
        return max(self.map(name).planes for name in self.names)

    @cached_property
    def modes(self) -> tuple[Mode, ...]:
        """The different modes of the layers, in order of their first use."""
        return tuple(dict.fromkeys(self.layer_modes))

    @cached_property
    def layer_modes(self) -> tuple[Mode, ...]:
        """The mode of each layer."""
        found = []
        for number in self.layers:
            neuron = self.tables.layers[number].neuron
            multiplier, shift = self._leak(neuron.leak)
            found.append(
                Mode(
                    bits=neuron.store.bits,
                    shift=None if isinstance(neuron.store, Ternary) else neuron.store.shift,
                    reset=neuron.reset,
                    leak_at="never" if neuron.leak.identity else neuron.leak.at,
                    leak_multiplier=multiplier,
                    leak_shift=shift,
                    mask_negative=neuron.mask_negative,
                )
            )
        return tuple(found)

    def _leak(self, leak: Leak) -> tuple[int | None, int]:
        """Return a layer's leak in lowest terms, or (None, its shift) if channels differ."""
        values = np.unique(leak.multiplier)
        if len(values) > 1:
            return None, leak.shift
        multiplier, shift = int(values[0]), leak.shift
        while shift and multiplier % 2 == 0:
            multiplier, shift = multiplier // 2, shift - 1
        return multiplier, shift

    @cached_property
    def parameters(self) -> tuple[Field, ...]:
        """The parameter memory's fields, each with the values of all layers' chunks.

        Whatever an unused lane of ±1 weights adds up to, its threshold is above it.
        """
        bounds = self.update_bounds
        never = 1 << (self.update_bits - 1) if 1 in self.weight_depths else bounds[1] + 1
        columns: dict[str, list[NDArray[np.int64]]] = {}
        for descriptor, mode in zip(self.descriptors, self.layer_modes, strict=True):
            values = channel_values(
                self.tables.layers[descriptor.number].neuron,
                half=mode.half * mode.rounds_early,
                bounds=bounds,
                never=never,
                limit=self.store_limit,
            )
            chosen, order = descriptor.lane_channels(), self.orders[descriptor.name]
            for name, (value, unused) in values.items():
                kept = np.where(chosen < 0, unused, value[order][chosen])
                columns.setdefault(name, []).append(kept)
            columns.setdefault("keep", []).append(-(chosen >= 0).astype(np.int64))
        if all(mode.reset != "subtract" for mode in self.modes):
            del columns["amount"]
        if all(mode.leak_multiplier is not None for mode in self.modes):
            del columns["multiplier"]
        if all(mode.shift is not None for mode in self.modes):
            del columns["level"], columns["boundary"]
        if not self.loadable:
            del columns["keep"]
        fields = []
        for name, parts in columns.items():
            array = np.concatenate(parts)
            bits = signed_bits(min(0, int(array.min())), max(0, int(array.max())))
            if self.loadable and name != "keep":
                bits = max(bits, self.update_bits + 1)
            fields.append(Field(name=name, bits=bits, values=array))
        return tuple(fields)

    @cached_property
    def store_limit(self) -> int:
        """A number that no r reaches: a boundary of at least this is never crossed."""
        amounts = [self.tables.layers[number].neuron.amount for number in self.layers]
        most = max(
            (int(abs(a.astype(np.int64)).max()) for a in amounts if a is not None), default=0
        )
        return max(abs(bound) for bound in self.update_bounds) + most + 1

    @property
    def parameter_bits(self) -> int:
        """Width of the parameters of one channel."""
        return sum(field.bits for field in self.parameters)

    @cached_property
    def parameter_words(self) -> list[int]:
        """The parameter memory: a word holds each lane's fields, the first one lowest."""
        return words(self.parameters)

    @cached_property
    def classes(self) -> int:
        """Values of the network's readout."""
        return self.tables.layer(self.tables.readout.layer).neuron.channels

    @cached_property
    def readout_bits(self) -> int:
        """Width of a readout value, two's complement."""
        if self.tables.readout.kind == "count":
            return signed_bits(0, self.tables.steps)
        return self.tables.layer(self.tables.readout.layer).neuron.store.bits
