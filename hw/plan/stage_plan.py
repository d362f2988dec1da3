"""Some consecutive layers laid out for one stage: where everything lies, and how wide it is."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...export.tables import Tables, signed_bits
from . import parameters
from .bounds import Bounds
from .describe import describe
from .descriptor import Descriptor, Map, Orders, as_map, grain, row_grain
from .mode import Mode, mode_of
from .parameters import Field
from .stage_shape import StageShape
from .weight_rows import weight_memories
from .widths import bits_of, parts


@dataclass(frozen=True, kw_only=True, eq=False)
class StagePlan:
    """Some consecutive layers of tables in the memories of one stage.

    Attributes
    ----------
    tables
        The whole network.
    first
        Number of the stage's first layer.
    shape
        How many layers it executes, on how many lanes and banks, with which memories.
    word_bits
        Width of a word of the spike maps; a power of two.
    pad
        Channels of every map are padded to a multiple of it; a multiple of the banks.
    buffers
        How many maps of each external source are kept, so how far its producer can be ahead.
    orders
        The kept channels of every map, in the order in which they are laid out.
    loadable
        Weights, parameters and masks can be loaded at run time; every width then holds whatever
        weights of the tables' widths can add up to.
    """

    tables: Tables
    first: int
    shape: StageShape
    word_bits: int
    pad: int
    buffers: dict[str, int]
    orders: Orders
    loadable: bool = False

    @property
    def count(self) -> int:
        """Layers of the stage."""
        return self.shape.layers

    @property
    def lanes(self) -> int:
        """Output channels computed at the same time."""
        return self.shape.lanes

    @property
    def update_lanes(self) -> int:
        """Neurons updated in one cycle."""
        return self.shape.update_lanes

    @property
    def banks(self) -> int:
        """Weight rows read in one cycle."""
        return self.shape.banks

    @property
    def weights_load(self) -> bool:
        """Whether weights come through the configuration stream, if only those of the tables."""
        return self.loadable or self.shape.weight_memory == "spram"

    @cached_property
    def layers(self) -> tuple[int, ...]:
        """Numbers of the layers in the tables."""
        return tuple(range(self.first, self.first + self.count))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the layers."""
        return tuple(self.tables.layers[number].name for number in self.layers)

    @cached_property
    def external(self) -> tuple[str, ...]:
        """Sources that come from outside the stage, in the order of the tables."""
        read = self.read_maps
        order = ["input", *(layer.name for layer in self.tables.layers)]
        return tuple(name for name in order if name in read and name not in self.names)

    @cached_property
    def read_maps(self) -> frozenset[str]:
        """Sources that a layer of the stage reads."""
        return frozenset(
            group.source for n in self.layers for group in self.tables.layers[n].synapses
        )

    @cached_property
    def recurrent(self) -> frozenset[str]:
        """Layers that read their own map of the step before; it has two buffers."""
        layers = (self.tables.layers[number] for number in self.layers)
        return frozenset(a.name for a in layers if a.name in {g.source for g in a.synapses})

    def map(self, name: str) -> Map:
        """Return how the map of 'input' or of a layer is stored."""
        _, rows, columns = as_map(self.tables.map_shapes[name])
        kept = len(self.orders[name])
        return Map(
            channels=kept + -kept % self.pad,
            rows=rows,
            columns=columns,
            word_bits=self.word_bits,
            activation=self.tables.activation(name),
        )

    def map_buffers(self, name: str) -> int:
        """Return how many maps of a source are kept."""
        return self.buffers[name] if name in self.external else 1 + (name in self.recurrent)

    @cached_property
    def map_bases(self) -> dict[str, int]:
        """Address of the first buffer of each map that the stage stores; buffers follow it."""
        bases, base = {}, 0
        for name in (*self.external, *(n for n in self.names if n in self.read_maps)):
            bases[name] = base
            base += self.map(name).words * self.map_buffers(name)
        return bases

    @cached_property
    def map_words(self) -> int:
        """Depth of the map memory."""
        return sum(self.map(name).words * self.map_buffers(name) for name in self.map_bases)

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
        return frozenset(a.name for a in layers if {g.source for g in a.synapses} == {"input"})

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
        words: dict[int, int] = {}
        for descriptor in self.descriptors:
            bits = self.tables.layers[descriptor.number].neuron.state_bits
            words[bits] = words.get(bits, 0) + descriptor.updates
        return dict(sorted(words.items()))

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
        """Values of the network's readout."""
        return self.tables.layer(self.tables.readout.layer).neuron.channels

    @cached_property
    def readout_bits(self) -> int:
        """Width of a readout value, two's complement."""
        neuron = self.tables.layer(self.tables.readout.layer).neuron
        if self.tables.readout.kind == "count":
            return signed_bits(0, self.tables.steps * neuron.most_spikes)
        return neuron.store.bits
