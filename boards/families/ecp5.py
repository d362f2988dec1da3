"""ECP5 LFE5U: its clock generator and its tools, for each size, package and speed.

A 12F is a 25F by another name: the tools use all of it, and only the identity in the bitstream is
its own.
"""

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Instance, Module, Signal
from amaranth.lib import io

from ...checks.arguments import choice, integer
from ...hw.cost.part import PARTS
from . import ecp5_carry
from .family import OpenFamily
from .pll import Pll, nearest

_INPUT_HZ = (8_000_000, 400_000_000)
_PHASE_MIN_HZ = 3_125_000
_OSCILLATOR_HZ = (400_000_000, 800_000_000)
_OSCILLATOR_BEST_HZ = 600_000_000
_OUTPUT_HZ = (3_125_000, 400_000_000)


@dataclass(frozen=True, kw_only=True)
class Ecp5PllParameters:
    """The dividers of an EHXPLLL whose first output is its feedback.

    Attributes
    ----------
    input_hz
        The clock that it is fed, 8…400 MHz.
    input_divider, feedback_divider, output_divider
        The output is input · feedback / input divider, and the oscillator runs at the output
        times the output divider.
    """

    input_hz: int
    input_divider: int
    feedback_divider: int
    output_divider: int

    @classmethod
    def find(cls, input_hz: int, output_hz: int) -> "Ecp5PllParameters":
        """Return the dividers whose output is nearest to `output_hz`, the smallest first.

        Raises
        ------
        ValueError
            If the input is not 8…400 MHz, the output not 3.125…400 MHz, or none is within 1 %.
        """
        integer("ECP5 PLL input_hz", input_hz, *_INPUT_HZ)
        integer("ECP5 PLL output_hz", output_hz, *_OUTPUT_HZ)
        found = (
            cls(
                input_hz=input_hz,
                input_divider=input_divider,
                feedback_divider=feedback_divider,
                output_divider=output_divider,
            )
            for input_divider in range(1, 1 + min(128, input_hz // _PHASE_MIN_HZ))
            for feedback_divider in range(1, 129)
            for made_hz in [input_hz * feedback_divider / input_divider]
            for output_divider in [min(128, max(1, round(_OSCILLATOR_BEST_HZ / made_hz)))]
            if _OSCILLATOR_HZ[0] <= made_hz * output_divider <= _OSCILLATOR_HZ[1]
        )
        return nearest("ECP5 PLL", found, output_hz)

    @property
    def output_hz(self) -> int:
        """The clock it makes, in Hz."""
        return self.input_hz * self.feedback_divider // self.input_divider

    def create(self, port: Any) -> "Ecp5Pll":
        """Return the generator fed by the pin `port`."""
        return Ecp5Pll(self, port)


class Ecp5Pll(Pll):
    """A clock from a pin."""

    def elaborate(self, platform: object) -> Module:
        """Build the pin's buffer and the PLL."""
        m = Module()
        feedback = Signal()
        m.submodules.buffer = buffer = io.Buffer("i", self.port)
        m.submodules.pll = Instance(
            "EHXPLLL",
            # The loop filter, as Lattice's own tool sets it for every frequency.
            a_ICP_CURRENT="12",
            a_LPF_RESISTOR="8",
            a_MFG_ENABLE_FILTEROPAMP="1",
            a_MFG_GMCREF_SEL="2",
            p_CLKI_DIV=self.parameters.input_divider,
            p_CLKFB_DIV=self.parameters.feedback_divider,
            p_CLKOP_DIV=self.parameters.output_divider,
            p_CLKOP_CPHASE=self.parameters.output_divider - 1,
            p_CLKOP_FPHASE=0,
            p_CLKOP_ENABLE="ENABLED",
            p_FEEDBK_PATH="CLKOP",
            p_INTFB_WAKE="DISABLED",
            p_PLLRST_ENA="DISABLED",
            p_STDBY_ENABLE="DISABLED",
            p_DPHASE_SOURCE="DISABLED",
            i_CLKI=buffer.i,
            i_CLKFB=feedback,
            i_RST=0,
            i_STDBY=0,
            i_PHASESEL0=0,
            i_PHASESEL1=0,
            i_PHASEDIR=0,
            i_PHASESTEP=0,
            i_PHASELOADREG=0,
            i_PLLWAKESYNC=0,
            i_ENCLKOP=0,
            o_CLKOP=feedback,
            o_LOCK=self.locked,
        )
        m.d.comb += self.clock.eq(feedback)
        return m


_PACKAGES = {"BG256": "CABGA256", "BG381": "CABGA381", "MG285": "CSFBGA285"}
"""What nextpnr calls a package, by the letters of the part's name."""


def ecp5(size: str, package: str, speed: int) -> OpenFamily:
    """Return an LFE5U of a size and its tools.

    Parameters
    ----------
    size
        '12F', '25F', '45F' or '85F'.
    package
        'BG256', 'BG381' or 'MG285', as in the part's name.
    speed
        Grade 6, 7 or 8, the fastest.

    Raises
    ------
    ValueError
        If it is not one of these.
    """
    choice("ECP5 size", size, ("12F", "25F", "45F", "85F"))
    choice("ECP5 package", package, tuple(_PACKAGES))
    integer("ECP5 speed", speed, 6, 8)
    placed = (f"--{size[:-1]}k", "--package", _PACKAGES[package], "--speed", str(speed))
    return OpenFamily(
        device=f"LFE5U-{size}-{speed}{package}C",
        part=PARTS[f"lfe5u-{size.lower()}"],
        synthesis="synth_ecp5",
        # Measured on the accelerator: wide multiplexers and the multiplier's fixed place both cost
        # more routing delay than the logic they save, and wide multiplexers cost cells too.
        synthesis_options=("-nowidelut", "-nodsp"),
        placer="nextpnr-ecp5",
        placer_device=placed,
        unplaced=("--lpf-allow-unconstrained",),
        # Measured on the accelerator: beyond so many cells the usual placer's wires are half again
        # as long, and it takes longer; and the usual router doesn't end.
        large=((8_000, ("--placer", "static")), (20_000, ("--router", "router2"))),
        constraints=".lpf",
        pins=("--lpf", "{constraints}"),
        routed=("--textcfg", ".config"),
        packer=("ecppack", "--compress", "--input", "{routed}", "--bit", "{bitstream}"),
        bitstream=".bit",
        utilization={
            "logic_cells": "TRELLIS_COMB",
            "flip_flops": "TRELLIS_FF",
            "lut_rams": "TRELLIS_RAMW",
            "block_rams": "DP16KD",
            "multipliers": "MULT18X18D",
            "pins": "TRELLIS_IO",
        },
        memories={"DP16KD": "block_rams", "TRELLIS_DPR16X4": "lut_rams"},
        flip_flops="TRELLIS_FF",
        pll=Ecp5PllParameters.find,
        carry_map=ecp5_carry.MAP,
        trim=ecp5_carry.trim,
    )


LFE5U_85F = ecp5("85F", "BG381", 6)
