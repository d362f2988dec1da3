from somagate.sim.cycles.map_port import MapPort, Reader


def test_a_stage_s_own_words_come_first() -> None:
    port = MapPort()
    for cycle in (4, 5, 7):
        port.write(cycle, 0)
    assert [port.free(cycle, 1) for cycle in (3, 4, 5, 6, 7)] == [3, 6, 6, 6, 8]
    port.write(6, 1)
    assert port.free(4, 2) == 8
    assert port.free(6, 1) == 6
    assert not port.wrong


def test_what_is_assumed_counts_as_written_and_must_be() -> None:
    port = MapPort(assumed={2: 0, 3: 1})
    assert port.free(2, 1) == 3
    assert port.wrong == [2]
    port.write(2, 0)
    assert port.wrong == []
    assert port.free(3, 2) == 4
    assert port.wrong == [3]


def test_two_words_in_one_cycle_are_wrong() -> None:
    port = MapPort()
    port.write(2, 1)
    assert port.wrong == []
    port.write(2, 0)
    assert port.wrong == [2]
    assert port.writes == {2: 0}


def test_what_is_taken_back_is_assumed() -> None:
    port = MapPort()
    port.write(3, 1)
    mark = port.mark()
    port.write(9, 0)
    port.write(7, 1)
    port.write(7, 0)
    assert port.latest == 7 and port.wrong == [7]
    port.back(mark)
    assert port.writes == {3: 1} and port.latest == 3 and port.wrong == []
    assert [port.free(cycle, 1) for cycle in (6, 7)] == [6, 8]
    assert port.wrong == [7]
    port.settle()
    assert port.free(7, 1) == 7 and port.wrong == []


def test_a_reader_takes_a_map_when_a_buffer_is_free() -> None:
    port = MapPort()
    reader = Reader(port, rank=1, words=2, buffers=2)
    assert [reader.take(cycle) for cycle in (0, 1, 2, 9)] == [0, 1, 2, 9]
    assert reader.complete == [1, 9]
    reader.released.append(20)
    port.write(21, 0)
    assert reader.take(10) == 22
    assert reader.take(23) == 23
    assert reader.complete == [1, 9, 23]
