"""The weight rows of a layer's spikes add up to its sums."""

from typing import Any

import naive
import numpy as np
import pytest
from plans import a_stage, everything, geometries, network, neuron, weights
from somagate.export.synapse import Convolution, Identity
from somagate.export.tables import Input, Layer, Readout, Tables
from somagate.hw.plan.descriptor import as_map, ascending
from somagate.hw.plan.stage_plan import StagePlan
from somagate.hw.plan.weight_rows import channel_windows, full_weights, is_full, weight_code


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
            mask, (low, high) = tables.mask(group.source), tables.range_of(group.source)
            elements = rng.integers(low, high + 1, as_map(shape)) * mask[:, None, None]
            laid_out = elements[mask].reshape(-1, s.map.rows, s.map.columns)
            spare = s.map.channels - len(laid_out)
            maps[s.name, s.recurrent] = np.pad(laid_out, ((0, spare), (0, 0), (0, 0)))
            sparse.append(dict(np.ndenumerate(elements.reshape(shape))))
            shapes.append(shape)
        target = tables.neuron_shapes[layer.name]
        for channel, original in enumerate(np.flatnonzero(layer.kept)):
            for row, column in np.ndindex(as_map(target)[1:]):
                place = (int(original), row, column)[: len(target)]
                wanted = sum(
                    naive.total(group, place, source, shape, target[0])
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
    plan = a_stage(geometries(), lanes=lanes, update_lanes=update_lanes, banks=banks, word_bits=16)
    must_add_up(plan)


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


def test_a_one_bit_weight_is_stored_as_its_sign() -> None:
    rows = np.array([[1, -1], [-1, 1]], np.int32)
    assert weight_code(rows, 1).tolist() == [[0, 1], [1, 0]]
    assert weight_code(rows, 2).tolist() == rows.tolist()
