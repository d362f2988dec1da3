"""Images a second over a board's serial line, in simulated time.

The whole board runs in Verilator, and the host's end of the line goes by the simulation's clock, so
that no machine's speed is in the figure:

    python -m benchmarks.boards.line examples/digits.safetensors --data digits
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import somagate as sg
from somagate.boards.build import BuildParameters
from somagate.boards.core import NONE
from somagate.boards.uart import DIVISOR_MIN
from somagate.boards.wire.protocol import Command, Extra
from somagate.host.job import Job
from somagate.host.link import Link
from somagate.host.pixels import Pixels
from somagate.host.virtual_board import VirtualBoard

LOOK_CYCLES = 480
"""Between two looks of the host at its line: 20 µs at 24 MHz."""


def measure(
    design: sg.Design, data: sg.Samples, baud: int | None = None, *, pixels: bool = False
) -> dict[str, Any]:
    """Return what the host gets of a virtual board, and how many samples a simulated second.

    Parameters
    ----------
    design
        Planned for a board.
    data
        The samples.
    baud
        Of the line; by default the fastest, an eighth of the clock.
    pixels
        Whether the board makes spikes of the samples' pixels.
    """
    assert design.board is not None and design.clock_hz is not None
    baud = baud or design.clock_hz // DIVISOR_MIN
    extras = Extra.PIXELS if pixels else NONE
    parameters = BuildParameters(baud=baud, extras=extras)
    board = VirtualBoard(design.plan, design.board, parameters)
    link = Link(byte_seconds=10 / baud, answers_each=design.tables.answers)
    job = Job(
        design.plan, design.plan, design.tables, data.x,
        Pixels(design.plan, design.plan).packed if pixels else None,
    )  # fmt: skip

    def turn() -> None:
        now = board.cycles / board.clock_hz
        board.send(link.give(now))
        link.take(board.run(LOOK_CYCLES, board.clock_hz), board.cycles / board.clock_hz)

    board.run(1000, 1000)  # until it has started
    link.hello(board.cycles / board.clock_hz)
    link.say(Command.MODE, bytes([extras]) * pixels)
    while link.busy:
        turn()
    started, sent = board.cycles, 0
    while job.answered < len(job):
        while sent < len(job) and link.room:
            link.infer(job.payload(sent))
            sent += 1
        turn()
        while link.answers:
            job.take(link.answers.popleft())
    cycles = board.cycles - started
    board.close()
    golden = sg.simulate(design.tables, data, potentials=False)
    return {
        "board": design.where,
        "baud": baud,
        "samples": len(job),
        "equal": bool(np.array_equal(job.output(), golden.output)),
        "cycles_per_sample": cycles / len(job),
        "samples_per_second": board.clock_hz * len(job) / cycles,
    }


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tables", type=Path)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--board", default="icebreaker")
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--baud", type=int, help="default: an eighth of the clock")
    parser.add_argument("--pixels", action="store_true", help="the board makes the spikes")
    given = parser.parse_args()
    tables = sg.load(given.tables)
    data = sg.samples(tables, given.data, given.samples)
    for goal, design in (
        ("16 lanes", sg.design(tables, board=given.board)),
        ("fastest", sg.plan(tables, board=given.board, goal="fastest", data=data[:4])),
    ):
        found = measure(design, data, given.baud, pixels=given.pixels)
        print(
            f"{goal}: {found['samples_per_second']:,.0f} samples a second at {found['baud']:,} "
            f"baud, {found['cycles_per_sample']:,.0f} cycles each, "
            f"{'equal to golden' if found['equal'] else 'DIFFERENT'}"
        )


if __name__ == "__main__":
    main()
