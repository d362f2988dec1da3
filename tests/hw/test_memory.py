"""A registered memory is a plain array with the read data two enabled cycles behind."""

import random

import pytest
from amaranth.back import rtlil
from amaranth.sim import Simulator
from somagate.hw.memory import RegisteredMemory


@pytest.mark.parametrize("style", ["auto", "logic"])
@pytest.mark.parametrize(("width", "depth"), [(1, 2), (5, 3), (8, 16), (33, 17), (4, 1)])
def test_reads_follow_the_writes_two_enabled_cycles_later(
    width: int, depth: int, style: str
) -> None:
    rng = random.Random(width)
    init = [rng.getrandbits(width) for _ in range(depth - depth // 3)]
    dut = RegisteredMemory(width=width, depth=depth, init=init, style=style)
    assert dut.latency == 2
    words = init + [0] * (depth - len(init))
    under_way: list[int | None] = [None] * dut.latency  # newest first
    checked = 0

    async def testbench(ctx):
        nonlocal checked
        for cycle in range(400):
            en, addr = rng.random() < 0.7, rng.randrange(depth)
            write, written = rng.random() < 0.5, rng.randrange(depth)
            write = write and not (en and written == addr)  # such a read may be old or new
            data = rng.getrandbits(width)
            ctx.set(dut.read.en, en)
            ctx.set(dut.read.addr, addr)
            ctx.set(dut.write.en, write)
            ctx.set(dut.write.addr, written)
            ctx.set(dut.write.data, data)
            if under_way[-1] is not None:
                seen = ctx.get(dut.read.data)
                assert seen == under_way[-1], f"cycle {cycle}: {seen} and not {under_way[-1]}"
                checked += 1
            await ctx.tick()
            if en:
                under_way.insert(0, words[addr])
                under_way.pop()
            if write:
                words[written] = data

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert checked > 300


@pytest.mark.parametrize(("style", "stated"), [("auto", False), ("logic", True)])
def test_the_style_is_an_attribute_for_synthesis(style: str, stated: bool) -> None:
    text = rtlil.convert(RegisteredMemory(width=4, depth=4, style=style))
    for name in ("rom_style", "ram_style"):
        assert (f'attribute \\{name} "logic"' in text) == stated
