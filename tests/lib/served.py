"""A virtual board in simulated time, as a line: nothing of the machine lies between."""

from collections.abc import Sequence
from dataclasses import replace

from somagate.boards.build import BuildParameters
from somagate.boards.registry import BOARDS
from somagate.boards.wire.protocol import extras as extras_of
from somagate.export.tables import Tables
from somagate.host.serving import Faults, FaultyLine
from somagate.host.virtual_board import Simulation, VirtualBoard
from somagate.hw.plan.plan import Plan

BOARD = BOARDS["icebreaker"]
BAUD = 3_000_000


def planned(tables: Tables, **more: object) -> Plan:
    """Return the plan of a few lanes for the board."""
    return Plan.single(tables, lanes=4, update_lanes=2, word_bits=BOARD.word_bits, **more)


class SimulatedLine:
    """A board and its line; by default the virtual one."""

    def __init__(
        self,
        plan: Plan,
        faults: Faults | None = None,
        extras: Sequence[str] = (),
        board: Simulation | None = None,
    ) -> None:
        faults = faults or Faults()
        parameters = BuildParameters(baud=BAUD, extras=extras_of(extras))
        self.board = board or VirtualBoard(plan, BOARD, parameters)
        self.ways = FaultyLine(faults), FaultyLine(replace(faults, seed=faults.seed + 1))
        self.closed = False

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self.board.send(self.ways[0].passed(data)[0])

    def read(self) -> bytes:
        """Return what comes in a while."""
        return self.ways[1].passed(self.board.run(4000, 100))[0]

    def close(self) -> None:
        """End the simulation."""
        self.closed = True
        self.board.close()
