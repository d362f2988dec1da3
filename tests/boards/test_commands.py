"""Commands on the line: tables are loaded whole or not at all, and the board says what it holds."""

import random
import zlib
from typing import Any

import pytest
from amaranth.hdl import Cat, Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped
from somagate.boards.commands import (
    CHECKSUM,
    DONE,
    END_WORD,
    IDENTIFY,
    LOAD,
    NO_COMMAND,
    NO_MEMORY,
    NOT_LOADED,
    RUN,
    Commands,
)
from somagate.hw.plan.loadable import IDENTITY, Target, memory_words
from somagate.hw.rtl.configurator import Configurator
from somagate.hw.rtl.memory import RegisteredMemory
from stream_bench import Bench

MEMORIES = [Target(name="wide", width=40, depth=5), IDENTITY]
SHAPE, TABLES, OTHER = (bytes([k] * 31 + [k + 1]) for k in (1, 2, 3))


class Loadable(wiring.Component):
    """Commands before a configurator and an identity, as an accelerator has them."""

    def __init__(self, *, loaded: bool) -> None:
        self.commands = Commands(loaded=loaded)
        byte = stream.Signature(8)
        super().__init__(
            {"bytes": In(byte), "inference": Out(byte), "answers": Out(byte), "failure": Out(8)}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.commands = commands = self.commands
        m.submodules.config = self.config = config = Configurator(MEMORIES)
        m.submodules.identity = identity = RegisteredMemory(
            width=8, depth=64, init=[*SHAPE, *TABLES]
        )
        connect(m, flipped(self.bytes), commands.bytes)
        connect(m, commands.inference, flipped(self.inference))
        connect(m, commands.answers, flipped(self.answers))
        connect(m, commands.config, config.config)
        connect(m, commands.identity, identity.read)
        m.d.comb += [
            commands.refused.eq(config.refused),
            commands.finished.eq(config.finished),
            self.failure.eq(commands.failure),
            identity.write.en.eq(config.write_1.en),
            identity.write.addr.eq(Cat(config.write_1.addr, 1)),
            identity.write.data.eq(config.write_1.data),
        ]
        return m


def loading(words: list[int]) -> bytes:
    data = b"".join(word.to_bytes(4, "little") for word in [*words, END_WORD])
    return LOAD + data + zlib.crc32(data).to_bytes(4, "little")


def tables(sha256: bytes = OTHER) -> list[int]:
    rows = [random.Random(5).getrandbits(40) for _ in range(5)]
    return memory_words(0, MEMORIES[0], rows) + memory_words(1, IDENTITY, list(sha256))


def talk(
    data: bytes, answers: int, passed: int = 0, *, loaded: bool = True
) -> tuple[bytes, bytes, set[int]]:
    """Send bytes, and return the answers, what is passed on, and the failures."""
    dut = Loadable(loaded=loaded)
    bench = Bench(dut, stalls="random", seed=len(data))
    bench.send("bytes", dut.bytes, data)
    answer = bench.receive("answers", dut.answers, answers)
    inference = bench.receive("inference", dut.inference, passed)
    failures: list[Any] = bench.probe(dut.failure)
    bench.run(3000 + 40 * len(data))
    return bytes(answer.payloads), bytes(inference.payloads), set(failures) - {0}


def test_what_follows_run_is_inferences() -> None:
    data = RUN + LOAD + IDENTIFY + b"\0x"
    assert talk(data, 0, len(data) - 1) == (b"", data[1:], set())


@pytest.mark.parametrize("loaded", [False, True])
def test_a_board_says_its_shape_its_tables_and_whether_they_are_there(loaded: bool) -> None:
    expected = SHAPE + TABLES + bytes([loaded])
    assert talk(IDENTIFY + IDENTIFY, 130, loaded=loaded) == (2 * expected, b"", set())


def test_tables_are_there_once_all_of_them_came() -> None:
    data = IDENTIFY + loading(tables()) + IDENTIFY + RUN + b"abc"
    said = SHAPE + TABLES + b"\0" + bytes([DONE]) + SHAPE + OTHER + b"\1"
    assert talk(data, len(said), 3, loaded=False) == (said, b"abc", set())


def test_without_tables_nothing_runs() -> None:
    assert talk(RUN, 0, loaded=False)[2] == {NOT_LOADED}


def test_tables_are_gone_while_others_are_loaded() -> None:
    answers, _, failures = talk(loading(tables())[:-6], 0)
    assert (answers, failures) == (b"", set())
    dut = Loadable(loaded=True)
    bench = Bench(dut, stalls="none")
    bench.send("bytes", dut.bytes, loading(tables())[:9])
    there = bench.probe(dut.commands.loaded)
    bench.run(400)
    assert there[0] == 1 and there[-1] == 0


@pytest.mark.parametrize("seed", range(6))
def test_a_damaged_bit_is_noticed_wherever_it_is(seed: int) -> None:
    data = bytearray(loading(tables()))
    place = random.Random(seed).randrange(8, 8 * len(data))
    data[place // 8] ^= 1 << place % 8
    answers, _, failures = talk(bytes(data), 0)
    assert answers == b"" and failures in ({CHECKSUM}, {NO_MEMORY})


def test_a_wrong_checksum_is_a_failure() -> None:
    data = loading(tables())
    assert talk(data[:-1] + bytes([data[-1] ^ 0x80]), 0)[2] == {CHECKSUM}


def test_a_memory_that_is_not_there_is_a_failure() -> None:
    deeper = Target(name="wide", width=40, depth=6)
    assert talk(loading(memory_words(0, deeper, [])), 0)[2] == {NO_MEMORY}


@pytest.mark.parametrize("byte", [b"\0", b"r", b"\xff"])
def test_any_other_byte_is_no_command(byte: bytes) -> None:
    assert talk(byte, 0)[2] == {NO_COMMAND}
