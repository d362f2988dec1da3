"""A layer's numbers follow from its shapes."""

import pytest
from places import chunk_lanes, visits
from plans import Shapes, a_stage, everything, geometries, late, network
from somagate.export.neuron import Activation
from somagate.export.tables import SPIKE
from somagate.hw.plan.descriptor import Map, as_map
from somagate.hw.plan.stage_plan import StagePlan


def a_plan(lanes: int = 4, update_lanes: int = 2) -> StagePlan:
    return a_stage(geometries(), lanes=lanes, update_lanes=update_lanes, word_bits=16)


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


def test_a_delay_adds_to_the_step_that_a_layer_sees_itself_late() -> None:
    plan = a_stage(late(), lanes=4, update_lanes=2)
    assert [[(s.delay, s.lag) for s in d.sources] for d in plan.descriptors] == [
        [(0, 0), (2, 2), (3, 4)], [(1, 1), (0, 1), (9, 9)]
    ]  # fmt: skip


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
