"""The iCE40's PLL and its large RAMs are what the rest of the design takes them for."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from amaranth.back import rtlil
from amaranth.hdl import Elaboratable, Module, Mux, Signal
from amaranth.lib.memory import Memory
from amaranth.sim import Simulator
from plans import network
from small_network import small_network
from somagate.boards import flow
from somagate.boards.families import ice40
from somagate.boards.families.ice40 import ICE40UP5K, Ice40PllParameters, Ice40Spram
from somagate.boards.outofcontext import Wrapper
from somagate.export.tables import Tables
from somagate.hw.generate import TOP
from somagate.hw.plan.plan import Plan, StageShape
from somagate.hw.rtl.accelerator import Accelerator
from somagate.hw.rtl.memory import SinglePortMemory
from somagate.hw.search.choose import choose
from somagate.hw.search.wanted import Wanted
from somagate.sim.verify.settings import Dut, Setup
from somagate.sim.verify.verify import verify
from somagate.toolchain.verilog import convert


@pytest.mark.parametrize(
    ("output_hz", "dividers"),
    [
        (24_000_000, (0, 63, 5)),
        (20_000_000, (0, 52, 5)),
        (48_000_000, (0, 63, 4)),
        (16_000_000, (0, 84, 6)),
        (99_000_000, (0, 65, 3)),
    ],
)
def test_pll_finds_the_nearest_clock(output_hz, dividers):
    pll = Ice40PllParameters.find(12_000_000, output_hz)
    assert (pll.divr, pll.divf, pll.divq) == dividers
    assert abs(pll.output_hz - output_hz) <= output_hz * 0.01


@pytest.mark.parametrize("input_hz", [10_000_000, 12_000_000, 50_000_000, 133_000_000])
@pytest.mark.parametrize("output_hz", [16_000_000, 33_333_333, 100_000_000, 270_000_000])
def test_pll_keeps_every_limit(input_hz, output_hz):
    pll = Ice40PllParameters.find(input_hz, output_hz)
    assert 0 <= pll.divr < 16 and 0 <= pll.divf < 128 and 1 <= pll.divq <= 6
    phase_hz = input_hz / (pll.divr + 1)
    assert 10e6 <= phase_hz <= 133e6
    assert 533e6 <= phase_hz * (pll.divf + 1) <= 1066e6
    assert pll.output_hz == int(phase_hz * (pll.divf + 1) / 2**pll.divq)
    assert abs(pll.output_hz - output_hz) <= output_hz * 0.01


def test_pll_filter_follows_the_phase_detector():
    ranges = {}
    for input_hz in (12, 17, 26, 44, 66, 101):
        pll = Ice40PllParameters(input_hz=input_hz * 1_000_000, divr=0, divf=1, divq=1)
        ranges[input_hz] = pll.filter_range
    assert ranges == {12: 1, 17: 2, 26: 3, 44: 4, 66: 5, 101: 6}


@pytest.mark.parametrize(
    ("clocks", "message"),
    [
        ((9_000_000, 24_000_000), "iCE40 PLL input_hz must be 10000000…133000000, not 9000000"),
        ((12_000_000, 8_000_000), "iCE40 PLL output_hz must be 16000000…275000000, not 8000000"),
    ],
)
def test_pll_refuses_what_it_can_not_make(clocks, message):
    with pytest.raises(ValueError) as error:
        Ice40PllParameters.find(*clocks)
    assert str(error.value) == message


SPRAM = """
module SB_SPRAM256KA (
  input [13:0] ADDRESS, input [15:0] DATAIN, input [3:0] MASKWREN,
  input WREN, input CHIPSELECT, input CLOCK, input STANDBY, input SLEEP, input POWEROFF,
  output reg [15:0] DATAOUT
);
  // Whatever is not driven as it runs gives words that nobody stored.
  reg [15:0] words [0:16383];
  wire running = POWEROFF && !SLEEP && !STANDBY;
  wire [15:0] mask = {{4{MASKWREN[3]}}, {4{MASKWREN[2]}}, {4{MASKWREN[1]}}, {4{MASKWREN[0]}}};
  integer row;
  initial for (row = 0; row < 16384; row = row + 1) words[row] = row * 16'h9E37 + 16'h1234;
  always @(posedge CLOCK) begin
    if (CHIPSELECT && running && !WREN) DATAOUT <= words[ADDRESS];
    if (CHIPSELECT && WREN) DATAOUT <= 16'hDEAD;
    if (CHIPSELECT && running && WREN)
      words[ADDRESS] <= (words[ADDRESS] & ~mask) | (DATAIN & mask);
  end
endmodule
"""
"""Of the part's data sheet, what a single clock shows."""


def spram_plan(tables: Tables, *, lanes: int, loadable: bool) -> Plan:
    shape = StageShape(layers=2, lanes=lanes, update_lanes=2, weight_memory="spram")
    return Plan(tables=tables, shapes=(shape,), word_bits=16, loadable=loadable)


