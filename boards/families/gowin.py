"""Gowin GW1NR-9C and GW2AR-18C: their clock generator and their tools.

Every block RAM has one port to write and one to read. Kinds whose ports do both, which synthesis
would take for tables and narrow memories, are left out: one reads wrong once it is cleared (yosys
issue 6163), nextpnr checks hold times of pins that it doesn't have (nextpnr issue 1803), and
another loses writes (yosys issue 5688).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from amaranth.hdl import Instance, Module
from amaranth.lib import io

from ...checks.arguments import integer
from ...hw.cost.part import PARTS
from .family import OpenFamily
from .pll import Pll, nearest

_PHASE_MIN_HZ = 3_000_000
_OUTPUT_DIVIDERS = (2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128)


@dataclass(frozen=True, kw_only=True)
class GowinPllParameters:
    """The dividers of an rPLL: the oscillator runs at the output times the output divider.

    Attributes
    ----------
    device
        What the rPLL calls the device.
    input_hz
        The clock at the pin.
    input_divider, feedback_divider, output_divider
        The output is input · feedback / input divider.
    """

    device: str
    input_hz: int
    input_divider: int
    feedback_divider: int
    output_divider: int

    @classmethod
    def find(
        cls,
        input_hz: int,
        output_hz: int,
        *,
        device: str,
        input_limits_hz: tuple[int, int],
        oscillator_limits_hz: tuple[int, int],
        output_limits_hz: tuple[int, int],
    ) -> "GowinPllParameters":
        """Return the dividers whose output is nearest to `output_hz`, the smallest first.

        Raises
        ------
        ValueError
            If input or output are not within the limits, or none is within 1 %.
        """
        integer("Gowin PLL input_hz", input_hz, *input_limits_hz)
        integer("Gowin PLL output_hz", output_hz, *output_limits_hz)
        low, high = oscillator_limits_hz
        found: Iterable[GowinPllParameters] = (
            cls(
                device=device,
                input_hz=input_hz,
                input_divider=input_divider,
                feedback_divider=feedback_divider,
                output_divider=output_divider,
            )
            for input_divider in range(1, 1 + min(64, input_hz // _PHASE_MIN_HZ))
            for feedback_divider in range(1, 65)
            for output_divider in _OUTPUT_DIVIDERS
            if low <= input_hz * feedback_divider / input_divider * output_divider <= high
        )
        return nearest("Gowin PLL", found, output_hz)

    @property
    def output_hz(self) -> int:
        """The clock it makes, in Hz."""
        return self.input_hz * self.feedback_divider // self.input_divider

    def create(self, port: Any) -> "GowinPll":
        """Return the generator fed by the pin `port`."""
        return GowinPll(self, port)


class GowinPll(Pll):
    """A clock from a pin."""

    def elaborate(self, platform: object) -> Module:
        """Build the pin's buffer and the PLL."""
        m = Module()
        m.submodules.buffer = buffer = io.Buffer("i", self.port)
        m.submodules.pll = Instance(
            "rPLL",
            p_DEVICE=self.parameters.device,
            p_FCLKIN=str(self.parameters.input_hz / 1_000_000),
            p_IDIV_SEL=self.parameters.input_divider - 1,
            p_FBDIV_SEL=self.parameters.feedback_divider - 1,
            p_ODIV_SEL=self.parameters.output_divider,
            p_DYN_IDIV_SEL="false",
            p_DYN_FBDIV_SEL="false",
            p_DYN_ODIV_SEL="false",
            p_DYN_DA_EN="false",
            p_PSDA_SEL="0000",
            p_DUTYDA_SEL="1000",
            p_CLKFB_SEL="internal",
            p_CLKOUT_BYPASS="false",
            p_CLKOUTP_BYPASS="false",
            p_CLKOUTD_BYPASS="false",
            p_DYN_SDIV_SEL=2,
            p_CLKOUTD_SRC="CLKOUT",
            p_CLKOUTD3_SRC="CLKOUT",
            i_CLKIN=buffer.i,
            i_CLKFB=0,
            i_RESET=0,
            i_RESET_P=0,
            i_FBDSEL=0,
            i_IDSEL=0,
            i_ODSEL=0,
            i_PSDA=0,
            i_DUTYDA=0,
            i_FDLY=0,
            o_CLKOUT=self.clock,
            o_LOCK=self.locked,
        )
        return m


RAMS = """
ram distributed $__GOWIN_LUTRAM_ {
    abits 4;
    width 4;
    cost 4;
    widthscale;
    init no_undef;
    prune_rom;
    port sw "W" { clock posedge; }
    port ar "R" { }
}
ram block $__GOWIN_SDP_ {
    abits 14;
    widths 1 2 4 9 18 36 per_port;
    cost 128;
    byte 9;
    init no_undef;
    port sr "R" {
        clock posedge;
        clken;
        option "RESET_MODE" "SYNC" { rdsrst zero ungated; }
        rdinit zero;
    }
    port sw "W" { clock posedge; clken; wrbe_separate; }
}
"""
"""Those of Yosys' own library that are wanted."""


def gowin(*, device: str, family: str, cells: str, part: str, pll: partial[Any]) -> OpenFamily:
    """Return a device and its tools.

    Parameters
    ----------
    device
        As its maker writes it.
    family
        What the tools call its die.
    cells
        What Yosys calls its family.
    part
        Its name among the parts.
    pll
        Finds the dividers of its rPLL.
    """
    return OpenFamily(
        device=device,
        part=PARTS[part],
        synthesis="synth_gowin",
        synthesis_options=("-family", cells, "-nodsp"),
        placer="nextpnr-himbaechel-gowin",
        placer_device=("--device", device, "--vopt", f"family={family}"),
        unplaced=(),
        constraints=".cst",
        pins=("--vopt", "cst={constraints}", "--freq", "{mhz}"),
        routed=("--write", ".placed.json"),
        packer=("gowin_pack", "-d", family, "-o", "{bitstream}", "{routed}"),
        bitstream=".fs",
        utilization={
            "logic_cells": "LUT4",
            "flip_flops": "DFF",
            "lut_rams": "RAM16SDP4",
            "block_rams": "BSRAM",
            "pins": "IOB TBUF",
        },
        memories={"SDPB": "block_rams", "SDPX9B": "block_rams", "RAM16SDP4": "lut_rams"},
        flip_flops="DFF",
        pll=pll,
        ram_library=RAMS,
    )


GW1NR_9C = gowin(
    device="GW1NR-LV9QN88PC6/I5",
    family="GW1N-9C",
    cells="gw1n",
    part="gw1nr-9",
    pll=partial(
        GowinPllParameters.find,
        device="GW1NR-9C",
        input_limits_hz=(3_000_000, 400_000_000),
        oscillator_limits_hz=(400_000_000, 1_200_000_000),
        output_limits_hz=(3_125_000, 600_000_000),
    ),
)
GW2AR_18C = gowin(
    device="GW2AR-LV18QN88C8/I7",
    family="GW2A-18C",
    cells="gw2a",
    part="gw2ar-18",
    pll=partial(
        GowinPllParameters.find,
        device="GW2AR-18C",
        input_limits_hz=(3_000_000, 500_000_000),
        oscillator_limits_hz=(500_000_000, 1_250_000_000),
        output_limits_hz=(3_906_250, 625_000_000),
    ),
)
