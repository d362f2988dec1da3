import pytest
from event_files import aedat_2, aedat_3, packet, write
from refusal import refused
from somagate.data.aedat import read_2, read_3
from somagate.data.record import DataError

EVENTS = [(10, 0, 127, True), (11, 127, 0, False), (99, 64, 3, True)]
HEADER = len(aedat_3())


def in_one_packet(events):
    return aedat_3(packet(events))


def test_polarity_packets_are_read_in_their_order(tmp_path):
    content = aedat_3(packet(EVENTS[:2]), packet([(0, 1, 1, True)] * 3, kind=2), packet(EVENTS[2:]))
    found = read_3(write(tmp_path / "a.aedat", content))
    assert list(zip(found.t, found.x, found.y, found.on, strict=True)) == EVENTS
    assert (found.rows, found.columns) == (128, 128)


def test_the_bits_of_a_polarity_event_are_those_of_the_format(tmp_path):
    word = (5 << 17 | 9 << 2 | 1 << 1 | 1).to_bytes(4, "little")
    head = bytes.fromhex("0100 0000 08000000 04000000 00000000 01000000 01000000 01000000")
    content = aedat_3(head + word + (77).to_bytes(4, "little"))
    found = read_3(write(tmp_path / "a.aedat", content))
    assert [found.t.tolist(), found.x.tolist(), found.y.tolist()] == [[77], [5], [9]]
    assert found.on.tolist() == [True]


def test_an_overflow_of_time_counts_on_above_31_bits(tmp_path):
    found = read_3(write(tmp_path / "a.aedat", aedat_3(packet(EVENTS[:1], overflow=2))))
    assert found.t.tolist() == [(2 << 31) + 10]


def test_invalid_events_are_passed_over(tmp_path):
    found = read_3(write(tmp_path / "a.aedat", aedat_3(packet(EVENTS, invalid=[1]))))
    assert found.t.tolist() == [10, 99]


def test_larger_events_and_empty_packets_are_stepped_over(tmp_path):
    frame = packet([], kind=2) + packet([(0, 0, 0, True)] * 2, kind=2)
    found = read_3(write(tmp_path / "a.aedat", aedat_3(frame, packet([]), packet(EVENTS))))
    assert len(found) == 3


def test_a_recording_without_events_is_refused(tmp_path):
    for content in (aedat_3(), aedat_3(packet(EVENTS[:1], invalid=[0]))):
        path = write(tmp_path / "a.aedat", content)
        with refused(DataError, f"{path} must hold an event of a pixel, but holds none"):
            read_3(path)
    path = write(tmp_path / "b.aedat", aedat_2([], other=[50]))
    with refused(DataError, f"{path} must hold an event of a pixel, but holds none"):
        read_2(path)


def test_the_clock_of_version_2_goes_on_at_its_lowest_time(tmp_path):
    late = [(t, 1, 2, True) for t in ((1 << 31) - 5, (1 << 31) - 1, 1 << 31, (1 << 31) + 9)]
    assert read_2(write(tmp_path / "a.aedat", aedat_2(late))).t.tolist() == [t for t, *_ in late]
    back = [(t, 1, 2, True) for t in (9, 7, 8)]
    assert read_2(write(tmp_path / "b.aedat", aedat_2(back))).t.tolist() == [9, 7, 8]


@pytest.mark.parametrize(("read", "form"), [(read_2, aedat_2), (read_3, in_one_packet)])
def test_a_clock_that_began_anew_without_a_mark_is_refused(tmp_path, read, form):
    events = [(t, 1, 2, True) for t in (3, (1 << 31) - 2, 4)]
    path = write(tmp_path / "a.aedat", form(events))
    with refused(
        DataError,
        f"{path}: times must go on, but fall from 2147483646 to 4 µs at event 2, as of a clock of "
        "31 bits that began anew; cut the file there",
    ):
        read(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (aedat_2(EVENTS), " must start with b'#!AER-DAT3.1', not b'#!AER-DAT2.0'"),
        (b"#!AER-DAT3.1\r\n", (" must have the header's last line b'#!END-HEADER\\r\\n', "
                              "but has not")),
        (aedat_3(packet(EVENTS)[:20]),
         (f" must have a packet's header of 28 bytes at byte {HEADER}, "
                                       "but ends after 20")),
        (aedat_3(packet(EVENTS)[:-1]),
         (f": the packet at byte {HEADER + 28} must have 3 events of "
                                       "8 bytes, but the file ends after 23 bytes")),
        (aedat_3(packet(EVENTS, number=4)),
         (f": the packet in front of byte {HEADER + 28} must have "
         "events of 8 bytes or more and no more of them than its capacity, not 4 of 8 bytes in 3")),
        (aedat_3(packet(EVENTS, size=0)),
         (f": the packet in front of byte {HEADER + 28} must have "
         "events of 8 bytes or more and no more of them than its capacity, not 3 of 0 bytes in 3")),
        (aedat_3(packet([(0, 128, 0, True)])), ": x of an event must be 0…127, not 128"),
    ],
)  # fmt: skip
def test_a_broken_file_of_version_3_is_named(tmp_path, content, message):
    path = write(tmp_path / "a.aedat", content)
    with refused(DataError, f"{path}{message}"):
        read_3(path)


def test_version_2_is_read_as_the_scene_stood(tmp_path):
    found = read_2(write(tmp_path / "a.aedat", aedat_2(EVENTS, other=[50])))
    assert list(zip(found.t, found.x, found.y, found.on, strict=True)) == EVENTS
    # Address 0x0102: 1 on the one axis, 1 on the other, bit 0 clear.
    found = read_2(write(tmp_path / "b.aedat", b"#!AER-DAT2.0\r\n" + b"\0\0\1\2" + b"\0\0\0\7"))
    assert (found.x[0], found.y[0], found.on[0], found.t[0]) == (126, 126, True, 7)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (aedat_3(), " must start with b'#!AER-DAT2.0', not b'#!AER-DAT3.1'"),
        (b"", " must start with b'#!AER-DAT2.0', not b''"),
        (aedat_2([]), " must have events of 8 bytes each behind its header, but has 0 bytes"),
        (aedat_2(EVENTS)[:-3], (" must have events of 8 bytes each behind its header, "
                               "but has 21 bytes")),
        (b"#!AER-DAT2.0\r\n# half", " must have events behind its header, but ends in the header"),
    ],
)  # fmt: skip
def test_a_broken_file_of_version_2_is_named(tmp_path, content, message):
    path = write(tmp_path / "a.aedat", content)
    with refused(DataError, f"{path}{message}"):
        read_2(path)
