"""A layer's numbers follow from its shapes, and its weight rows give the layer's sums."""

from typing import Any

import numpy as np
import pytest
from plans import Shapes, chunk_lanes, network, visits
from somagate.hw.descriptor import Map, as_map
from somagate.hw.plan import Plan

LAYERS = [
    Shapes(channels=5, kernel=(3, 2), padding=(1, 0), pool=(2, 2), mask=[1, 1, 0, 1, 1]),
    Shapes(channels=9, kernel=(2, 3), stride=(1, 2), padding=(0, 2), source="l0", bits=1),
    Shapes(channels=4, kernel=(1, 1), source="input", mask=[0, 1, 0, 1], bits=8),
    Shapes(channels=3, kernel=(5, 6), padding=(0, 1), source="l2", pool=(1, 2), bits=2),
    11,
    6,
]
SHAPE = (2, 6, 7)


def a_plan(lanes: int = 4, update_lanes: int = 2) -> Plan:
    return Plan(tables=network(SHAPE, LAYERS), lanes=lanes, update_lanes=update_lanes)


@pytest.mark.parametrize(
    ("shape", "wanted"), [((3, 4, 5), (3, 4, 5)), ((7,), (7, 1, 1)), ((1,), (1, 1, 1))]
)
def test_a_list_of_elements_is_a_map_of_one_place(
    shape: tuple[int, ...], wanted: tuple[int, int, int]
) -> None:
    assert as_map(shape) == wanted


@pytest.mark.parametrize(
    ("columns", "channels", "word_bits", "row_words"),
    [(4, 8, 32, 1), (4, 8, 16, 2), (11, 3, 32, 2), (1, 1, 8, 1), (31, 1, 32, 1), (17, 1, 16, 2)],
)
def test_rows_of_a_map_are_whole_words(
    columns: int, channels: int, word_bits: int, row_words: int
) -> None:
    m = Map(base=5, channels=channels, rows=3, columns=columns, word_bits=word_bits)
    assert (m.row_bits, m.row_words, m.words) == (columns * channels, row_words, 3 * row_words)


def test_a_convolutions_numbers() -> None:
    d = a_plan(lanes=4, update_lanes=2).descriptors[1]
    # l0 has 6 × 6 neurons, pooled to 3 × 3, of 4 kept channels; l1 has 2 × 3 positions.
    assert (d.name, d.source, d.channels, d.rows, d.columns) == ("l1", "l0", 9, 2, 3)
    assert (d.window, d.kernel, d.stride, d.padding) == ((1, 1), (2, 3), (1, 2), (0, 2))
    assert (d.map.channels, d.map.rows, d.map.columns) == (4, 3, 3)
    assert (d.groups, d.segment_bits, d.group_rows, d.weight_rows) == (3, 12, 24, 72)
    assert (d.positions, d.chunks, d.updates) == (6, 5, 30)


def test_a_dense_layer_is_a_convolution_over_the_whole_map() -> None:
    plan = a_plan()
    # l3 has 2 × 4 neurons, pooled to 2 × 2.
    dense, readout = plan.descriptors[4], plan.descriptors[5]
    assert (dense.kernel, dense.stride, dense.padding) == ((2, 2), (1, 1), (0, 0))
    assert (dense.rows, dense.columns, dense.segment_bits, dense.channels) == (1, 1, 6, 11)
    assert (readout.kernel, readout.segment_bits, readout.channels) == ((1, 1), 11, 6)


def test_a_pool_multiplies_positions() -> None:
    d = a_plan().descriptors[0]
    assert (d.rows, d.columns, d.window, d.positions) == (3, 3, (2, 2), 36)


@pytest.mark.parametrize(
    ("channels", "lanes", "update_lanes", "wanted"),
    [
        (5, 4, 2, [[0, 1], [2, 3], [4, -1]]),
        (3, 8, 2, [[0, 1], [2, -1]]),
        (3, 4, 4, [[0, 1, 2, -1]]),
        (4, 4, 4, [[0, 1, 2, 3]]),
        (3, 2, 1, [[0], [1], [2]]),
        (1, 12, 4, [[0, -1, -1, -1]]),
    ],
)
def test_lanes_take_channels_in_order(
    channels: int, lanes: int, update_lanes: int, wanted: list[list[int]]
) -> None:
    tables = network((1, 2, 2), [Shapes(channels=channels, kernel=(1, 1))])
    d = Plan(tables=tables, lanes=lanes, update_lanes=update_lanes).descriptors[0]
    assert d.lane_channels().tolist() == wanted
    assert d.chunks == len(wanted)


@pytest.mark.parametrize(("lanes", "update_lanes"), [(1, 1), (4, 2), (6, 2), (16, 4), (8, 8)])
def test_visits_are_windows_then_groups_then_positions_then_chunks(
    lanes: int, update_lanes: int
) -> None:
    plan = a_plan(lanes, update_lanes)
    for index, d in enumerate(plan.descriptors):
        wanted = [
            [[channel, visit.row, visit.column] for channel in chunk]
            for visit in visits(plan, index)
            for chunk in chunk_lanes(plan, index, visit.group)
        ]
        assert d.visits().tolist() == wanted
        assert d.updates == len(wanted)
        assert d.chunks * d.positions == len(wanted)


def sums(weights: Any, spikes: Any, stride: tuple[int, int], padding: tuple[int, int]) -> Any:
    """Return a convolution of (channels, rows, columns) the plain way."""
    spikes = np.pad(spikes, ((0, 0), *((p, p) for p in padding)))
    windows = np.lib.stride_tricks.sliding_window_view(spikes, weights.shape[2:], axis=(1, 2))
    windows = windows[:, :: stride[0], :: stride[1]]
    return np.einsum("crxkl,nckl->nrx", windows, weights)


@pytest.mark.parametrize(("lanes", "update_lanes"), [(1, 1), (4, 2), (16, 4), (3, 1)])
def test_adding_the_weight_rows_of_the_spikes_gives_the_layers_sums(
    lanes: int, update_lanes: int
) -> None:
    """A NumPy model of the whole front end: rows of bits, segments, weight rows, accumulators."""
    plan = a_plan(lanes, update_lanes)
    rng = np.random.default_rng(lanes)
    for layer, d in zip(plan.tables.layers, plan.descriptors, strict=True):
        group = layer.synapses[0]
        kept = plan.tables.mask(group.source)
        full = as_map(plan.tables.map_shapes[group.source])
        spikes = (rng.random(full) < 0.4) & kept[:, None, None]
        weights = group.weights.reshape(len(group.weights), full[0], *d.kernel)[layer.kept]
        wanted = sums(weights, spikes.astype(int), d.stride, d.padding)

        bits = spikes[kept].transpose(1, 2, 0).reshape(d.map.rows, d.map.row_bits)
        places = (d.channels, d.rows * d.window[0], d.columns * d.window[1])
        for channel, row, column in np.ndindex(places):
            total = 0
            first = (column * d.stride[1] - d.padding[1]) * d.map.channels
            for y in range(d.kernel[0]):
                map_row = row * d.stride[0] - d.padding[0] + y
                base = d.weight_base + channel // lanes * d.group_rows + y * d.segment_bits
                for i in range(d.segment_bits):
                    inside = 0 <= map_row < d.map.rows and 0 <= first + i < d.map.row_bits
                    if inside and bits[map_row, first + i]:
                        total += plan.weights[base + i, channel % lanes]
            assert total == wanted[channel, row, column], (layer.name, channel, row, column)
