"""A layer's numbers follow from its shapes, and its weight rows give the layer's sums."""

from typing import Any

import naive
import numpy as np
import pytest
from plans import Shapes, a_stage, chunk_lanes, everything, network, neuron, visits, weights
from somagate.export.neuron import Activation
from somagate.export.synapse import Convolution, Identity
from somagate.export.tables import SPIKE, Input, Layer, Readout, Tables
from somagate.hw.descriptor import Map, as_map, ascending, channel_windows, full_weights, is_full
from somagate.hw.stage_plan import StagePlan

LAYERS = [
    Shapes(channels=5, kernel=(3, 2), padding=(1, 0), pool=(2, 2), mask=[1, 1, 0, 1, 1]),
    Shapes(channels=9, kernel=(2, 3), stride=(1, 2), padding=(0, 2), source="l0", bits=1),
    Shapes(channels=4, kernel=(1, 1), source="input", mask=[0, 1, 0, 1], bits=8),
    Shapes(channels=3, kernel=(5, 6), padding=(0, 1), source="l2", pool=(1, 2), bits=2),
    11,
    6,
]
SHAPE = (2, 6, 7)


def a_plan(lanes: int = 4, update_lanes: int = 2, banks: int = 1) -> StagePlan:
    return a_stage(
        network(SHAPE, LAYERS), lanes=lanes, update_lanes=update_lanes, banks=banks, word_bits=16
    )


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
@pytest.mark.parametrize("planes", [1, 3, 8])
def test_rows_of_a_map_are_whole_words_in_every_plane(
    planes: int, columns: int, channels: int, word_bits: int, row_words: int
) -> None:
    m = Map(
        channels=channels,
        rows=3,
        columns=columns,
        word_bits=word_bits,
        activation=Activation(kind="count", bits=planes),
    )
    assert (m.row_bits, m.row_words) == (columns * channels, row_words)
    assert (m.planes, m.plane_words, m.words) == (planes, 3 * row_words, 3 * row_words * planes)


def test_a_convolutions_numbers() -> None:
    d = a_plan(lanes=4, update_lanes=2).descriptors[1]
    # l0 has 6 × 6 neurons, pooled to 3 × 3, of 4 kept channels; l1 has 2 × 3 positions.
    assert (d.name, d.number, d.channels, d.rows, d.columns) == ("l1", 1, 9, 2, 3)
    assert (d.window, d.counts, d.planes) == ((1, 1), False, 1)
    assert (d.groups, d.positions, d.chunks, d.updates) == (3, 6, 5, 30)
    (s,) = d.sources
    # Kernel columns follow each other in a row, so they are one segment.
    assert (s.name, s.recurrent, s.kernel, s.stride, s.padding) == (
        "l0", False, (2, 1), (1, 2), (0, 2)
    )  # fmt: skip
    assert (s.map.channels, s.map.rows, s.map.columns, s.map.activation) == (4, 3, 3, SPIKE)
    assert (s.span, s.group_bits, s.group_rows, s.weight_bits) == (12, 0, 24, 1)


def test_a_dense_layer_is_a_convolution_over_the_whole_map() -> None:
    plan = a_plan()
    # l3 has 2 × 4 neurons, pooled to 2 × 2.
    (dense,), (readout,) = plan.descriptors[4].sources, plan.descriptors[5].sources
    assert (dense.kernel, dense.stride, dense.padding) == ((2, 1), (1, 1), (0, 0))
    assert (dense.span, dense.group_bits, dense.group_rows) == (6, 0, 12)
    assert (plan.descriptors[4].rows, plan.descriptors[4].columns) == (1, 1)
    assert (readout.kernel, readout.span) == ((1, 1), 11)


def test_counts_values_and_recurrent_sources() -> None:
    plan = a_stage(everything(), lanes=4, update_lanes=2)
    grouped, joined, ring, out = plan.descriptors
    assert [d.planes for d in plan.descriptors] == [3, 3, 1, 3]
    # A 2 × 2 sum is 0…4, so 3 bits.
    assert (grouped.counts, grouped.window, joined.counts) == (True, (2, 2), False)
    assert joined.sources[0].map.activation == Activation(kind="count", bits=3)
    assert out.sources[1].map.activation == Activation(kind="value", bits=3, signed=True)
    assert [[s.recurrent for s in d.sources] for d in plan.descriptors] == [
        [False], [False, False, True], [False, True], [False, False]
    ]  # fmt: skip
    assert [s.name for s in joined.sources] == ["grouped", "input", "joined"]
    assert [s.name for s in ring.sources] == ["joined", "ring"]


