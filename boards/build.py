"""A bitstream for a board: the accelerator behind its pins, and a report of what it became."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amaranth.hdl import ClockDomain, ClockSignal, Elaboratable, Module
from amaranth.lib import io

from ..checks.arguments import integer
from ..checks.files import held, naming
from ..hw import generate
from ..toolchain import tools
from ..toolchain.depth import deep
from . import flow
from .board import Board
from .core import NONE, TopParameters
from .families.family import OpenFamily
from .report import BuildReport, read, sha256
from .top import Top
from .uart import BAUD, UartParameters
from .wire.protocol import Extra, names_of

Progress = Callable[[str, int, int], None]
"""Called with a step's name, the steps done and all steps, before each step and at the end."""


@dataclass(frozen=True, kw_only=True)
class BuildParameters:
    """What a build leaves to choose; None takes what suits the board.

    Attributes
    ----------
    clock_hz
        The gateware's clock; the PLL makes the nearest it can.
    baud
        The serial line's speed.
    buffer_bytes
        Of the frames that wait on the serial line; a power of two.
    seed
        Of the first placement.
    seeds
        How many placements to try, seed after seed, while a clock is too slow; the fastest is kept.
    synthesis_options
        Given to yosys' synthesis command.
    extras
        What the board has beyond inferences.
    """

    clock_hz: int | None = None
    baud: int = BAUD
    buffer_bytes: int | None = None
    seed: int = 1
    seeds: int = 8
    synthesis_options: tuple[str, ...] | None = None
    extras: Extra = NONE

    def __post_init__(self) -> None:
        integer("Build seed", self.seed, 0, 2**31 - 1)
        integer("Build seeds", self.seeds, 1, 1000)


class BoardTop(Elaboratable):
    """A board's pins, its clock and the top behind them.

    Parameters
    ----------
    top
        What to put on the board.
    board
        Where.
    pll
        The dividers of its clock.
    """

    def __init__(self, top: Top, board: Board, pll: Any) -> None:
        self.top, self.board, self.pll = top, board, pll

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        # The top starts itself once the clock is stable, so the domain needs no reset of its own.
        m.domains.sync = ClockDomain(reset_less=True)
        oscillator = platform.request(self.board.oscillator, dir="-")
        m.submodules.pll = pll = self.pll.create(oscillator)
        m.submodules.top = top = self.top
        uart = platform.request("uart", dir="-")
        m.submodules.rx = rx = io.Buffer("i", uart.rx)
        m.submodules.tx = tx = io.Buffer("o", uart.tx)
        m.submodules.failed = failed = io.Buffer("o", platform.request("led", 0, dir="-"))
        m.submodules.busy = busy = io.Buffer("o", platform.request("led", 1, dir="-"))
        m.d.comb += [
            *(ClockSignal().eq(pll.clock), top.locked.eq(pll.locked)),
            *(top.rx.eq(rx.i), tx.o.eq(top.tx)),
            *(failed.o.eq(top.failed), busy.o.eq(top.busy)),
        ]
        return m


def build(
    accelerator: Any,
    board: Board,
    folder: Path,
    parameters: BuildParameters | None = None,
    *,
    progress: Progress | None = None,
) -> BuildReport:
    """Synthesize, place, route and pack an accelerator for a board.

    The folder gets the bitstream, ``report.json``, the logs and every file between; and of an
    accelerator with a plan its ``manifest.json`` and ``tables.safetensors``, from which a host
    knows what can be loaded. Timing that fails is in the report, and the bitstream is kept.

    Parameters
    ----------
    accelerator
        A `somagate.hw.rtl.accelerator.Accelerator` that can do what the extras ask of it, as
        `somagate.boards.core.accelerator_for` returns it.
    board
        One of `somagate.boards.registry.BOARDS`.
    folder
        Made if it is not there; files of an earlier build are replaced.
    parameters
        What to choose.
    progress
        Told of every step.

    Raises
    ------
    BuildError
        If a tool refuses the design; the message names the reason and the log.
    ToolError
        If a tool is missing.
    ValueError
        If open tools don't build for the board, or the clock or the line can't have the speed
        wanted.
    """
    parameters = parameters or BuildParameters()
    family = open_family(board)
    for tool in ("amaranth-boards", "yosys", family.placer, family.packer[0]):
        tools.require(tool)
    tell = progress or (lambda step, done, steps: None)
    pll, line = settled(board, parameters, len(accelerator.input.payload))
    design = BoardTop(Top(accelerator, line), board, pll)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with held(folder), naming(folder / flow.NAME):
            return _build(design, family, folder, parameters, tell)
    except BlockingIOError:
        raise flow.BuildError(
            f"{folder} must be built by one at a time, but another process builds there; wait for "
            "it, or name another folder"
        ) from None


