"""One layer as the accelerator sees it: geometry in map bits, words and weight rows.

A dense layer is a convolution whose kernel covers the whole map, an identity is a 1×1 convolution,
and pruned channels are gone: what is left is one kind of layer. Words used here and in all of `hw`:

position
    One output neuron of every channel; its receptive field is gathered in one go.
segment
    A part of a receptive field: one contiguous run of bits in one row of a source map.
lane group
    The output channels that the lanes compute at the same time.
chunk
    The neurons that the update serves in one cycle: `update_lanes` channels of a lane group. Their
    sums, parameters, potentials and spikes are a word of a memory or a payload of a stream each.
bank
    One of the weight memories that are read at the same time; weight row r lies in bank
    r mod banks, so a map's channels are padded to a multiple of the banks.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...export.neuron import Activation
from ...export.synapse import Shape
from ...export.tables import Tables
from .widths import parts


def as_map(shape: Shape) -> tuple[int, int, int]:
    """Return a map's shape as (channels, rows, columns); (n,) is n channels at one place."""
    return (shape[0], shape[1], shape[2]) if len(shape) == 3 else (shape[0], 1, 1)


@dataclass(frozen=True, kw_only=True)
class Map:
    """How one map is stored: bit planes, each rows of bits, bit `column · channels + channel`.

    Attributes
    ----------
    channels, rows, columns
        Size; kept channels only, padded to a multiple of the banks.
    word_bits
        Width of a word of the map memory.
    activation
        What an element can be; it has one plane a bit, lowest first.
    """

    channels: int
    rows: int
    columns: int
    word_bits: int
    activation: Activation

    @property
    def planes(self) -> int:
        """Bit planes."""
        return self.activation.bits

    @property
    def row_bits(self) -> int:
        """Bits of a row before it is padded to whole words."""
        return self.columns * self.channels

    @property
    def row_words(self) -> int:
        """Words of a row."""
        return parts(self.row_bits, self.word_bits)

    @property
    def plane_words(self) -> int:
        """Words of a plane."""
        return self.rows * self.row_words

    @property
    def words(self) -> int:
        """Words of the map."""
        return self.planes * self.plane_words