def test_a_lane_group_reads_only_the_channels_that_it_needs() -> None:
    plan = a_stage(everything(), lanes=4, update_lanes=2)
    grouped, joined = plan.descriptors[:2]
    # Channels 0…2 of 6 see input channels 0 and 1, channels 3…5 see 2 and 3: of four lanes, the
    # first group needs all, and the second the last two. Columns are segments of their own.
    s = grouped.sources[0]
    assert (s.kernel, s.span, s.group_bits, s.group_rows) == ((3, 3), 4, 2, 36)
    # Kept are 0, 1, 3, 4 and 5: the first group's last channel is 4, the second's only one is 5.
    s = joined.sources[0]
    assert (s.kernel, s.span, s.group_bits, s.group_rows) == ((1, 1), 5, 5, 5)


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
    d = a_stage(tables, lanes=lanes, update_lanes=update_lanes).descriptors[0]
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


# Weight rows.


def front_end(plan: StagePlan, index: int, channel: int, row: int, column: int, maps: Any) -> int:
    """Return a neuron's sum as the array adds it: bits of segments choose weight rows.

    `maps` holds each source's elements, int (map channels, rows, columns).
    """
    d = plan.descriptors[index]
    total = 0
    group, lane = divmod(channel, plan.lanes)
    for s in d.sources:
        flat = maps[s.name, s.recurrent].transpose(1, 2, 0).reshape(s.map.rows, s.map.row_bits)
        for y, x in np.ndindex(s.kernel):
            map_row = row * s.stride[0] - s.padding[0] + y
            first = (column * s.stride[1] - s.padding[1] + x) * s.map.channels
            first += group * s.group_bits
            base = s.weight_base + group * s.group_rows + (y * s.kernel[1] + x) * s.span
            for i in range(s.span):
                if 0 <= map_row < s.map.rows and 0 <= first + i < s.map.row_bits:
                    weight = plan.weights[s.weight_bits][base + i, lane]
                    total += int(weight) * int(flat[map_row, first + i])
    return total


def must_add_up(plan: StagePlan, seed: int = 0) -> None:
    """Compare the sums of all neurons with those of the plain simulator."""
    tables, rng = plan.tables, np.random.default_rng(seed)
    for index, d in enumerate(plan.descriptors):
        layer = tables.layers[d.number]
        maps, sparse, shapes = {}, [], []
        for group, s in zip(layer.synapses, d.sources, strict=True):
            shape = tables.map_shapes[group.source]
            mask, (low, high) = tables.mask(group.source), tables.largest(group.source)
            elements = rng.integers(low, high + 1, as_map(shape)) * mask[:, None, None]
            spare = s.map.channels - int(mask.sum())
            maps[s.name, s.recurrent] = np.pad(elements[mask], ((0, spare), (0, 0), (0, 0)))
            sparse.append(dict(np.ndenumerate(elements.reshape(shape))))
            shapes.append(shape)
        target = tables.neuron_shapes[layer.name]
        for channel, original in enumerate(np.flatnonzero(layer.kept)):
            for row, column in np.ndindex(as_map(target)[1:]):
                place = (int(original), row, column)[: len(target)]
                wanted = sum(
                    naive.total(group, place, source, shape, target)
                    for group, source, shape in zip(layer.synapses, sparse, shapes, strict=True)
                )
                got = front_end(plan, index, channel, row, column, maps)
                assert got == wanted, (layer.name, place, got, wanted)


@pytest.mark.parametrize("banks", [1, 2, 4])
@pytest.mark.parametrize(("lanes", "update_lanes"), [(1, 1), (4, 2), (16, 4), (3, 1)])
def test_adding_the_weight_rows_of_the_spikes_gives_the_layers_sums(
    lanes: int, update_lanes: int, banks: int
) -> None:
    """A NumPy model of the whole front end: rows of bits, segments, weight rows, accumulators."""
    must_add_up(a_plan(lanes, update_lanes, banks))


@pytest.mark.parametrize("banks", [1, 2, 4])
@pytest.mark.parametrize(("lanes", "update_lanes"), [(1, 1), (4, 2), (8, 4), (3, 1)])
def test_adding_the_rows_of_every_kind_of_source_gives_the_layers_sums(
    lanes: int, update_lanes: int, banks: int
) -> None:
    plan = a_stage(everything(), lanes=lanes, update_lanes=update_lanes, banks=banks)
    must_add_up(plan)
    for d in plan.descriptors:
        for s in d.sources:
            # Bank r mod banks of a row is the bank of its bit, so every number is a multiple.
            for number in (s.span, s.group_bits, s.map.channels, s.weight_base):
                assert number % banks == 0