def open_family(board: Board) -> OpenFamily:
    """Return a board's device and its open tools.

    Raises
    ------
    ValueError
        If it has none.
    """
    family = board.family
    if not isinstance(family, OpenFamily):
        raise ValueError(
            f"board must be one that the open tools build for, not {board.name}, whose "
            f"{family.device} needs Vivado: `somagate generate TABLES --for vivado --board "
            f"{board.name}` writes what that reads"
        )
    return family


def settled(board: Board, parameters: BuildParameters, word_bits: int) -> tuple[Any, TopParameters]:
    """Return the clock's dividers and the serial line's numbers; refuses what a board can't have.

    Raises
    ------
    ValueError
        If the clock or the line can't have the speed wanted.
    """
    pll = board.family.pll(board.oscillator_hz, parameters.clock_hz or board.clock_hz)
    line = TopParameters(
        uart=UartParameters(clock_hz=pll.output_hz, baud=parameters.baud),
        word_bits=word_bits,
        buffer_bytes=parameters.buffer_bytes or board.buffer_bytes,
        extras=parameters.extras,
    )
    return pll, line


def prepared(design: BoardTop) -> dict[str, str]:
    """Return a board's top as RTLIL and its pins and clocks, by file, as Amaranth writes them."""
    # The platform itself would look for a loader to build.
    platform = design.board.platform()
    platform.single_port_memory = design.board.family.single_port_memory
    with deep():
        plan = platform.prepare(design, flow.NAME, emit_src=False)
    files = (f"{flow.NAME}.il", flow.NAME + design.board.family.constraints)
    return {file: plan.files[file] for file in files}


def _build(
    design: BoardTop,
    family: OpenFamily,
    folder: Path,
    parameters: BuildParameters,
    tell: Progress,
) -> BuildReport:
    board, accelerator = design.board, design.top.accelerator
    tell("Amaranth", 0, 4)
    for file, text in prepared(design).items():
        (folder / file).write_text(text, encoding="utf-8")

    if hasattr(accelerator, "plan"):
        generate.save_manifest(accelerator.plan, folder)

    tell("yosys", 1, 4)
    synthesis = flow.synthesize(family, folder, parameters.synthesis_options)
    tell("nextpnr", 2, 4)
    seeds = range(parameters.seed, parameters.seed + parameters.seeds)
    mhz = f"{design.pll.output_hz / 1e6:.6f}"
    names = {"constraints": flow.NAME + family.constraints, "mhz": mhz}
    pins = [word.format(**names) for word in family.pins]
    seed, placements = flow.place_until_fast(family, folder, seeds, pins)
    tell(family.packer[0], 3, 4)
    bitstream = flow.pack(family, folder)
    tell("done", 4, 4)

    result = read(
        family,
        folder,
        target=board.name,
        tables_sha256=tables_sha256(accelerator),
        seed=seed,
        synthesis=synthesis,
        tools=versions("yosys", family.placer, family.packer[0]),
        clock_hz=design.pll.output_hz,
        settings={
            "baud": parameters.baud,
            "placements": placements,
            "buffer_bytes": design.top.parameters.buffer_bytes,
            "extras": names_of(parameters.extras),
        },
        bitstream=bitstream.name,
        bitstream_sha256=sha256(bitstream),
    )
    result.save(folder)
    return result


def tables_sha256(accelerator: Any) -> str:
    """Return the hash of the tables that an accelerator was made of, or '' if of none."""
    return accelerator.plan.tables.sha256 if hasattr(accelerator, "plan") else ""


def versions(*names: str) -> dict[str, str]:
    """Return the version of each tool."""
    return {name: tools.require(name).version for name in sorted(names)}
