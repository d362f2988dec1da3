"""How large the sums of a stage get, and so how wide its accumulators and updates are.

Nothing overflows by construction. A plan that is not loadable knows its weights, and takes the
bounds that `Tables` has; a loadable one holds whatever weights of the same widths add up to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...export.synapse import weight_range
from ...export.tables import Tables, signed_bits
from .descriptor import Descriptor
from .mode import Mode


@dataclass(frozen=True, kw_only=True, eq=False)
class Bounds:
    """The bounds of some layers' sums.

    Attributes
    ----------
    tables
        The whole network.
    descriptors, modes
        Of the layers.
    loadable
        Other weights and parameters can be loaded.
    """

    tables: Tables
    descriptors: Sequence[Descriptor]
    modes: Sequence[Mode]
    loadable: bool

    @cached_property
    def accumulator_bits(self) -> int:
        """Width of an accumulator: the widest layer's."""
        if not self.loadable:
            return max(self.tables.accumulator_bits(d.name) for d in self.descriptors)
        return max(signed_bits(-most, most) for most in self.largest_sums)

    @cached_property
    def sum_bits(self) -> int:
        """Width of a sum as the update takes it, a pool of sums behind it."""
        if not self.loadable:
            bounds = [self.tables.sum_bounds(d.name) for d in self.descriptors]
            return max(signed_bits(int(low.min()), int(high.max())) for low, high in bounds)
        sums = zip(self.descriptors, self.largest_sums, strict=True)
        return max(signed_bits(-most * d.summed, most * d.summed) for d, most in sums)

    @cached_property
    def largest_sums(self) -> tuple[int, ...]:
        """The largest sum of each layer that any weights of their widths add up to."""
        found = []
        for descriptor in self.descriptors:
            groups = self.tables.layers[descriptor.number].synapses
            most = 0
            for group, source in zip(groups, descriptor.sources, strict=True):
                low, high = weight_range(group.bits)
                largest = max(map(abs, self.tables.range_of(group.source)))
                fan_in = source.kernel[0] * source.kernel[1] * source.span
                most += fan_in * max(-low, high) * largest
            found.append(most)
        return tuple(found)

    @cached_property
    def update(self) -> tuple[int, int]:
        """The smallest and largest u that the hardware holds, 0 and what rounds it included.

        A current that its sum has entered lies within them too.
        """
        return self._any_weights if self.loadable else self.reached

    @cached_property
    def reached(self) -> tuple[int, int]:
        """The smallest and largest u that the tables can reach, 0 and what rounds it included."""
        bounds = [self.tables.update_bounds(d.name) for d in self.descriptors]
        low = min(int(low.min()) for low, _ in bounds)
        half = max(mode.half * mode.rounds_early for mode in self.modes)
        return min(low, 0), max(0, *(int(high.max()) for _, high in bounds)) + half

    @cached_property
    def _any_weights(self) -> tuple[int, int]:
        """Bound u for any weights, and any bias that an accumulator could hold."""
        most = 1
        for descriptor, mode, total in zip(
            self.descriptors, self.modes, self.largest_sums, strict=True
        ):
            total = total * descriptor.summed << mode.gain
            state = 1 << (mode.bits - 1 + mode.shift) if mode.shift is not None else total
            state += 1 << (mode.current.bits - 1 + mode.current.shift) if mode.current else 0
            low, high = self.tables.update_bounds(descriptor.name)
            reach = max(state + 2 * total, -int(low.min()), int(high.max()))
            most = max(most, reach + mode.half)
        return -most, most

    @property
    def update_bits(self) -> int:
        """Width of u."""
        return signed_bits(*self.update)

    @cached_property
    def store_limit(self) -> int:
        """A number that no r reaches: a boundary of at least this is never crossed."""
        amounts = [self.tables.layers[d.number].neuron.amount for d in self.descriptors]
        most = max(
            (int(abs(a.astype(np.int64)).max()) for a in amounts if a is not None), default=0
        )
        return max(abs(bound) for bound in self.update) + most + 1
