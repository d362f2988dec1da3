"""Some consecutive layers laid out for one stage: where everything lies, and how wide it is."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from . import parameters
from .bounds import Bounds
from .describe import describe
from .descriptor import Descriptor, grain, row_grain
from .mode import Mode, mode_of
from .parameters import Field
from .stage_maps import StageMaps
from .weight_rows import weight_memories
from .widths import bits_of, parts


@dataclass(frozen=True, kw_only=True, eq=False)
class StagePlan(StageMaps):
    """Some consecutive layers of tables in the memories of one stage; see `StageMaps`."""

    @property
    def weights_load(self) -> bool:
        """Whether weights come through the configuration stream, if only those of the tables."""
        return self.loadable or self.shape.weight_memory == "spram"

    @cached_property
    def descriptors(self) -> tuple[Descriptor, ...]:
        """The layers in order."""
        return describe(
            self.tables,
            self.layers,
            {name: self.map(name) for name in self.read_maps},
            self.orders,
            lanes=self.lanes,
            update_lanes=self.update_lanes,
            pad=self.pad,
            tile=(self.tile, self.shape.tiles),
        )

    @cached_property
    def grain(self) -> int:
        """Bits that every segment's ends are a multiple of; see `descriptor.grain`."""
        return grain(self.descriptors, self.word_bits)

    @cached_property
    def row_grain(self) -> int:
        """Weight rows that the first row of every word is a multiple of; see `row_grain` there."""
        return row_grain(self.descriptors, self.word_bits)

    @property
    def word_row_bits(self) -> int:
        """Width of the weight row of a word's first bit, in units of `row_grain`."""
        return max(1, self.weight_row_bits - (self.row_grain.bit_length() - 1))

    def has_gaps(self, name: str) -> bool:
        """Return whether the chunks of a layer's map leave gaps that must be closed in its words.

        They don't where the channels fill their chunks, or a row is one position whose words end
        with its channels.
        """
        target, kept = self.map(name), len(self.orders[name])
        if target.columns > 1:
            return bool(kept % self.update_lanes) or target.channels != kept
        return target.row_words != parts(kept, self.word_bits)

    @cached_property
    def held(self) -> frozenset[str]:
        """Layers whose sums are the same in every step and are kept."""
        if not (self.shape.holds and self.tables.input.constant and self.tables.steps > 1):
            return frozenset()
        layers = [self.tables.layers[number] for number in self.layers]
        still = {("input", 0)}
        return frozenset(
            a.name for a in layers if {(g.source, g.delay) for g in a.synapses} == still
        )

    @property
    def held_words(self) -> int:
        """Words of the memory of held sums; a word is one chunk."""
        return sum(d.sum_chunks for d in self.descriptors if d.name in self.held)

    @cached_property
    def weights(self) -> dict[int, NDArray[np.int32]]:
        """The weight memories by the width of a weight, (rows, lanes) each."""
        return weight_memories(
            self.tables, self.descriptors, self.orders, lanes=self.lanes, pad=self.pad
        )

    @cached_property
    def weight_depths(self) -> dict[int, int]:
        """Rows of each weight memory by the width of a weight, over all banks."""
        depths: dict[int, int] = {}
        for d, source in ((one, source) for one in self.descriptors for source in one.sources):
            end = source.weight_base + d.groups * source.group_rows
            depths[source.weight_bits] = max(depths.get(source.weight_bits, 0), end)
        return dict(sorted(depths.items()))

    @property
    def weight_bits(self) -> int:
        """Width of a weight as it is added, two's complement."""
        return max(2, *self.weight_depths)

    @cached_property
    def weight_row_bits(self) -> int:
        """Width of the address of a weight row, over all banks."""
        return bits_of(max(self.weight_depths.values()))

    @property
    def most_groups(self) -> int:
        """Lane groups of the layer with the most."""
        return max(descriptor.groups for descriptor in self.descriptors)

    @cached_property
    def state_words(self) -> dict[int, int]:
        """Words of each potential memory by its width in bits; a word is one chunk."""
        return self._words([mode.state_bits for mode in self.layer_modes])

    @cached_property
    def current_words(self) -> dict[int, int]:
        """Words of each memory of synaptic currents by its width; a word is one chunk."""
        return self._words([mode.current.bits if mode.current else 0 for mode in self.layer_modes])

    def _words(self, widths: list[int]) -> dict[int, int]:
        """Return the words of memories by their widths, from those of each layer; 0 is none."""
        words: dict[int, int] = {}
        for bits, descriptor in zip(widths, self.descriptors, strict=True):
            words[bits] = words.get(bits, 0) + descriptor.updates
        return {bits: words[bits] for bits in sorted(words) if bits}

    @property
    def state_bits(self) -> int:
        """Width of the widest stored potential."""
        return max(mode.bits for mode in self.modes)

    @cached_property
    def layer_modes(self) -> tuple[Mode, ...]:
        """The mode of each layer."""
        return tuple(mode_of(self.tables.layers[number].neuron) for number in self.layers)

    @cached_property
    def modes(self) -> tuple[Mode, ...]:
        """The different modes of the layers, in order of their first use."""
        return tuple(dict.fromkeys(self.layer_modes))

    @cached_property
    def bounds(self) -> Bounds:
        """How large the layers' sums get."""
        return Bounds(
            tables=self.tables,
            descriptors=self.descriptors,
            modes=self.layer_modes,
            loadable=self.loadable,
        )

    @property
    def accumulator_bits(self) -> int:
        """Width of an accumulator."""
        return self.bounds.accumulator_bits

    @property
    def update_bits(self) -> int:
        """Width of u."""
        return self.bounds.update_bits

    @cached_property
    def count_bits(self) -> int:
        """Width of the widest count that the layers send; 1 is a spike."""
        return max(self.map(name).planes for name in self.names)

    @cached_property
    def parameters(self) -> tuple[Field, ...]:
        """The parameter memory's fields."""
        return parameters.fields(
            self.tables, self.descriptors, self.layer_modes, self.orders, self.bounds
        )

    @property
    def parameter_bits(self) -> int:
        """Width of the parameters of one channel."""
        return sum(field.bits for field in self.parameters)

    @cached_property
    def parameter_words(self) -> list[int]:
        """The parameter memory: a word holds each lane's fields, the first one lowest."""
        return parameters.words(self.parameters)

    @cached_property
    def classes(self) -> int:
        """Values of an answer of the network."""
        return self.tables.classes

    @cached_property
    def readout_bits(self) -> int:
        """Width of a readout value, two's complement."""
        return self.tables.readout_bits
