"""The plan: how tables lie on the accelerator, and every width and memory image that follows."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..export.checks import integer
from ..export.neuron import Leak, Shift
from ..export.synapse import Convolution
from ..export.tables import Tables, signed_bits
from .descriptor import Descriptor, Map, as_map, weight_rows
from .support import refuse


@dataclass(frozen=True, kw_only=True)
class Mode:
    """What the update does to a layer's neurons, as far as it is the same for all channels.

    Attributes
    ----------
    store
        Width and shift of the stored potential.
    reset
        'zero', 'subtract' or 'none'.
    leak_at
        'load', 'store', or 'never' where nothing leaks.
    leak_multiplier
        None where it differs by channel; it is then a parameter.
    leak_shift
        Bits dropped by the leak.
    """

    store: Shift
    reset: str
    leak_at: str
    leak_multiplier: int | None
    leak_shift: int


@dataclass(frozen=True, kw_only=True)
class Field:
    """One parameter a channel in the parameter memory: signed two's complement.

    Attributes
    ----------
    name
        'bias', 'threshold', 'amount' or 'multiplier'.
    bits
        Width.
    values
        int64 (parameter rows, update lanes).
    """

    name: str
    bits: int
    values: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """Tables laid out for one stage that executes all layers.

    Attributes
    ----------
    tables
        The network.
    lanes
        Output channels computed at the same time.
    update_lanes
        Neurons updated in one cycle; divides `lanes` and `word_bits`.
    word_bits
        Width of a word of the spike maps; a power of two.

    Raises
    ------
    UnsupportedError
        Where the tables need what the accelerator does not have.
    ValueError
        Where a number is out of range; the message names it.
    """

    tables: Tables
    lanes: int = 16
    update_lanes: int = 4
    word_bits: int = 32

    def __post_init__(self) -> None:
        integer("Plan lanes", self.lanes, 1, 1024)
        integer("Plan update_lanes", self.update_lanes, 1, 256)
        integer("Plan word_bits", self.word_bits, 8, 128)
        if self.word_bits & (self.word_bits - 1):
            raise ValueError(f"Plan word_bits must be a power of two, not {self.word_bits}")
        for name in ("lanes", "word_bits"):
            if getattr(self, name) % self.update_lanes:
                raise ValueError(
                    f"Plan update_lanes must divide {name} {getattr(self, name)}, "
                    f"not be {self.update_lanes}"
                )
        refuse(self.tables)

    @cached_property
    def maps(self) -> dict[str, Map]:
        """Where each spike map lies. The input has two buffers, one behind the other, first."""
        maps: dict[str, Map] = {}
        base = 0
        for name in ["input", *(layer.name for layer in self.tables.layers)]:
            channels, rows, columns = as_map(self.tables.map_shapes[name])
            maps[name] = Map(
                base=base,
                channels=int(self.tables.mask(name).sum()),
                rows=rows,
                columns=columns,
                word_bits=self.word_bits,
            )
            if name in self.read_maps:
                base += maps[name].words * (2 if name == "input" else 1)
        return maps

    @cached_property
    def read_maps(self) -> frozenset[str]:
        """Sources that a layer reads; the maps of other layers are not stored."""
        return frozenset(group.source for layer in self.tables.layers for group in layer.synapses)

    @property
    def map_words(self) -> int:
        """Depth of the spike map memory."""
        return sum(self.maps[name].words * (2 if name == "input" else 1) for name in self.read_maps)

    @property
    def input_words(self) -> int:
        """Words of the input map, so transfers into `Accelerator.input` in one time step."""
        return self.maps["input"].words

    @cached_property
    def descriptors(self) -> tuple[Descriptor, ...]:
        """The layers in order."""
        found: list[Descriptor] = []
        weight_base = parameter_base = 0
        state_base: dict[int, int] = {}
        for layer in self.tables.layers:
            group = layer.synapses[0]
            source = self.maps[group.source]
            target = as_map(self.tables.map_shapes[layer.name])
            convolution = group if isinstance(group, Convolution) else None
            bits = layer.neuron.store.bits
            descriptor = Descriptor(
                name=layer.name,
                source=group.source,
                map=source,
                channels=int(layer.kept.sum()),
                rows=target[1],
                columns=target[2],
                window=layer.pool.size if layer.pool else (1, 1),
                kernel=convolution.kernel if convolution else (source.rows, source.columns),
                stride=convolution.stride if convolution else (1, 1),
                padding=convolution.padding if convolution else (0, 0),
                weight_base=weight_base,
                parameter_base=parameter_base,
                state_base=state_base.get(bits, 0),
                lanes=self.lanes,
                update_lanes=self.update_lanes,
            )
            found.append(descriptor)
            weight_base += descriptor.weight_rows
            parameter_base += descriptor.chunks
            state_base[bits] = descriptor.state_base + descriptor.updates
        return tuple(found)

    @cached_property
    def state_words(self) -> dict[int, int]:
        """Words of each potential memory by its width in bits; a word is one chunk."""
        words: dict[int, int] = {}
        for layer, descriptor in zip(self.tables.layers, self.descriptors, strict=True):
            bits = layer.neuron.store.bits
            words[bits] = words.get(bits, 0) + descriptor.updates
        return dict(sorted(words.items()))

    @cached_property
    def weight_bits(self) -> int:
        """Width of a weight in the weight memory: that of the widest layer, at least 2."""
        return max(2, *(g.bits for layer in self.tables.layers for g in layer.synapses))

    @cached_property
    def weights(self) -> NDArray[np.int32]:
        """The weight memory, (rows, lanes)."""
        rows = [
            weight_rows(self.tables, index, layer.synapses[0], self.lanes)  # type: ignore[arg-type]
            for index, layer in enumerate(self.tables.layers)
        ]
        return np.concatenate(rows)

    @cached_property
    def accumulator_bits(self) -> int:
        """Width of an accumulator: the widest layer's, so no sum can overflow."""
        return max(self.tables.accumulator_bits(layer.name) for layer in self.tables.layers)

    @cached_property
    def update_bounds(self) -> tuple[int, int]:
        """The smallest and largest u of any layer, 0 included."""
        bounds = [self.tables.update_bounds(layer.name) for layer in self.tables.layers]
        low = min(int(low.min()) for low, _ in bounds)
        return min(low, 0), max(0, *(int(high.max()) for _, high in bounds))

    @property
    def update_bits(self) -> int:
        """Width of u."""
        return signed_bits(*self.update_bounds)

    @cached_property
    def modes(self) -> tuple[Mode, ...]:
        """The different modes of the layers, in order of their first use."""
        return tuple(dict.fromkeys(self.layer_modes))

    @cached_property
    def layer_modes(self) -> tuple[Mode, ...]:
        """The mode of each layer."""
        found = []
        for layer in self.tables.layers:
            neuron = layer.neuron
            assert isinstance(neuron.store, Shift)
            multiplier, shift = self._leak(neuron.leak)
            found.append(
                Mode(
                    store=neuron.store,
                    reset=neuron.reset,
                    leak_at="never" if neuron.leak.identity else neuron.leak.at,
                    leak_multiplier=multiplier,
                    leak_shift=shift,
                )
            )
        return tuple(found)

    def _leak(self, leak: Leak) -> tuple[int | None, int]:
        """Return a layer's leak in lowest terms, or (None, common shift) if channels differ."""
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
        that it fits. Unused lanes stay at 0 and never fire, so no logic masks them.
        """
        low, high = self.update_bounds
        columns: dict[str, list[NDArray[np.int64]]] = {}
        for layer, descriptor in zip(self.tables.layers, self.descriptors, strict=True):
            neuron = layer.neuron
            never = np.full(neuron.channels, high + 1, np.int64)
            threshold = never if neuron.threshold is None else neuron.threshold
            values = {
                "bias": (neuron.bias, 0),
                "threshold": (np.clip(threshold, low, high + 1), high + 1),
                "amount": (0 if neuron.amount is None else neuron.amount, 0),
                "multiplier": (neuron.leak.multiplier, 0),
            }
            chosen = descriptor.lane_channels()
            for name, (value, unused) in values.items():
                kept = np.broadcast_to(value, neuron.channels)[layer.kept].astype(np.int64)
                columns.setdefault(name, []).append(np.where(chosen < 0, unused, kept[chosen]))
        if all(layer.neuron.reset != "subtract" for layer in self.tables.layers):
            del columns["amount"]
        if all(mode.leak_multiplier is not None for mode in self.modes):
            del columns["multiplier"]
        fields = []
        for name, parts in columns.items():
            array = np.concatenate(parts)
            bits = signed_bits(min(0, int(array.min())), max(0, int(array.max())))
            fields.append(Field(name=name, bits=bits, values=array))
        return tuple(fields)

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
                    value = int(field.values[row, lane]) & ((1 << field.bits) - 1)
                    word |= value << offset
                    offset += field.bits
            words.append(word)
        return words

    @cached_property
    def classes(self) -> int:
        """Values of the readout: the readout layer's channels, pruned ones included."""
        return self.tables.layer(self.tables.readout.layer).neuron.channels

    @cached_property
    def readout_bits(self) -> int:
        """Width of a readout value, two's complement."""
        if self.tables.readout.kind == "count":
            return signed_bits(0, self.tables.steps)
        return self.tables.layer(self.tables.readout.layer).neuron.store.bits

    def updates(self, layer: int) -> NDArray[np.int64]:
        """Return where each transfer of a layer lies, int (updates, update_lanes, 3).

        The last axis is (channel, row, column), the channel as the tables count it, -1 where the
        lane is unused; of a dense layer, row and column are 0.
        """
        visits = self.descriptors[layer].visits()
        kept = np.flatnonzero(self.tables.layers[layer].kept)
        visits[..., 0] = np.where(visits[..., 0] < 0, -1, kept[visits[..., 0]])
        return visits

    def pack_input(self, x: ArrayLike) -> list[int]:
        """Return the words of an input of shape (steps, *input shape), as `Accelerator.input`.

        Bit `column · channels + channel` of a row lies at that place, lowest bit of a word first.
        """
        array = np.asarray(x)
        if array.shape[1:] != self.tables.input.shape:
            raise ValueError(
                f"input must have shape (steps, {', '.join(map(str, self.tables.input.shape))}), "
                f"not {array.shape}"
            )
        if array.size and (array.min() < 0 or array.max() > 1):
            raise ValueError(f"input must hold spikes 0…1, not {array.min()}…{array.max()}")
        source = self.maps["input"]
        rows = array.reshape(len(array), source.channels, source.rows, source.columns)
        bits = rows.transpose(0, 2, 3, 1).reshape(-1, source.row_bits).astype(np.uint8)
        bits = np.pad(bits, ((0, 0), (0, source.row_words * self.word_bits - source.row_bits)))
        data = np.packbits(bits, axis=1, bitorder="little").tobytes()
        size = self.word_bits // 8
        return [int.from_bytes(data[i : i + size], "little") for i in range(0, len(data), size)]
