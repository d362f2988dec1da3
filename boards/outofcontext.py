"""The bare accelerator on a device, without a board, to measure its size and its speed.

The ports of an accelerator outnumber a small device's pins. So a shift register feeds its inputs,
and its outputs are summed up in a signature register, both one flip-flop a bit: three pins remain,
every path starts and ends at a flip-flop, and synthesis can't remove what nobody reads.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amaranth.back import rtlil
from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..checks.arguments import integer
from ..hw.rtl.observe import observers
from ..toolchain import tools
from . import flow
from .build import Progress, tables_sha256, versions
from .families.family import OpenFamily
from .report import BuildReport, read

TARGET = "out of context"


@dataclass(frozen=True, kw_only=True)
class MeasureParameters:
    """What a measurement leaves to choose.

    Attributes
    ----------
    clock_hz
        What placement aims at.
    seed
        Of placement.
    synthesis_options
        Given to yosys' synthesis command; None takes the family's.
    """

    clock_hz: int
    seed: int = 1
    synthesis_options: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        integer("Measure clock_hz", self.clock_hz, 1_000_000, 10**9)
        integer("Measure seed", self.seed, 0, 2**31 - 1)


class Wrapper(wiring.Component):
    """A component behind three pins.

    Attributes
    ----------
    input_bits, output_bits
        Flip-flops that feed the component's inputs, and that sum up its outputs; the latter take
        a look-up table each, too.

    Members
    -------
    shift_in : In(1)
    signature_out : Out(1)
    """

    def __init__(self, component: Any) -> None:
        self.component = component
        members = [
            (member, Value.cast(value))
            for name in sorted(component.signature.members)
            if not name.startswith("observe")
            for _, member, value in _leaves(component, name)
        ]
        self._inputs = [value for member, value in members if member.flow is In]
        self._outputs = [value for member, value in members if member.flow is Out]
        self.input_bits = sum(len(value) for value in self._inputs)
        self.output_bits = sum(len(value) for value in self._outputs)
        super().__init__({"shift_in": In(1), "signature_out": Out(1)})

    def elaborate(self, platform: object) -> Module:
        """Build the two registers around the component."""
        m = Module()
        m.submodules.component = self.component
        shift = Signal(self.input_bits)
        signature = Signal(self.output_bits)
        m.d.sync += [
            shift.eq(Cat(self.shift_in, shift)),
            signature.eq(signature.rotate_left(1) ^ Cat(*self._outputs)),
        ]
        m.d.comb += [Cat(*self._inputs).eq(shift), self.signature_out.eq(signature[-1])]
        for name in observers(self.component):
            m.d.comb += getattr(self.component, name).ready.eq(1)
        return m


def measure(
    accelerator: Any,
    family: OpenFamily,
    folder: Path,
    parameters: MeasureParameters,
    *,
    progress: Progress | None = None,
) -> BuildReport:
    """Synthesize, place and route an accelerator alone; there is no bitstream.

    The folder gets ``report.json``, the logs and every file between. The report's settings say how
    many flip-flops are the wrapper's: `Wrapper.input_bits` and `Wrapper.output_bits`.

    Raises
    ------
    BuildError
        If a tool refuses the design; the message names the reason and the log.
    ToolError
        If a tool is missing.
    """
    for tool in ("yosys", family.placer):
        tools.require(tool)
    tell = progress or (lambda step, done, steps: None)
    folder.mkdir(parents=True, exist_ok=True)

    tell("Amaranth", 0, 3)
    wrapper = Wrapper(accelerator)
    text = rtlil.convert(wrapper, name=flow.NAME, platform=family, emit_src=False)
    (folder / f"{flow.NAME}.il").write_text(text, encoding="utf-8")

    tell("yosys", 1, 3)
    synthesis = flow.synthesize(family, folder, parameters.synthesis_options)
    tell("nextpnr", 2, 3)
    aim = ("--freq", f"{parameters.clock_hz / 1e6:.6f}")
    flow.place_and_route(family, folder, parameters.seed, (*family.unplaced, *aim))
    tell("done", 3, 3)

    result = read(
        family,
        folder,
        target=TARGET,
        tables_sha256=tables_sha256(accelerator),
        seed=parameters.seed,
        synthesis=synthesis,
        tools=versions("yosys", family.placer),
        clock_hz=parameters.clock_hz,
        settings={
            "wrapper_input_bits": wrapper.input_bits,
            "wrapper_output_bits": wrapper.output_bits,
        },
        bitstream="",
        bitstream_sha256="",
    )
    result.save(folder)
    return result


def _leaves(component: Any, name: str) -> list[tuple[Any, Any, Any]]:
    """Return (path, member, value) of every signal of one port."""
    return [leaf for leaf in component.signature.flatten(component) if leaf[0][0] == name]
