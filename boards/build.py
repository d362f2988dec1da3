"""A bitstream for a board: the accelerator behind its pins, and a report of what it became."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amaranth.hdl import ClockDomain, ClockSignal, Elaboratable, Module

from ..export.checks import integer
from ..hw import tools
from . import flow
from .board import Board
from .report import (
    BuildReport,
    read_cells,
    read_clocks,
    read_critical_path,
    read_memories,
    read_utilization,
    sha256,
)
from .top import Top, TopParameters
from .uart import UartParameters

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
    queue_words
        Words of input that wait while the accelerator is busy.
    seed
        Of placement.
    synthesis_options
        Given to yosys' synthesis command.
    """

    clock_hz: int | None = None
    baud: int = 115200
    queue_words: int | None = None
    seed: int = 1
    synthesis_options: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        integer("Build seed", self.seed, 0, 2**31 - 1)


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
        """Build the board."""
        m = Module()
        # The top starts itself once the clock is stable, so the domain needs no reset of its own.
        m.domains.sync = ClockDomain(reset_less=True)
        oscillator = platform.request(self.board.oscillator, dir="-")
        m.submodules.pll = pll = self.pll.create(oscillator)
        m.submodules.top = top = self.top
        uart = platform.request("uart")
        failed, busy = platform.request("led", 0), platform.request("led", 1)
        m.d.comb += [
            ClockSignal().eq(pll.clock),
            top.locked.eq(pll.locked),
            top.rx.eq(uart.rx.i),
            uart.tx.o.eq(top.tx),
            failed.o.eq(top.failed),
            busy.o.eq(top.busy),
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

    The folder gets the bitstream, ``report.json``, the logs and every file between. Timing that
    fails is in the report, and the bitstream is kept.

    Parameters
    ----------
    accelerator
        A `somagate.hw.accelerator.Accelerator`.
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
        If the clock or the line can't have the speed wanted.
    """
    parameters = parameters or BuildParameters()
    family = board.family
    for tool in ("amaranth-boards", "yosys", family.placer, family.packer[0]):
        tools.require(tool)
    report = progress or (lambda step, done, steps: None)
    folder.mkdir(parents=True, exist_ok=True)

    report("Amaranth", 0, 4)
    pll = family.pll(board.oscillator_hz, parameters.clock_hz or board.clock_hz)
    uart = UartParameters(clock_hz=pll.output_hz, baud=parameters.baud)
    top_parameters = TopParameters(
        uart=uart,
        word_bits=len(accelerator.input.payload),
        queue_words=parameters.queue_words or board.queue_words,
    )
    design = BoardTop(Top(accelerator, top_parameters), board, pll)
    # Amaranth's platform only writes the design and its pins; it would look for a loader to build.
    plan = board.platform().prepare(design, flow.NAME, emit_src=False)
    option, ending = family.constraints
    for file in (f"{flow.NAME}.il", flow.NAME + ending):
        (folder / file).write_text(plan.files[file])

    report("yosys", 1, 4)
    options = (
        family.synthesis_options
        if parameters.synthesis_options is None
        else parameters.synthesis_options
    )
    flow.synthesize(family, folder, options)
    report("nextpnr", 2, 4)
    flow.place_and_route(family, folder, parameters.seed, (option, flow.NAME + ending))
    report(family.packer[0], 3, 4)
    bitstream = flow.pack(family, folder)
    report("done", 4, 4)

    cells = read_cells(folder)
    names = ("yosys", family.placer, family.packer[0])
    result = BuildReport(
        target=board.name,
        device=family.device,
        tables_sha256=accelerator.plan.tables.sha256 if hasattr(accelerator, "plan") else "",
        seed=parameters.seed,
        synthesis=" ".join([family.synthesis, *options]),
        tools={name: tools.require(name).version for name in names},
        clock_hz=pll.output_hz,
        settings={"baud": parameters.baud, "queue_words": top_parameters.queue_words},
        utilization=read_utilization(family, folder, cells),
        cells=cells,
        memories=read_memories(family, folder),
        clocks=read_clocks(folder),
        critical_path=read_critical_path(folder),
        bitstream=bitstream.name,
        bitstream_sha256=sha256(bitstream),
    )
    result.save(folder)
    return result
