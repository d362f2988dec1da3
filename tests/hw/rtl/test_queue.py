"""A queue hands on every payload in order, at full throughput, whatever stalls on either side."""

import gc
import random

import pytest
from somagate.hw.rtl.queue import Queue
from stream_bench import Bench


@pytest.mark.parametrize("depth", [2, 3, 4, 7])
def test_a_queue_keeps_every_payload_in_order(depth: int, stalls: str) -> None:
    rng = random.Random(depth)
    payloads = [rng.getrandbits(9) for _ in range(300)]
    dut = Queue(9, depth)
    bench = Bench(dut, stalls=stalls, seed=depth)
    bench.send("input", dut.input, payloads)
    output = bench.receive("output", dut.output, len(payloads))
    bench.run(4000)
    output.must_be(payloads)


@pytest.mark.parametrize("depth", [2, 3, 5])
def test_without_stalls_latency_and_interval_are_one_cycle(depth: int) -> None:
    dut = Queue(4, depth)
    bench = Bench(dut, stalls="none")
    taken = bench.send("input", dut.input, [n % 16 for n in range(40)])
    output = bench.receive("output", dut.output, 40)
    bench.run(100)
    assert taken.cycles == list(range(40))
    assert output.cycles == list(range(1, 41))


@pytest.mark.parametrize("depth", [2, 3, 5])
def test_a_queue_takes_as_many_payloads_as_it_is_deep(depth: int) -> None:
    dut = Queue(4, depth)
    bench = Bench(dut, stalls="none")
    taken = bench.send("input", dut.input, range(8))
    ready = bench.probe(dut.input.ready)

    async def consumer(ctx):
        await ctx.tick().repeat(50)
        ctx.set(dut.output.ready, 1)

    bench.add_process(consumer)
    bench.run(100)
    assert taken.cycles[:depth] == list(range(depth))
    # `input.ready` may not depend on `output.ready`, so the first place is free a cycle later.
    assert taken.cycles[depth] == 51
    assert ready[depth:51] == [0] * (51 - depth)


@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
@pytest.mark.parametrize("depth", [1, 0, -3])
def test_a_depth_below_two_is_refused(depth: int) -> None:
    with pytest.raises(ValueError) as error:
        Queue(4, depth)
    message = str(error.value)
    del error
    gc.collect()  # here, where it is no fault that the queue was never used
    assert message == f"Queue depth must be 2 or more, not {depth}"