@dataclass(frozen=True, kw_only=True)
class Source:
    """One synapse group's work on the array.

    Attributes
    ----------
    name
        'input' or a layer.
    map
        The source's map.
    recurrent
        Reads what its own layer wrote in the step before, and nothing in the first.
    kernel
        (rows, columns) of segments in a receptive field; whole kernel rows where a lane group needs
        all channels, so that their columns follow each other.
    stride, padding
        (rows, columns), of the source map.
    span
        Bits of an unclipped segment, which is also its number of weight rows.
    group_bits
        Bits by which a segment starts later with each lane group, where it needs a part of the
        channels only.
    weight_bits
        Width of a weight, so which weight memory.
    weight_base
        Its first row there.
    delay
        Steps by which it reads later still.
    """

    name: str
    map: Map
    recurrent: bool
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    span: int
    group_bits: int
    weight_bits: int
    weight_base: int
    delay: int = 0

    @property
    def lag(self) -> int:
        """Steps before the one at work from which the map is; in as many first ones it is empty."""
        return self.recurrent + self.delay

    @property
    def group_rows(self) -> int:
        """Weight rows of one lane group."""
        return self.kernel[0] * self.kernel[1] * self.span


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """One layer's work on the array.

    Attributes
    ----------
    name
        Of the layer.
    number
        Of the layer in the tables.
    sources
        One a synapse group.
    channels
        Kept output channels.
    rows, columns
        Of pooled positions, so of the output map; of a tile, its own rows.
    window
        (rows, columns) of positions that one pooled position covers; (1, 1) without a pool.
    counts
        Pooled spikes are counted, not joined.
    parameter_base, state_base
        First address in the parameter and potential memories.
    lanes, update_lanes
        Of the stage.
    combines
        What is taken of the sums of a window before the update: 'max' or 'sum'; '' where the window
        is one of spikes.
    first_row, row_step
        Of the output map's rows, the first one and how far apart they are; 0 and 1 but of a tile.
    """

    name: str
    number: int
    sources: tuple[Source, ...]
    channels: int
    rows: int
    columns: int
    window: tuple[int, int]
    counts: bool
    parameter_base: int
    state_base: int
    lanes: int
    update_lanes: int
    combines: str = ""
    first_row: int = 0
    row_step: int = 1

    @property
    def groups(self) -> int:
        """Lane groups."""
        return parts(self.channels, self.lanes)

    @property
    def positions(self) -> int:
        """Positions of the layer, each visited once a lane group in every time step."""
        return self.rows * self.columns * self.window[0] * self.window[1]

    @property
    def summed(self) -> int:
        """Positions whose sums are added up before the update."""
        return self.window[0] * self.window[1] if self.combines == "sum" else 1

    @property
    def planes(self) -> int:
        """Bit planes of the widest source."""
        return max(source.map.planes for source in self.sources)

    @property
    def chunks(self) -> int:
        """Chunks that hold channels, over all lane groups of one position."""
        full, rest = divmod(self.channels, self.lanes)
        return full * (self.lanes // self.update_lanes) + parts(rest, self.update_lanes)

    @property
    def updates(self) -> int:
        """Chunks of the layer in one time step, so words of its potentials."""
        return self.chunks * (self.rows * self.columns if self.combines else self.positions)

    @property
    def sum_chunks(self) -> int:
        """Chunks of sums in one time step: the array sends those of unused lanes too."""
        return self.positions * self.groups * (self.lanes // self.update_lanes)

    def pruned_groups(self, kept: NDArray[np.bool_]) -> list[bool]:
        """Return whether each lane group has no channel left of those that tables keep.

        `kept` is bool (channels,), in the order in which the channels are laid out.
        """
        groups = (kept[i : i + self.lanes] for i in range(0, len(kept), self.lanes))
        return [not group.any() for group in groups]

    def lane_channels(self) -> NDArray[np.int64]:
        """Return the kept channel of each lane of each chunk, (chunks, update_lanes), or -1."""
        order = []
        for start in range(0, self.channels, self.lanes):
            channels = np.arange(start, min(start + self.lanes, self.channels))
            channels = np.pad(channels, (0, -len(channels) % self.update_lanes), constant_values=-1)
            order.append(channels.reshape(-1, self.update_lanes))
        return np.concatenate(order)

    def visits(self) -> NDArray[np.int64]:
        """Return where each update of a time step lies, in order, (updates, update_lanes, 3).

        The last axis is (kept channel or -1, row, column) of the neuron: windows row by row, in a
        window the lane groups, in a lane group the positions of the window, in a position the
        chunks.
        """
        order = []
        chunks = self.lane_channels()
        step = self.lanes // self.update_lanes
        high, wide = (1, 1) if self.combines else self.window
        for row in range(self.rows):
            for column in range(self.columns):
                for first in range(0, len(chunks), step):
                    group = chunks[first : first + step]
                    for y in range(high):
                        for x in range(wide):
                            place = np.empty((*group.shape, 3), np.int64)
                            place[..., 0] = group
                            place[..., 1] = (self.first_row + row * self.row_step) * high + y
                            place[..., 2] = column * wide + x
                            order.append(place)
        return np.concatenate(order)


def grain(descriptors: Sequence[Descriptor], word_bits: int) -> int:
    """Return the bits that every segment's ends are a multiple of, in a map row and so in a word.

    The walker counts in it, and the fetcher masks by it; the channels are often a power of two.
    """
    ends = [word_bits]
    for source in (source for descriptor in descriptors for source in descriptor.sources):
        channels = source.map.channels
        ends += [source.span, source.group_bits, source.map.row_bits]
        ends += [source.stride[1] * channels, source.padding[1] * channels]
        ends += [channels] if source.kernel[1] > 1 else []
    return math.gcd(*ends)


def row_grain(descriptors: Sequence[Descriptor], word_bits: int) -> int:
    """Return the weight rows that the first row of every word of spikes is a multiple of."""
    sources = [source for descriptor in descriptors for source in descriptor.sources]
    rows = (n for source in sources for n in (source.span, source.weight_base))
    return math.gcd(grain(descriptors, word_bits), *rows)


Orders = Mapping[str, NDArray[np.int64]]
"""The kept channels of 'input' and of every layer, in the order in which they are laid out."""


def ascending(tables: Tables) -> dict[str, NDArray[np.int64]]:
    """Return the orders in which every map keeps the tables' own."""
    names = ["input", *(layer.name for layer in tables.layers)]
    return {name: np.flatnonzero(tables.mask(name)) for name in names}
