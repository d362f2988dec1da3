"""AMD's Artix-7: its clock generator, and what its platform hands to Vivado."""

from dataclasses import dataclass
from typing import Any

from amaranth.build import Attrs, Clock, Pins, Resource, Subsignal
from amaranth.hdl import Instance, Module, Signal
from amaranth.lib import io
from amaranth.vendor import XilinxPlatform

from ...checks.arguments import integer
from ...hw.cost.part import PARTS
from .family import VivadoFamily
from .pll import Pll, nearest

# Of speed grade 1, the slowest, at its full voltage.
_INPUT_HZ = (19_000_000, 800_000_000)
_PHASE_HZ = (19_000_000, 450_000_000)
_OSCILLATOR_HZ = (800_000_000, 1_600_000_000)
_OUTPUT_HZ = (6_250_000, 464_000_000)
"""At most what a global clock buffer takes."""


@dataclass(frozen=True, kw_only=True)
class Xilinx7PllParameters:
    """The dividers of a PLLE2_BASE: input · feedback / input divider is its oscillator's clock.

    Attributes
    ----------
    input_hz
        The clock that it is fed, 19…800 MHz.
    input_divider, feedback_divider, output_divider
        1…56, 2…64 and 1…128; the last makes the output of the oscillator's clock.
    """

    input_hz: int
    input_divider: int
    feedback_divider: int
    output_divider: int

    @classmethod
    def find(cls, input_hz: int, output_hz: int) -> "Xilinx7PllParameters":
        """Return the dividers whose output is nearest to `output_hz`.

        Of those the first has the smallest input divider, then the fastest oscillator, as both
        lessen jitter.

        Raises
        ------
        ValueError
            If the input is not 19…800 MHz, the output not 6.25…464 MHz, or none is within 1 %.
        """
        integer("Artix-7 PLL input_hz", input_hz, *_INPUT_HZ)
        integer("Artix-7 PLL output_hz", output_hz, *_OUTPUT_HZ)
        found = (
            cls(
                input_hz=input_hz,
                input_divider=input_divider,
                feedback_divider=feedback_divider,
                output_divider=output_divider,
            )
            for input_divider in range(1, 57)
            if _PHASE_HZ[0] <= input_hz / input_divider <= _PHASE_HZ[1]
            for feedback_divider in range(64, 1, -1)
            for made_hz in [input_hz * feedback_divider / input_divider]
            if _OSCILLATOR_HZ[0] <= made_hz <= _OSCILLATOR_HZ[1]
            for output_divider in [min(128, max(1, round(made_hz / output_hz)))]
        )
        return nearest("Artix-7 PLL", found, output_hz)

    @property
    def output_hz(self) -> int:
        """The clock it makes, in Hz."""
        return self.input_hz * self.feedback_divider // (self.input_divider * self.output_divider)

    def create(self, port: Any) -> "Xilinx7Pll":
        """Return the generator fed by the pin `port`."""
        return Xilinx7Pll(self, port)


class Xilinx7Pll(Pll):
    """A clock from a pin, on a global buffer."""

    def elaborate(self, platform: object) -> Module:
        """Build the pin's buffer, the PLL and the clock's buffer."""
        m = Module()
        feedback, made = Signal(), Signal()
        m.submodules.buffer = buffer = io.Buffer("i", self.port)
        m.submodules.pll = Instance(
            "PLLE2_BASE",
            p_CLKIN1_PERIOD=1e9 / self.parameters.input_hz,
            p_DIVCLK_DIVIDE=self.parameters.input_divider,
            p_CLKFBOUT_MULT=self.parameters.feedback_divider,
            p_CLKOUT0_DIVIDE=self.parameters.output_divider,
            i_CLKIN1=buffer.i,
            i_CLKFBIN=feedback,
            i_RST=0,
            i_PWRDWN=0,
            o_CLKFBOUT=feedback,
            o_CLKOUT0=made,
            o_LOCKED=self.locked,
        )
        m.submodules.global_buffer = Instance("BUFG", i_I=made, o_O=self.clock)
        return m


class VivadoPlatform(XilinxPlatform):
    """Amaranth's platform, of whose files only the design and its pins and clocks are written.

    The Verilog and what runs Vivado are `somagate.boards.vivado`'s. Times of pins say nothing here:
    the line is asynchronous, and lights are looked at.
    """

    connectors: list[Any] = []
    file_templates = {
        "{{name}}.il": "{{emit_rtlil()}}",
        "{{name}}.xdc": r"""
            {% for port, pin, attrs in platform.iter_port_constraints_bits() -%}
            set_property PACKAGE_PIN {{pin}} [get_ports {{port|tcl_quote}}]
            {% for name, value in attrs.items() -%}
            set_property {{name}} {{value|tcl_quote}} [get_ports {{port|tcl_quote}}]
            {% endfor -%}
            {% endfor -%}
            {% for clock, hz in platform.iter_port_clock_constraints() -%}
            {% set ns = 1000000000 / hz -%}
            create_clock -name {{clock.name}} -period {{ns}} [get_ports {{clock.name|tcl_quote}}]
            {% endfor %}
        """,
    }
    command_templates: list[str] = []


def vivado_platform(names: tuple[str, str, str], clock: str, uart: str, lights: str) -> Any:
    """Return the platform of a board with 3.3 V at these pins, and 100 MHz.

    Parameters
    ----------
    names
        Device, package and speed, as Amaranth has them.
    clock, uart, lights
        Pins: of the oscillator 'clk100'; from and to the host; of the lights.
    """
    levels = Attrs(IOSTANDARD="LVCMOS33")
    receive, send = (Pins(pin, dir=way) for pin, way in zip(uart.split(), "io", strict=True))

    class Platform(VivadoPlatform):
        device, package, speed = names
        resources = [
            Resource("clk100", 0, Pins(clock, dir="i"), Clock(100_000_000), levels),
            Resource("uart", 0, Subsignal("rx", receive), Subsignal("tx", send), levels),
            *(
                Resource("led", number, Pins(pin, dir="o"), levels)
                for number, pin in enumerate(lights.split())
            ),
        ]

    return Platform()


def xilinx7(part: str, device: str) -> VivadoFamily:
    """Return an Artix-7.

    Parameters
    ----------
    part
        As of `somagate.hw.cost.part.PARTS`.
    device
        The part with its package and speed, as Vivado has it.
    """
    return VivadoFamily(
        device=device,
        part=PARTS[part],
        constraints=".xdc",
        pll=Xilinx7PllParameters.find,
        configuration={"CFGBVS": "VCCO", "CONFIG_VOLTAGE": "3.3"},
    )
