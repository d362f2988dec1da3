"""What a board says of itself stays whole, whatever is asked meanwhile."""

from typing import Any

import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import connect
from amaranth.sim import Simulator
from somagate.boards.wire.answers import FrameAnswers
from somagate.boards.wire.protocol import PAGE_BYTES, Kind, Page
from somagate.hw.rtl.memory import RegisteredMemory

BYTE_CYCLES = 12


def pages(first: Page, second: Page, later: int) -> list[bytes]:
    """Return what is told where a page is asked for, and another some cycles later."""
    dut, m = FrameAnswers(), Module()
    depth = 1 << len(dut.pages.addr)
    m.submodules.dut = dut
    m.submodules.memory = memory = RegisteredMemory(width=8, depth=depth, init=list(range(depth)))
    connect(m, dut.pages, memory.read)
    found = [b""]

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.idle, 1)
        for cycle in range(later + 3 * 40 * BYTE_CYCLES):
            ctx.set(dut.asked, cycle in (0, later))
            ctx.set(dut.page, first if cycle == 0 else second)
            ready = cycle % BYTE_CYCLES == 0
            ctx.set(dut.body.ready, ready)
            if ready and ctx.get(dut.body.valid):
                found[-1] += bytes([ctx.get(dut.body.payload.byte)])
                if ctx.get(dut.body.payload.last):
                    found.append(b"")
            await ctx.tick()

    sim = Simulator(m)
    sim.add_clock(1e-6)
    sim.add_testbench(testbench)
    sim.run()
    assert found.pop() == b""
    return found


@pytest.mark.parametrize("later", [5, 30, 80, 200, 400])
def test_a_page_that_is_asked_for_while_another_is_told_comes_behind_it(later: int) -> None:
    told = pages(Page.SHAPE, Page.TABLES, later)
    for frame in told:
        page = Page(frame[1])
        assert frame[2:-2] == bytes(range(PAGE_BYTES * page, PAGE_BYTES * (page + 1)))
        assert frame[-1] == Kind.INFO
    # The first is told unless the second is asked for before it is begun.
    assert [frame[1] for frame in told] == [Page.SHAPE, Page.TABLES][later < 20 :]
