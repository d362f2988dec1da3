"""A board without a board: its whole top in Verilator, from pin to pin.

The same `BoardTop` that a bitstream is built of is elaborated with pins that are ports and a clock
that is one, and compiled. `VirtualBoard` is that with a serial line in simulated time.
"""

import ctypes
from pathlib import Path
from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import io, wiring
from amaranth.lib.wiring import In, Out

from ..boards.board import Board
from ..boards.build import BoardTop, BuildParameters, settled
from ..boards.core import accelerator_for
from ..boards.top import Top
from ..hw.plan.plan import Plan
from ..sim.bench.cache import default_folder
from ..sim.bench.native_engine import compiled
from ..toolchain.verilog import convert

NAME = "board"
_HARNESS = Path(__file__).with_name("board.cpp")
LOCKED_AFTER = 16
"""Cycles after which the stand-in of a PLL says that its clock is stable."""


class _Clock(wiring.Component):
    """A PLL's stand-in: the clock of the bench, stable after a while."""

    def __init__(self, port: Any) -> None:
        self._port = port
        super().__init__({"clock": Out(1), "locked": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        left = Signal(range(LOCKED_AFTER + 1), init=LOCKED_AFTER)
        m.d.comb += [self.clock.eq(self._port.i), self.locked.eq(left == 0)]
        with m.If(left != 0):
            m.d.sync += left.eq(left - 1)
        return m


class _ClockOf:
    """What `BoardTop` takes for a PLL's dividers."""

    def create(self, port: Any) -> _Clock:
        return _Clock(port)


class _Pins:
    """What `BoardTop` takes for a platform: pins that are ports."""

    single_port_memory = None
    """A large RAM is what stands for it, which holds anything until it is written."""

    def __init__(self) -> None:
        self.clock = io.SimulationPort("i", 1, name="oscillator")
        self.rx = io.SimulationPort("i", 1, name="rx")
        self.tx = io.SimulationPort("o", 1, name="tx")
        self.leds = [io.SimulationPort("o", 1, name=f"led{number}") for number in range(2)]

    def request(self, name: str, number: int = 0, *, dir: str) -> Any:
        assert dir == "-"
        if name == "uart":
            return self
        return self.leds[number] if name == "led" else self.clock


class _Pinned(wiring.Component):
    """A board's top with its pins as ports of a module."""

    def __init__(self, design: BoardTop, pins: _Pins) -> None:
        self._design, self._pins = design, pins
        super().__init__(
            {"clk": In(1), "rx": In(1), "tx": Out(1), "busy": Out(1), "failed": Out(1)}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        pins = self._pins
        m.submodules.board = self._design
        m.d.comb += [
            pins.clock.i.eq(self.clk),
            pins.rx.i.eq(self.rx),
            self.tx.eq(pins.tx.o),
            self.failed.eq(pins.leds[0].o),
            self.busy.eq(pins.leds[1].o),
        ]
        return m


class _Turn(ctypes.Structure):
    """`Turn` of `board.cpp`."""

    _fields_ = [
        ("input", ctypes.c_char_p), ("output", ctypes.c_void_p),
        *((name, ctypes.c_uint64) for name in (
            "in_count", "in_taken", "out_room", "out_count", "most_cycles", "idle_cycles", "cycles",
            "busy",
        )),
    ]  # fmt: skip


class Simulation:
    """A module in Verilator that has a serial line, in simulated time.

    Parameters
    ----------
    verilog, name
        A text, and the name of its module with the ports `clk`, `rx`, `tx` and `busy`.
    divisor
        Cycles a bit.
    models
        Where compiled models are kept; by default in the user's cache.

    Attributes
    ----------
    cycles
        That have passed.
    busy
        Something happens on the line, or the module is at work.

    Raises
    ------
    ToolError, CompileError
        Where a tool is missing, or fails.
    """

    OUT_BYTES = 1 << 14

    def __init__(
        self, verilog: str, name: str, divisor: int, *, models: Path | None = None
    ) -> None:
        texts = {
            "board.v": verilog,
            _HARNESS.name: _HARNESS.read_text(encoding="utf-8"),
        }
        folder = models or default_folder() / "models"
        library = ctypes.CDLL(str(compiled(texts, name, folder)))
        library.somagate_board_new.restype = ctypes.c_void_p
        library.somagate_board_new.argtypes = [ctypes.c_uint64]
        library.somagate_board_run.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
        library.somagate_board_free.argtypes = [ctypes.c_void_p]
        self._library, self._divisor = library, divisor
        self._board: int | None = library.somagate_board_new(divisor)
        self._out = ctypes.create_string_buffer(self.OUT_BYTES)
        self._input = b""
        self.cycles = 0
        self.busy = False

    def send(self, data: bytes) -> None:
        """Put bytes onto the line to the module, behind those that wait."""
        self._input += data

    @property
    def waiting(self) -> int:
        """Bytes that aren't on the line yet."""
        return len(self._input)

    def run(self, cycles: int, idle_cycles: int) -> bytes:
        """Let cycles pass, and return what came from the module.

        It ends early once nothing has happened on the line, and nothing is at work, for
        `idle_cycles`.
        """
        turn = _Turn(
            input=self._input, output=ctypes.addressof(self._out), in_count=len(self._input),
            out_room=self.OUT_BYTES, most_cycles=cycles, idle_cycles=idle_cycles,
        )  # fmt: skip
        self._library.somagate_board_run(self._board, ctypes.byref(turn))
        self._input = self._input[turn.in_taken :]
        self.busy = bool(turn.busy) or bool(self._input)
        self.cycles += turn.cycles
        return self._out.raw[: turn.out_count]

    def restart(self) -> None:
        """Take the power away and give it back: all is as after configuration."""
        self.close()
        self._board = self._library.somagate_board_new(self._divisor)
        self._input = b""

    def close(self) -> None:
        """End the simulation."""
        if self._board is not None:
            self._library.somagate_board_free(self._board)
            self._board = None


class VirtualBoard(Simulation):
    """A board in simulated time.

    Parameters
    ----------
    plan
        What its bitstream would be built from.
    board
        Which.
    parameters
        Of the build.
    models
        Where compiled models are kept; by default in the user's cache.

    Attributes
    ----------
    baud, clock_hz
        Of the line, and of the clock.

    Raises
    ------
    ValueError
        Where the board's clock or line can't have the speed wanted.
    ToolError, CompileError
        Where a tool is missing, or fails.
    """

    def __init__(
        self,
        plan: Plan,
        board: Board,
        parameters: BuildParameters | None = None,
        *,
        models: Path | None = None,
    ) -> None:
        _, line = settled(board, parameters or BuildParameters(), plan.word_bits)
        self.baud, self.clock_hz = line.uart.baud, line.uart.clock_hz
        pins = _Pins()
        accelerator = accelerator_for(plan, line.extras)
        design = BoardTop(Top(accelerator, line), board, _ClockOf())
        verilog = convert(_Pinned(design, pins), name=NAME, platform=pins)
        super().__init__(verilog, NAME, line.uart.divisor, models=models)
