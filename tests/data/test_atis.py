import pytest
from event_files import atis, write
from refusal import refused
from somagate.data.atis import read
from somagate.data.record import DataError


def test_five_bytes_are_an_event(tmp_path):
    # Column 3, row 9, brighter, at 0x123456 µs; then column 33, row 0, darker, at 0x7FFFFF µs.
    path = write(tmp_path / "0.bin", bytes.fromhex("0309923456 21007FFFFF"))
    found = read(path, 34, 34)
    assert found.x.tolist() == [3, 33]
    assert found.y.tolist() == [9, 0]
    assert found.on.tolist() == [True, False]
    assert found.t.tolist() == [0x123456, 0x7FFFFF]
    assert (found.rows, found.columns) == (34, 34)
    assert atis([(0x123456, 3, 9, True), (0x7FFFFF, 33, 0, False)]) == path.read_bytes()


def test_an_overflow_moves_all_events_behind_it(tmp_path):
    listed = [(5, 1, 1, True), (0, 0, 240, False), (6, 2, 2, True), (0, 0, 240, False),
              (0, 0, 240, False), (7, 3, 3, True)]  # fmt: skip
    found = read(write(tmp_path / "0.bin", atis(listed)), 180, 240)
    assert found.x.tolist() == [1, 2, 3]
    assert found.t.tolist() == [5, 8192 + 6, 3 * 8192 + 7]


@pytest.mark.parametrize("count", [0, 4, 11])
def test_a_file_that_is_cut_off_is_named(tmp_path, count):
    path = write(tmp_path / "0.bin", bytes(count))
    with refused(DataError, f"{path} must hold events of 5 bytes each, but has {count} bytes"):
        read(path, 34, 34)


def test_an_event_outside_the_sensor_is_named(tmp_path):
    path = write(tmp_path / "0.bin", atis([(0, 34, 0, True)]))
    with refused(DataError, f"{path}: x of an event must be 0…33, not 34"):
        read(path, 34, 34)


def test_marks_of_overflow_alone_are_no_recording(tmp_path):
    path = write(tmp_path / "0.bin", atis([(0, 0, 240, True)] * 3))
    with refused(DataError, f"{path} must hold an event, but holds 3 marks of overflow alone"):
        read(path, 34, 34)


def test_a_clock_that_began_anew_without_a_mark_is_refused(tmp_path):
    path = write(tmp_path / "0.bin", atis([((1 << 23) - 1, 0, 0, True), (2, 0, 0, True)]))
    with refused(
        DataError,
        f"{path}: times must go on, but fall from 8388607 to 2 µs at event 1, as of a clock of "
        "23 bits that began anew; cut the file there",
    ):
        read(path, 34, 34)
