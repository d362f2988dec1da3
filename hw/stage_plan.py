"""How a list of layers lies on one stage: every width and memory image that follows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..export.checks import Ints
from ..export.neuron import Leak, Store, Ternary
from ..export.synapse import Dense, Identity, SynapseGroup, weight_range
from ..export.tables import Tables, signed_bits
from .descriptor import (
    Descriptor,
    Map,
    Orders,
    Source,
    as_map,
    channel_windows,
    is_full,
    weight_rows,
)


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


@dataclass(frozen=True, kw_only=True)
class Field:
    """One parameter a channel in the parameter memory: signed two's complement.

    Attributes
    ----------
    name
        'bias', 'threshold', 'amount', 'multiplier', 'level', 'boundary' or 'keep' (0 or -1).
    bits
        Width.
    values
        int64 (parameter rows, update lanes).
    """

    name: str
    bits: int
    values: NDArray[np.int64]


def pack(values: Sequence[int], bits: int) -> int:
    """Return `values` as one word of two's complement fields, the first one lowest."""
    mask = (1 << bits) - 1
    return sum((int(value) & mask) << (bits * i) for i, value in enumerate(values))


def weight_code(rows: NDArray[np.int32], bits: int) -> NDArray[np.int32]:
    """Return weights as they are stored: the sign bit of a 1-bit weight, else the weight."""
    return (rows < 0).astype(np.int32) if bits == 1 else rows


