"""Bytes become words, lowest byte first."""

import random

import pytest
from somagate.boards.words import WordPacker
from stream_bench import STALLS, Bench


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("word_bits", [1, 8, 12, 32])
def test_words_hold_their_bytes_lowest_first(word_bits: int, stalls: str) -> None:
    size = -(-word_bits // 8)
    data = random.Random(word_bits).randbytes(20 * size)
    dut = WordPacker(word_bits)
    assert dut.word_bytes == size
    bench = Bench(dut, stalls=stalls, seed=word_bits)
    bench.send("input", dut.input, data)
    words = bench.receive("output", dut.output, 20)
    bench.run(2000)
    mask = (1 << word_bits) - 1
    assert words.payloads == [
        int.from_bytes(data[i : i + size], "little") & mask for i in range(0, len(data), size)
    ]
