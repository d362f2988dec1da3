import numpy as np
import pytest
from refusal import refused
from somagate.data.boxes import (
    Found,
    Grid,
    average_precision,
    decode,
    mean_average_precision,
    overlap,
    suppress,
)

GRID = Grid(rows=3, columns=4, classes=2, boxes=2)
SIZE = (60, 100)


def boxes(*rows):
    """Return boxes of rows (label, score, left, top, width, height)."""
    table = np.array(rows, float).reshape(-1, 6)
    return Found(label=table[:, 0].astype(np.int64), score=table[:, 1], place=table[:, 2:])


def test_a_grid_counts_its_outputs():
    assert (GRID.values, GRID.outputs) == (12, 144)
    assert Grid(rows=6, columns=8, classes=2).outputs == 576
    with refused(ValueError, "Grid rows must be 1…65535, not 0"):
        Grid(rows=0, columns=1, classes=1)


def test_a_box_lies_where_its_cell_says():
    cells = np.zeros((2, 3, 4, 12))
    cells[..., 2 + 4] = cells[..., 2 + 9] = -99
    cells[1, 2, 1, :2] = [0, 3]
    # Its center is that of cell (2, 1); it takes a quarter of the width, 4 % of the height.
    cells[1, 2, 1, 7:] = [0.5, 0.5, 0.5, 0.2, 2.0]
    none, one = decode(cells.reshape(2, -1), GRID, SIZE)
    assert len(none) == 0
    assert one.label.tolist() == [1]
    assert one.score[0] == pytest.approx(1 / (1 + np.exp(-2)) * np.exp(3) / (np.exp(3) + 1))
    center = (1.5 / 4 * 100, 2.5 / 3 * 60)
    assert one.place[0] == pytest.approx([center[0] - 12.5, center[1] - 1.2, 25, 2.4])


def test_unsure_boxes_are_left_out():
    cells = np.zeros((1, 3, 4, 12))  # every score is 1/2 · 1/2
    assert len(decode(cells.reshape(1, -1), GRID, SIZE, least=0.25)[0]) == 24
    assert len(decode(cells.reshape(1, -1), GRID, SIZE, least=0.26)[0]) == 0


def test_outputs_of_another_grid_are_refused():
    with refused(
        ValueError,
        "outputs must have shape (samples, 144) for Grid(rows=3, columns=4, classes=2, boxes=2), "
        "not (1, 100)",
    ):
        decode(np.zeros((1, 100)), GRID, SIZE)


def test_overlap_is_the_common_share_of_the_area():
    one = np.array([[0.0, 0, 4, 2], [10, 10, 0, 0]])
    other = np.array([[0.0, 0, 4, 2], [2, 1, 4, 2], [4, 0, 1, 1], [1, 0.5, 2, 1]])
    expected = [[1, 2 / 14, 0, 2 / 8], [0, 0, 0, 0]]
    assert overlap(one, other) == pytest.approx(np.array(expected))


def test_a_box_goes_where_a_surer_one_of_its_class_overlaps_it():
    found = boxes(
        (0, 0.5, 0, 0, 10, 10), (0, 0.9, 1, 0, 10, 10), (1, 0.4, 1, 0, 10, 10),
        (0, 0.3, 30, 0, 10, 10), (0, 0.2, 6, 0, 10, 10),
    )  # fmt: skip
    kept = suppress(found, 0.6)
    assert kept.score.tolist() == [0.9, 0.4, 0.3, 0.2]
    assert suppress(boxes()).score.tolist() == []


def test_of_equally_sure_boxes_the_first_stays():
    found = boxes((0, 0.5, 0, 0, 10, 10), (0, 0.5, 1, 0, 10, 10))
    assert suppress(found).place[:, 0].tolist() == [0]


def test_average_precision_by_hand():
    truth = [boxes((0, 1, 0, 0, 10, 10), (0, 1, 50, 0, 10, 10)), boxes((0, 1, 0, 0, 10, 10))]
    found = [
        boxes((0, 0.9, 0, 0, 10, 10), (0, 0.8, 20, 20, 10, 10), (0, 0.4, 0, 1, 10, 10)),
        boxes((0, 0.7, 0, 0, 10, 9), (1, 0.95, 0, 0, 10, 10)),
    ]
    # Surest first: right, wrong, right, and wrong as its box is taken; 2 of 3 are found.
    assert average_precision(found, truth, 0) == pytest.approx(1 / 3 * 1 + 1 / 3 * 2 / 3)
    assert np.isnan(average_precision(found, truth, 1))
    assert mean_average_precision(found, truth, 2) == pytest.approx(5 / 9)


def test_a_perfect_detector_has_1_and_an_idle_one_0():
    truth = [boxes((0, 1, 0, 0, 10, 10), (1, 1, 3, 3, 5, 5)), boxes()]
    assert mean_average_precision(truth, truth, 2) == 1
    assert mean_average_precision([boxes(), boxes()], truth, 2) == 0


def test_what_can_not_be_compared_is_refused():
    with refused(ValueError, "found must have 1 samples as truth has, not 2"):
        mean_average_precision([boxes(), boxes()], [boxes()], 1)
    with refused(ValueError, "truth must hold a box, but holds none"):
        mean_average_precision([boxes()], [boxes()], 1)