@pytest.mark.parametrize(("lanes", "loadable"), [(4, False), (16, True)])
def test_weights_in_large_rams_are_loaded_and_equal_golden(lanes: int, loadable: bool) -> None:
    """At 3 bits a weight: part of one RAM, and three of them, the last in a slice of its own."""
    plan = spram_plan(small_network(), lanes=lanes, loadable=loadable)
    text = convert(Accelerator(plan), name=TOP, platform=ICE40UP5K)
    assert text.count("SB_SPRAM256KA ") == -(-lanes * 3 // 16)
    x = (np.random.default_rng(3).random((3, 3, 2, 6, 6)) < 0.4).astype(np.uint8)
    other = small_network(4) if loadable else None
    verdict = verify(
        plan,
        x,
        dut=Dut(verilog=text + SPRAM, load=other),
        setup=Setup(stalls=0.2),
    )
    assert verdict.equal, verdict.summary


def test_synthesis_keeps_large_rams_and_leaves_block_rams_to_the_rest(tmp_path: Path) -> None:
    """16 lanes of 3 bits are 48 bits, so three of the four."""
    plan = spram_plan(small_network(), lanes=16, loadable=False)
    wrapper = Wrapper(Accelerator(plan))
    text = rtlil.convert(wrapper, name=flow.NAME, platform=ICE40UP5K, emit_src=False)
    (tmp_path / "top.il").write_text(text)
    flow.synthesize(ICE40UP5K, tmp_path)
    cells = json.loads((tmp_path / flow.STATISTICS).read_text())["design"]["num_cells_by_type"]
    assert cells["SB_SPRAM256KA"] == 3
    assert "weights" not in (tmp_path / flow.MEMORIES).read_text().replace("weights_load", "")


class SpramModel(Elaboratable):
    """`SPRAM` for Amaranth's simulator, in place of an instance."""

    def __init__(self, kind: str, **ports: Any) -> None:
        assert kind == "SB_SPRAM256KA"
        self.ports = ports

    def elaborate(self, platform: object) -> Module:
        m = Module()
        address, data_in, writes, selected = (
            self.ports[f"i_{name}"] for name in ("ADDRESS", "DATAIN", "WREN", "CHIPSELECT")
        )
        m.submodules.memory = memory = Memory(shape=16, depth=1 << 14, init=range(0, 1 << 16, 4))
        read, write, wrote = memory.read_port(), memory.write_port(), Signal()
        m.d.comb += [
            *(port.addr.eq(address) for port in (read, write)),
            read.en.eq(selected & ~writes),
            write.en.eq(selected & writes),
            write.data.eq(data_in),
            self.ports["o_DATAOUT"].eq(Mux(wrote, 0xDEAD, read.data)),
        ]
        with m.If(selected):
            m.d.sync += wrote.eq(writes)
        return m


@pytest.mark.parametrize(("width", "depth"), [(5, 3 << 14), (40, (1 << 14) + 1), (32, 1 << 14)])
def test_large_rams_above_one_another_read_as_the_plain_memory_does(
    width: int, depth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ice40, "Instance", SpramModel)
    rng = random.Random(depth)
    m = Module()
    m.submodules.plain = plain = SinglePortMemory(width=width, depth=depth, slice_bits=32)
    m.submodules.stacked = stacked = Ice40Spram(width=width, depth=depth, slice_bits=32)
    # The rows at both ends of each RAM, so that neighbours lie in different ones.
    rows = sorted({r for n in range(0, depth + 1, 1 << 14) for r in (n - 1, n) if 0 <= r < depth})
    checked = crossed = 0

    async def testbench(ctx: Any) -> None:
        nonlocal checked, crossed
        shown: int | None = None  # the row that was read last, unless a write came after
        for cycle in range(600):
            loads = cycle < len(rows)
            enables = (
                (1 << len(plain.write.en)) - 1 if loads else rng.getrandbits(len(plain.write.en))
            )
            writes = loads or rng.random() < 0.2
            read, reads = rng.choice(rows), not loads and rng.random() < 0.8
            written, data = rows[cycle] if loads else rng.choice(rows), rng.getrandbits(width)
            for dut in (plain, stacked):
                ctx.set(dut.read.en, reads)
                ctx.set(dut.read.addr, read)
                ctx.set(dut.write.en, enables * writes)
                ctx.set(dut.write.addr, written)
                ctx.set(dut.write.data, data)
            wrote = bool(ctx.get(plain.write.en))
            await ctx.tick()
            if wrote:
                shown = None
            elif reads:
                crossed += shown is not None and shown >> 14 != read >> 14
                shown = read
            if shown is not None:
                found, wanted = ctx.get(stacked.read.data), ctx.get(plain.read.data)
                assert found == wanted, f"cycle {cycle}, row {shown}: {found:x} not {wanted:x}"
                checked += 1

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert checked > 300 and (crossed > 50 or depth <= 1 << 14)


def test_weights_in_large_rams_above_one_another_equal_golden() -> None:
    """22,464 rows of one lane's 4 bits, so two RAMs, and positions that read from both."""
    shape = StageShape(layers=2, lanes=1, update_lanes=1, weight_memory="spram")
    plan = Plan(tables=network((700,), [32]), shapes=(shape,), word_bits=16)
    text = convert(Accelerator(plan), name=TOP, platform=ICE40UP5K)
    assert text.count("SB_SPRAM256KA ") == 2
    x = (np.random.default_rng(3).random((2, 3, 700)) < 0.2).astype(np.uint8)
    verdict = verify(plan, x, dut=Dut(verilog=text + SPRAM), predict=0)
    assert verdict.equal, verdict.summary


def test_a_plan_that_is_chosen_has_as_many_large_rams_as_it_was_counted_with() -> None:
    tables = network((784,), [128], steps=2, classes=10)
    choice = choose(tables, ICE40UP5K.part, Wanted(goal="smallest", word_bits=16))
    assert choice.plan.shapes[0].weight_memory == "spram"
    assert max(memory.stored.words for memory in choice.resources.memories) > 1 << 14
    text = rtlil.convert(Accelerator(choice.plan), name=TOP, platform=ICE40UP5K, emit_src=False)
    assert text.count("cell \\SB_SPRAM256KA") == choice.resources.counts["large_rams"].used
