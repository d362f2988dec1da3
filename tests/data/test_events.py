import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusal import refused
from somagate.data.events import Binning, Events, frames


def events(*listed, rows=4, columns=6):
    """Return events from (t, x, y, on) each."""
    t, x, y, on = np.array(listed, np.int64).reshape(-1, 4).T
    return Events(t=t, x=x, y=y, on=on == 1, rows=rows, columns=columns)


def naive(recording, binning):
    """Count one event after the other."""
    top, left, height, width = binning.crop or (0, 0, recording.rows, recording.columns)
    rows, columns = binning.size or (height, width)
    counts = np.zeros((binning.steps, 2, rows, columns), int)
    first, last = (min(recording.t), max(recording.t)) if len(recording) else (0, 0)
    order = sorted(range(len(recording)), key=lambda i: recording.t[i])
    for rank, i in enumerate(order):
        x, y = int(recording.x[i]) - left, int(recording.y[i]) - top
        if not (0 <= x < width and 0 <= y < height):
            continue
        if binning.bins == "time":
            step = (int(recording.t[i]) - first) * binning.steps // (last - first + 1)
        else:
            step = rank * binning.steps // len(recording)
        counts[step, int(recording.on[i]), y * rows // height, x * columns // width] += 1
    return np.minimum(counts, binning.maximum)


def test_bins_of_time_are_equally_long():
    found = frames(events((100, 0, 0, 0), (104, 1, 0, 1), (105, 2, 0, 1), (109, 3, 3, 0)),
                   Binning(steps=2))  # fmt: skip
    assert found.dtype == np.uint8
    assert found.shape == (2, 2, 4, 6)
    assert np.argwhere(found).tolist() == [[0, 0, 0, 0], [0, 1, 0, 1], [1, 0, 3, 3], [1, 1, 0, 2]]


def test_bins_of_count_hold_equally_many_events():
    found = frames(events(*((t, 0, 0, 0) for t in (0, 1, 2, 900, 950, 1000, 1001, 1002))),
                   Binning(steps=4, bins="count", maximum=255))  # fmt: skip
    assert found[:, 0, 0, 0].tolist() == [2, 2, 2, 2]


@pytest.mark.parametrize("maximum", [1, 3, 255])
def test_counts_are_clipped_to_the_maximum(maximum):
    recording = events(*[(t, 5, 3, 1) for t in range(300)])
    assert frames(recording, Binning(steps=1, maximum=maximum))[0, 1, 3, 5] == maximum


def test_a_recording_without_events_gives_zeros():
    assert not frames(events(), Binning(steps=3, bins="count")).any()
    assert not frames(events(), Binning(steps=3)).any()


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 6), st.integers(0, 4), st.integers(0, 1)),
             max_size=40),
    st.integers(1, 7), st.sampled_from(["time", "count"]), st.integers(1, 3),
    st.sampled_from([(None, None), (None, (2, 3)), ((1, 2, 3, 4), None), ((1, 2, 3, 4), (2, 3)),
                     ((0, 0, 5, 7), (1, 1))]),
)  # fmt: skip
def test_frames_are_what_counting_one_by_one_gives(listed, steps, bins, maximum, place):
    recording = events(*listed, rows=5, columns=7)
    form = Binning(steps=steps, bins=bins, maximum=maximum, crop=place[0], size=place[1])
    assert np.array_equal(frames(recording, form), naive(recording, form))


def test_between_keeps_the_start_and_not_the_end():
    found = events((1, 0, 0, 0), (2, 1, 1, 1), (3, 2, 2, 0), (4, 3, 3, 1)).between(2, 4)
    assert (found.t.tolist(), found.x.tolist(), len(found)) == ([2, 3], [1, 2], 2)
    assert (found.rows, found.columns) == (4, 6)


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        ((0, 6, 0, 0), "x of an event must be 0…5, not 6"),
        ((0, -1, 0, 0), "x of an event must be 0…5, not -1"),
        ((0, 0, 4, 0), "y of an event must be 0…3, not 4"),
    ],
)
def test_an_event_outside_the_sensor_is_refused(listed, message):
    with refused(ValueError, message):
        events(listed)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "Binning steps must be 1…65535, not 0"),
        ({"bins": "log"}, "Binning bins must be 'time' or 'count', not 'log'"),
        ({"maximum": 256}, "Binning maximum must be 1…255, not 256"),
    ],
)
def test_a_binning_that_is_none_is_refused(settings, message):
    with refused(ValueError, message):
        Binning(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"crop": (1, 0, 4, 6)},
            "Binning crop must lie in the sensor's 4×6, not be 4×6 from row 1 and column 0",
        ),
        (
            {"crop": (0, 0, 0, 6)},
            "Binning crop must lie in the sensor's 4×6, not be 0×6 from row 0 and column 0",
        ),
        ({"size": (5, 6)}, "Binning size must be 1×1…4×6, not 5×6"),
        ({"size": (3, 3), "crop": (0, 0, 2, 6)}, "Binning size must be 1×1…2×6, not 3×3"),
    ],
)
def test_a_binning_that_does_not_fit_the_sensor_is_refused(settings, message):
    with refused(ValueError, message):
        frames(events(), Binning(**settings))