def one_group(group: Any, shape: tuple[int, ...], mask: Any = None) -> Tables:
    """Return tables with a layer of one group behind the input, or behind a layer with a mask."""
    layers = []
    channels = group.target(shape)[0]
    if mask is not None:
        source = Identity(source="input", weights=np.ones(shape[0], int), bits=2)
        layers.append(
            Layer(
                name=group.source,
                synapses=(source,),
                neuron=neuron(shape[0]),
                channel_mask=np.array(mask, bool),
            )
        )
    layers.append(Layer(name="l", synapses=(group,), neuron=neuron(channels)))
    readout = network(shape, [], classes=2).layers[0]
    return Tables(
        name="one",
        steps=2,
        input=Input(shape=shape),
        layers=(*layers, readout),
        readout=Readout(layer="out"),
    )


def depthwise(channels: int, groups: int, out: int, source: str = "input") -> Convolution:
    rng = np.random.default_rng(channels)
    return Convolution(
        source=source,
        weights=weights(rng, 4, out, channels // groups, 3, 3),
        bits=4,
        padding=1,
        groups=groups,
    )


@pytest.mark.parametrize(
    ("group", "lanes", "pad", "wanted"),
    [
        (depthwise(8, 1, 8), 4, 1, (0, 8)),  # every channel sees all
        (depthwise(7, 1, 8), 4, 4, (0, 8)),
        (depthwise(8, 8, 8), 4, 1, (4, 4)),
        (depthwise(8, 8, 8), 4, 4, (4, 4)),
        (depthwise(8, 8, 8), 2, 4, (0, 8)),  # 2 a lane group is no multiple of 4
        (depthwise(8, 8, 8), 8, 1, (0, 8)),  # one lane group needs all
        (depthwise(8, 8, 8), 3, 1, (3, 3)),  # the last group has two only
        (depthwise(8, 2, 8), 4, 1, (4, 4)),
        (depthwise(8, 2, 8), 8, 1, (0, 8)),
        (depthwise(8, 2, 4), 1, 1, (0, 8)),  # the second group starts where the first one does
        (depthwise(4, 4, 8), 2, 1, (1, 1)),
        (depthwise(4, 4, 8), 4, 2, (2, 2)),
        (Identity(source="input", weights=np.ones(8, int), bits=2), 4, 2, (4, 4)),
        (Identity(source="input", weights=np.ones(5, int), bits=2), 2, 1, (2, 2)),
    ],
)  # fmt: skip
def test_windows_of_channels_move_with_the_lane_group(
    group: Any, lanes: int, pad: int, wanted: tuple[int, int]
) -> None:
    channels = (
        group.weights.shape[1] * group.groups if group.weights.ndim > 1 else len(group.weights)
    )
    tables = one_group(group, (channels, 3, 3))
    step, span = channel_windows(tables, 0, group, ascending(tables), lanes=lanes, pad=pad)
    assert step % pad == 0 and span % pad == 0
    assert (step, span) == wanted
    covers(tables, 0, group, lanes, step, span)


def covers(tables: Tables, layer: int, group: Any, lanes: int, step: int, span: int) -> None:
    """Demand that every weight other than 0 lies in its lane group's window."""
    array = full_weights(tables, layer, group, ascending(tables), 1)
    for channel, source in np.argwhere(array.any((2, 3))):
        first = channel // lanes * step
        assert first <= source < first + span


@pytest.mark.parametrize("lanes", [1, 2, 3, 4])
@pytest.mark.parametrize("pad", [1, 2, 4])
@pytest.mark.parametrize(
    "mask", [[1] * 6, [0, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 1], [1, 0, 0, 1, 0, 0]]
)
def test_windows_cover_what_is_left_of_a_pruned_source(
    mask: list[int], pad: int, lanes: int
) -> None:
    """A lane group may be left without any channel to see."""
    group = depthwise(6, 3, 6, source="before")
    tables = one_group(group, (6, 3, 3), mask)
    step, span = channel_windows(tables, 1, group, ascending(tables), lanes=lanes, pad=pad)
    assert step % pad == 0 and span % pad == 0 and span
    covers(tables, 1, group, lanes, step, span)
    must_add_up(a_stage(tables, lanes=lanes, update_lanes=1, banks=pad))


def test_what_sees_all_channels_is_full() -> None:
    dense = network((4,), []).layers[0].synapses[0]
    identity = Identity(source="input", weights=np.ones(8, int), bits=2)
    assert [is_full(g) for g in (dense, depthwise(4, 1, 4), depthwise(4, 2, 4), identity)] == [
        True, True, False, False
    ]  # fmt: skip
