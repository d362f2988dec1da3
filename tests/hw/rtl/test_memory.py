"""A memory is a plain array with the read data one or two enabled cycles behind."""

import random

import pytest
from amaranth.back import rtlil
from amaranth.sim import Simulator
from somagate.hw.rtl.memory import BlockMemory, RegisteredMemory, SinglePortMemory


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


def slices(width: int, slice_bits: int) -> list[int]:
    """Return the mask of each slice of a word."""
    return [
        ((1 << min(slice_bits, width - first)) - 1) << first
        for first in range(0, width, slice_bits)
    ]


@pytest.mark.parametrize("kind", [BlockMemory, RegisteredMemory, SinglePortMemory])
@pytest.mark.parametrize(("width", "slice_bits"), [(40, 16), (64, 32), (7, 32), (33, 32)])
def test_a_word_is_written_slice_by_slice(kind: type, width: int, slice_bits: int) -> None:
    rng = random.Random(width)
    dut = kind(width=width, depth=6, slice_bits=slice_bits)
    masks = slices(width, slice_bits)
    assert len(dut.write.en) == len(masks)
    words = [rng.getrandbits(width) for _ in range(6)]
    wanted = words.copy()
    seen: list[int] = []

    async def testbench(ctx):
        loads = [(row, (1 << len(masks)) - 1, words[row]) for row in range(6)]
        for _ in range(20):
            row, enable, data = (
                rng.randrange(6),
                rng.getrandbits(len(masks)),
                rng.getrandbits(width),
            )
            mask = sum(m for slot, m in enumerate(masks) if enable >> slot & 1)
            wanted[row] = wanted[row] & ~mask | data & mask
            loads.append((row, enable, data))
        for row, enable, data in loads:
            ctx.set(dut.write.addr, row)
            ctx.set(dut.write.en, enable)
            ctx.set(dut.write.data, data)
            await ctx.tick()
        ctx.set(dut.write.en, 0)
        ctx.set(dut.read.en, 1)
        for row in range(6):
            ctx.set(dut.read.addr, row)
            await ctx.tick().repeat(dut.latency)
            seen.append(ctx.get(dut.read.data))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert seen == wanted


def test_a_memory_with_one_port_holds_neither_zeros_nor_the_same_in_all_rows_at_first() -> None:
    dut = SinglePortMemory(width=64, depth=5)
    seen: list[int] = []

    async def testbench(ctx):
        ctx.set(dut.read.en, 1)
        for row in range(5):
            ctx.set(dut.read.addr, row)
            await ctx.tick()
            seen.append(ctx.get(dut.read.data))
        # Held while nothing is read.
        ctx.set(dut.read.en, 0)
        ctx.set(dut.read.addr, 0)
        await ctx.tick()
        seen.append(ctx.get(dut.read.data))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert len(set(seen)) == 5 and 0 not in seen and seen[4] == seen[5]