@dataclass(frozen=True, kw_only=True, eq=False)
class StagePlan:
    """Some consecutive layers of tables laid out for one stage.

    Attributes
    ----------
    tables
        The whole network.
    first, count
        The stage's layers.
    lanes
        Output channels computed at the same time.
    update_lanes
        Neurons updated in one cycle; divides `lanes` and `word_bits`.
    banks
        Weight rows read in one cycle; a power of two.
    word_bits
        Width of a word of the spike maps; a power of two.
    pad
        Channels of every map are padded to a multiple of it; a multiple of `banks`.
    buffers
        How many maps of each external source are kept, so how far its producer can be ahead.
    orders
        The kept channels of every map, in the order in which they are laid out.
    loadable
        Weights, parameters and masks can be loaded at run time; every width then holds whatever
        weights of the tables' widths can add up to.
    holds
        The sums of layers that read a constant input alone are computed in the first step and kept.
    weight_memory
        'block', or 'spram' for memories with one port that hold nothing until they are loaded.
    """

    tables: Tables
    first: int
    count: int
    lanes: int
    update_lanes: int
    banks: int
    word_bits: int
    pad: int
    buffers: dict[str, int]
    orders: Orders
    loadable: bool = False
    holds: bool = False
    weight_memory: str = "block"

    @property
    def weights_load(self) -> bool:
        """Whether weights come through the configuration stream, if only those of the tables."""
        return self.loadable or self.weight_memory == "spram"

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
        layers = [self.tables.layers[number] for number in self.layers]
        return frozenset(a.name for a in layers if any(g.source == a.name for g in a.synapses))

    def map(self, name: str) -> Map:
        """Return how the map of 'input' or of a layer is stored."""
        channels, rows, columns = as_map(self.tables.map_shapes[name])
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
        for name in (*self.external, *(name for name in self.names if name in self.read_maps)):
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
        found: list[Descriptor] = []
        weight_base: dict[int, int] = {}
        state_base: dict[int, int] = {}
        parameter_base = 0
        for number in self.layers:
            layer = self.tables.layers[number]
            target = as_map(self.tables.map_shapes[layer.name])
            sources = []
            for group in layer.synapses:
                bits = self._weight_bits(group)
                source = self._source(number, group, bits, weight_base.get(bits, 0))
                sources.append(source)
                groups = -(-len(self.orders[layer.name]) // self.lanes)
                weight_base[bits] = source.weight_base + groups * source.group_rows
            bits = layer.neuron.store.bits
            descriptor = Descriptor(
                name=layer.name,
                number=number,
                sources=tuple(sources),
                channels=len(self.orders[layer.name]),
                rows=target[1],
                columns=target[2],
                window=layer.pool.size if layer.pool else (1, 1),
                counts=layer.activation.kind == "count",
                parameter_base=parameter_base,
                state_base=state_base.get(bits, 0),
                lanes=self.lanes,
                update_lanes=self.update_lanes,
            )
            found.append(descriptor)
            parameter_base += descriptor.chunks
            state_base[bits] = descriptor.state_base + descriptor.updates
        return tuple(found)

    def _weight_bits(self, group: SynapseGroup) -> int:
        """Return the width at which a group is stored: its own, unless ±1 needs zeros beside it."""
        if group.bits > 1:
            return group.bits
        padded = self.map(group.source).channels > len(self.orders[group.source])
        return 2 if padded or not is_full(group) else 1

    def _source(self, number: int, group: SynapseGroup, bits: int, base: int) -> Source:
        source = self.map(group.source)
        step, span = channel_windows(
            self.tables, number, group, self.orders, lanes=self.lanes, pad=self.pad
        )
        kernel, stride, padding = (1, 1), (1, 1), (0, 0)
        if isinstance(group, Dense):
            kernel = (source.rows, source.columns)
        elif not isinstance(group, Identity):
            kernel, stride, padding = group.kernel, group.stride, group.padding
        if is_full(group):
            kernel, span = (kernel[0], 1), kernel[1] * source.channels
        return Source(
            name=group.source,
            map=source,
            recurrent=group.source == self.tables.layers[number].name,
            kernel=kernel,
            stride=stride,
            padding=padding,
            span=span,
            group_bits=step,
            weight_bits=bits,
            weight_base=base,
        )

    @cached_property
    def grain(self) -> int:
        """Bits that every segment's ends are a multiple of, in a map row and so in a word.

        The walker counts in it, and the fetcher masks by it; the channels are often a power of two.
        """
        ends = [self.word_bits]
        for descriptor in self.descriptors:
            for s in descriptor.sources:
                step = s.stride[1] * s.map.channels
                ends += [s.span, s.group_bits, s.map.row_bits, step, s.padding[1] * s.map.channels]
                ends += [s.map.channels] if s.kernel[1] > 1 else []
        return math.gcd(*ends)

    @cached_property
    def row_grain(self) -> int:
        """Weight rows that the first row of every word of spikes is a multiple of."""
        sources = [source for descriptor in self.descriptors for source in descriptor.sources]
        return math.gcd(self.grain, *(n for s in sources for n in (s.span, s.weight_base)))

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
        return target.row_words != -(-kept // self.word_bits)

    @cached_property
    def held(self) -> frozenset[str]:
        """Layers whose sums are the same in every step and are kept."""
        if not (self.holds and self.tables.input.constant and self.tables.steps > 1):
            return frozenset()
        layers = [self.tables.layers[number] for number in self.layers]
        return frozenset(a.name for a in layers if {g.source for g in a.synapses} == {"input"})

    def sum_chunks(self, descriptor: Descriptor) -> int:
        """Return the chunks of sums of a layer in a time step, those of unused lanes too."""
        return descriptor.positions * descriptor.groups * (self.lanes // self.update_lanes)

    @property
    def held_words(self) -> int:
        """Words of the memory of held sums; a word is one chunk."""
        return sum(self.sum_chunks(d) for d in self.descriptors if d.name in self.held)

    @cached_property
    def weights(self) -> dict[int, NDArray[np.int32]]:
        """The weight memories by the width of a weight, (rows, lanes) each."""
        parts: dict[int, list[NDArray[np.int32]]] = {}
        for descriptor in self.descriptors:
            groups = self.tables.layers[descriptor.number].synapses
            for group, source in zip(groups, descriptor.sources, strict=True):
                rows = weight_rows(
                    self.tables,
                    descriptor.number,
                    group,
                    source,
                    self.orders,
                    lanes=self.lanes,
                    pad=self.pad,
                )
                parts.setdefault(source.weight_bits, []).append(rows)
        return {bits: np.concatenate(parts[bits]) for bits in sorted(parts)}

    @cached_property
    def weight_depths(self) -> dict[int, int]:
        """Rows of each weight memory by the width of a weight, over all banks."""
        depths: dict[int, int] = {}
        for descriptor in self.descriptors:
            for source in descriptor.sources:
                rows = source.weight_base + descriptor.groups * source.group_rows
                depths[source.weight_bits] = max(depths.get(source.weight_bits, 0), rows)
        return dict(sorted(depths.items()))

    @property
    def weight_bits(self) -> int:
        """Width of a weight as it is added, two's complement."""
        return max(2, *self.weight_depths)

    @cached_property
    def weight_row_bits(self) -> int:
        """Width of the address of a weight row, over all banks."""
        return max(1, max((rows - 1).bit_length() for rows in self.weight_depths.values()))

    @property
    def most_groups(self) -> int:
        """Lane groups of the layer with the most."""
        return max(descriptor.groups for descriptor in self.descriptors)

    @cached_property
    def state_words(self) -> dict[int, int]:
        """Words of each potential memory by its width in bits; a word is one chunk."""
        words: dict[int, int] = {}
        for descriptor in self.descriptors:
            bits = self.tables.layers[descriptor.number].neuron.store.bits
            words[bits] = words.get(bits, 0) + descriptor.updates
        return dict(sorted(words.items()))

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

    @property
    def state_bits(self) -> int:
        """Width of the widest stored potential."""
        return max(self.state_words)

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

        A threshold beyond what u can reach is stored as the nearest one that decides the same, so
        that it fits; so is a boundary. Unused lanes never fire, so no logic masks them: whatever an
        unused lane of ±1 weights adds up to, its threshold is above it.
        """
        low, high = self.update_bounds
        never = 1 << (self.update_bits - 1) if 1 in self.weight_depths else high + 1
        halves = [mode.half * mode.rounds_early for mode in self.layer_modes]
        columns: dict[str, list[NDArray[np.int64]]] = {}
        for descriptor in self.descriptors:
            layer = self.tables.layers[descriptor.number]
            neuron = layer.neuron
            level, boundary = self._ternary(neuron.store, neuron.channels)
            half = halves[descriptor.number - self.first]
            threshold = high + 1 if neuron.threshold is None else neuron.threshold
            values: dict[str, tuple[Any, int]] = {
                "bias": (neuron.bias.astype(np.int64) + half, half),
                "threshold": (
                    np.clip(np.add(threshold, half, dtype=np.int64), low, high + 1),
                    never,
                ),
                "amount": (0 if neuron.amount is None else neuron.amount, 0),
                "multiplier": (neuron.leak.multiplier, 0),
                "level": (level, 0),
                "boundary": (np.minimum(np.asarray(boundary, np.int64), self.store_limit), 1),
            }
            chosen, order = descriptor.lane_channels(), self.orders[descriptor.name]
            for name, (value, unused) in values.items():
                kept = np.broadcast_to(value, neuron.channels)[order].astype(np.int64)
                columns.setdefault(name, []).append(np.where(chosen < 0, unused, kept[chosen]))
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

    @staticmethod
    def _ternary(store: Store, channels: int) -> tuple[Ints, Ints]:
        if isinstance(store, Ternary):
            return store.level, store.boundary
        return np.zeros(channels, np.int32), np.zeros(channels, np.int32)

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
        words = []
        for row in range(len(self.parameters[0].values)):
            word, offset = 0, 0
            for lane in range(self.update_lanes):
                for field in self.parameters:
                    word |= pack([field.values[row, lane]], field.bits) << offset
                    offset += field.bits
            words.append(word)
        return words

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
