"""iCE40UP5K: its clock generator, its large RAMs and its tools."""

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Array, Cat, ClockSignal, Const, Instance, Module, Mux, Signal
from amaranth.lib import wiring

from ...checks.arguments import integer
from ...hw.cost.part import PARTS
from ...hw.rtl.memory import memory_ports
from .family import OpenFamily
from .pll import Pll, nearest

_PHASE_HZ = (10_000_000, 133_000_000)
_OSCILLATOR_HZ = (533_000_000, 1_066_000_000)
_OUTPUT_HZ = (16_000_000, 275_000_000)
_FILTERS_HZ = (17_000_000, 26_000_000, 44_000_000, 66_000_000, 101_000_000)


@dataclass(frozen=True, kw_only=True)
class Ice40PllParameters:
    """The dividers of an SB_PLL40: the oscillator runs at input · (divf + 1) / (divr + 1).

    Attributes
    ----------
    input_hz
        The clock at the pin, 10…133 MHz.
    divr, divf, divq
        Reference, feedback and output divider; the output is the oscillator's / 2^divq.
    """

    input_hz: int
    divr: int
    divf: int
    divq: int

    @classmethod
    def find(cls, input_hz: int, output_hz: int) -> "Ice40PllParameters":
        """Return the dividers whose output is nearest to `output_hz`, the simplest first.

        Raises
        ------
        ValueError
            If the input is not 10…133 MHz, the output not 16…275 MHz, or none is within 1 %.
        """
        integer("iCE40 PLL input_hz", input_hz, *_PHASE_HZ)
        integer("iCE40 PLL output_hz", output_hz, *_OUTPUT_HZ)
        found = (
            cls(input_hz=input_hz, divr=divr, divf=divf, divq=divq)
            for divr in range(16)
            if _PHASE_HZ[0] <= input_hz / (divr + 1) <= _PHASE_HZ[1]
            for divq in range(1, 7)
            for divf in range(128)
            if _OSCILLATOR_HZ[0] <= input_hz * (divf + 1) / (divr + 1) <= _OSCILLATOR_HZ[1]
        )
        return nearest("iCE40 PLL", found, output_hz)

    @property
    def output_hz(self) -> int:
        """The clock it makes, in Hz."""
        return self.input_hz * (self.divf + 1) // ((self.divr + 1) << self.divq)

    @property
    def filter_range(self) -> int:
        """The loop filter's setting for the frequency at the phase detector."""
        phase_hz = self.input_hz / (self.divr + 1)
        return 1 + sum(phase_hz >= limit for limit in _FILTERS_HZ)

    def create(self, port: Any) -> "Ice40Pll":
        """Return the generator fed by the pin `port`."""
        return Ice40Pll(self, port)


class Ice40Pll(Pll):
    """A clock on a global net, from the pin beside the PLL without the fabric between."""

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.pll = Instance(
            "SB_PLL40_PAD",
            p_FEEDBACK_PATH="SIMPLE",
            p_DIVR=self.parameters.divr,
            p_DIVF=self.parameters.divf,
            p_DIVQ=self.parameters.divq,
            p_FILTER_RANGE=self.parameters.filter_range,
            i_PACKAGEPIN=self.port.io,
            i_RESETB=1,
            i_BYPASS=0,
            o_PLLOUTGLOBAL=self.clock,
            o_LOCK=self.locked,
        )
        return m


_SPRAM_ADDRESS_BITS = 14
_SPRAM_BITS = 16


class Ice40Spram(wiring.Component):
    """`somagate.hw.rtl.memory.SinglePortMemory` in SB_SPRAM256KA.

    As many side by side as its width takes, and as many one above the other as its depth does.
    """

    def __init__(self, *, width: int, depth: int, slice_bits: int = 0) -> None:
        self.above = -(-depth // (1 << _SPRAM_ADDRESS_BITS))
        self.slice_bits = slice_bits or width
        super().__init__(memory_ports(width=width, depth=depth, slice_bits=slice_bits))

    def elaborate(self, platform: object) -> Module:
        """Build the RAMs, and choose among those above one another."""
        m = Module()
        writes = self.write.en.any()
        addr = Mux(writes, self.write.addr, self.read.addr) | Const(0, _SPRAM_ADDRESS_BITS + 1)
        row, ram = addr[:_SPRAM_ADDRESS_BITS], addr[_SPRAM_ADDRESS_BITS:]
        # Only the RAM that has the row is selected. What it reads comes a cycle later and is held
        # until the next read, so the RAM's number is too.
        shown = Signal.like(ram)
        with m.If(self.read.en):
            m.d.sync += shown.eq(ram)
        words = []
        for number in range(self.above):
            parts = []
            for index, enable in enumerate(self.write.en):
                slice_data = self.write.data.word_select(index, self.slice_bits)
                stored = Signal(len(slice_data), name=f"stored_{index}_{number}")
                for first in range(0, len(slice_data), _SPRAM_BITS):
                    name = f"{index}_{first}_{number}"
                    data = Signal(_SPRAM_BITS, name=f"data_{name}")
                    m.d.comb += stored[first : first + _SPRAM_BITS].eq(data)
                    m.submodules[f"spram_{name}"] = Instance(
                        "SB_SPRAM256KA",
                        i_CLOCK=ClockSignal(),
                        i_ADDRESS=row,
                        i_DATAIN=slice_data[first : first + _SPRAM_BITS] | Const(0, _SPRAM_BITS),
                        i_MASKWREN=Const(0b1111, 4),
                        i_WREN=enable,
                        i_CHIPSELECT=Mux(writes, enable, self.read.en) & (ram == number),
                        i_STANDBY=Const(0, 1),
                        i_SLEEP=Const(0, 1),
                        i_POWEROFF=Const(1, 1),  # low is off
                        o_DATAOUT=data,
                    )
                parts.append(stored)
            words.append(Cat(parts))
        m.d.comb += self.read.data.eq(Array(words)[shown])
        return m


ICE40UP5K = OpenFamily(
    device="iCE40UP5K-SG48",
    part=PARTS["ice40up5k"],
    synthesis="synth_ice40",
    synthesis_options=("-device", "u"),
    placer="nextpnr-ice40",
    placer_device=("--up5k", "--package", "sg48"),
    unplaced=("--pcf-allow-unconstrained",),
    constraints=".pcf",
    pins=("--pcf", "{constraints}"),
    routed=("--asc", ".asc"),
    packer=("icepack", "{routed}", "{bitstream}"),
    bitstream=".bin",
    utilization={
        "logic_cells": "ICESTORM_LC",
        "block_rams": "ICESTORM_RAM",
        "large_rams": "ICESTORM_SPRAM",
        "multipliers": "ICESTORM_DSP",
        "pins": "SB_IO",
    },
    memories={"SB_RAM40_4K": "block_rams", "SB_SPRAM256KA": "large_rams"},
    flip_flops="SB_DFF",
    pll=Ice40PllParameters.find,
    single_port_memory=Ice40Spram,
)
