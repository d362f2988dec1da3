"""One layer as the accelerator sees it: geometry in map bits, words and weight rows.

A dense layer is a convolution whose kernel covers the whole map, and pruned channels are gone: what
is left is one kind of layer. Words used here and in all of `hw`:

position
    One output neuron of every channel; its receptive field is gathered in one go.
segment
    The part of a receptive field in one row of the source map: one contiguous run of bits.
lane group
    The output channels that the lanes compute at the same time.
chunk
    The neurons that the update serves in one cycle: `update_lanes` channels of a lane group.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..export.synapse import Convolution, Dense, Shape
from ..export.tables import Tables


def as_map(shape: Shape) -> tuple[int, int, int]:
    """Return a map's shape as (channels, rows, columns); (n,) is n channels at one place."""
    return (shape[0], shape[1], shape[2]) if len(shape) == 3 else (shape[0], 1, 1)


@dataclass(frozen=True, kw_only=True)
class Map:
    """Where and how one spike map is stored: rows of bits, bit `column · channels + channel`.

    Attributes
    ----------
    base
        Address of the first word.
    channels, rows, columns
        Size, kept channels only.
    word_bits
        Width of a word of the map memory.
    """

    base: int
    channels: int
    rows: int
    columns: int
    word_bits: int

    @property
    def row_bits(self) -> int:
        """Bits of a row before it is padded to whole words."""
        return self.columns * self.channels

    @property
    def row_words(self) -> int:
        """Words of a row."""
        return -(-self.row_bits // self.word_bits)

    @property
    def words(self) -> int:
        """Words of the map."""
        return self.rows * self.row_words


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """One layer's work on the array.

    Attributes
    ----------
    name
        Of the layer.
    source
        The source's name: 'input' or a layer.
    map
        The source's map; the first of two buffers where the source is 'input'.
    channels
        Kept output channels.
    rows, columns
        Of pooled positions, so of the output map.
    window
        (rows, columns) of positions that one pooled position covers; (1, 1) without a pool.
    kernel, stride, padding
        (rows, columns), of the source map.
    weight_base, parameter_base, state_base
        First address in the weight, parameter and potential memories.
    lanes, update_lanes
        As in the plan.
    """

    name: str
    source: str
    map: Map
    channels: int
    rows: int
    columns: int
    window: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    weight_base: int
    parameter_base: int
    state_base: int
    lanes: int
    update_lanes: int

    @property
    def groups(self) -> int:
        """Lane groups."""
        return -(-self.channels // self.lanes)

    @property
    def segment_bits(self) -> int:
        """Bits of an unclipped segment, which is also its number of weight rows."""
        return self.kernel[1] * self.map.channels

    @property
    def group_rows(self) -> int:
        """Weight rows of one lane group."""
        return self.kernel[0] * self.segment_bits

    @property
    def weight_rows(self) -> int:
        """Weight rows of the layer."""
        return self.groups * self.group_rows

    @property
    def positions(self) -> int:
        """Positions of the layer, each visited once a lane group in every time step."""
        return self.rows * self.columns * self.window[0] * self.window[1]

    @property
    def chunks(self) -> int:
        """Chunks that hold channels, over all lane groups of one position."""
        full, rest = divmod(self.channels, self.lanes)
        return full * (self.lanes // self.update_lanes) + -(-rest // self.update_lanes)

    @property
    def updates(self) -> int:
        """Chunks of the layer in one time step, so words of its potentials."""
        return self.positions * self.chunks

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
        for row in range(self.rows):
            for column in range(self.columns):
                for first in range(0, len(chunks), step):
                    group = chunks[first : first + step]
                    for y in range(self.window[0]):
                        for x in range(self.window[1]):
                            place = np.empty((*group.shape, 3), np.int64)
                            place[..., 0] = group
                            place[..., 1] = row * self.window[0] + y
                            place[..., 2] = column * self.window[1] + x
                            order.append(place)
        return np.concatenate(order)


def weight_rows(
    tables: Tables, layer: int, group: Dense | Convolution, lanes: int
) -> NDArray[np.int32]:
    """Lay out one synapse group's weights as rows, (rows, lanes), unused lanes 0.

    Row `((lane group · kernel rows + y) · kernel columns + x) · channels + channel`: bit i of a
    segment finds its weights at row i.
    """
    mask = tables.mask(group.source)
    channels, rows, columns = as_map(tables.map_shapes[group.source])
    weights = group.weights[tables.layers[layer].kept]
    if isinstance(group, Dense):
        weights = weights.reshape(-1, channels, rows, columns)
    weights = weights[:, mask]
    spare = -len(weights) % lanes
    weights = np.pad(weights, ((0, spare), (0, 0), (0, 0), (0, 0)))
    return (
        weights.reshape(-1, lanes, *weights.shape[1:]).transpose(0, 3, 4, 2, 1).reshape(-1, lanes)
    )
