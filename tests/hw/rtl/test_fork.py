"""A fork gives every payload to each output once, each at its own pace."""

import random

import pytest
from somagate.hw.rtl.fork import Fork
from stream_bench import Bench


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_every_output_gets_every_payload_once(count: int, stalls: str) -> None:
    rng = random.Random(count)
    payloads = [rng.getrandbits(7) for _ in range(200)]
    dut = Fork(7, count)
    bench = Bench(dut, stalls=stalls, seed=count)
    taken = bench.send("input", dut.input, payloads)
    outputs = [bench.receive(f"output {i}", dut.outputs[i], 200) for i in range(count)]
    bench.run(4000)
    for output in outputs:
        output.must_be(payloads)
    # The input is taken in the cycle of the last output, so nothing is kept.
    assert taken.cycles == [
        max(cycles) for cycles in zip(*(o.cycles for o in outputs), strict=True)
    ]


def test_an_output_is_offered_the_payload_while_another_stalls() -> None:
    dut = Fork(4, 2)
    bench = Bench(dut, stalls="none")
    bench.send("input", dut.input, [1, 2, 3])
    fast = bench.receive("fast", dut.outputs[0], 3)
    slow = bench.receive("slow", dut.outputs[1], 3, stalls="lazy")
    bench.run(50)
    assert fast.cycles == [0, 2, 4]
    assert slow.cycles == [1, 3, 5]


def test_without_stalls_a_payload_takes_one_cycle() -> None:
    dut = Fork(4, 3)
    bench = Bench(dut, stalls="none")
    taken = bench.send("input", dut.input, range(10))
    outputs = [bench.receive(f"output {i}", dut.outputs[i], 10) for i in range(3)]
    bench.run(50)
    assert all(stream.cycles == list(range(10)) for stream in [taken, *outputs])
