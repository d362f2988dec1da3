"""Many requests over a line on which much goes wrong: every answer is golden's, or there is none.

A virtual board stands behind a pseudo-terminal. Bytes are damaged, frames lost, and the port goes
away and the board loses its power now and then:

    python -m benchmarks.boards.soak examples/digits-dense.safetensors --requests 10000

It ends with 1 if an answer is wrong.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import somagate as sg
from somagate.boards.uart import DIVISOR_MIN
from somagate.host.device import PlanDevice
from somagate.host.serving import Faults

PATIENCE = 0.1
"""Seconds without a word; the link learns soon that answers come sooner."""


def soak(design: sg.Design, requests: int, faults: Faults) -> dict[str, Any]:
    """Return how many random samples were asked, whether all were answered right, and the faults.

    Parameters
    ----------
    design
        Planned for a board.
    requests
        Samples.
    faults
        What goes wrong on the line.
    """
    assert design.clock_hz is not None
    tables, baud = design.tables, design.clock_hz // DIVISOR_MIN
    shape = (tables.steps, requests, *tables.input.shape)
    x = (np.random.default_rng(faults.seed).random(shape) < 0.2).astype(np.uint8)
    golden = sg.simulate(tables, x, potentials=False)
    with (
        tempfile.TemporaryDirectory() as folder,
        sg.virtual_board(design, baud=baud, link=Path(folder) / "port", faults=faults) as board,
    ):
        with PlanDevice(board.port, design.plan, baud=baud, patience=PATIENCE) as device:
            answers = device.predict(x, progress=_tell)
        lines = board.lines
    same = np.array_equal(answers.output, golden.output)
    return {
        "requests": requests,
        "right": same and bool(np.array_equal(answers.prediction, golden.prediction)),
        "seconds": round(answers.seconds, 1),
        "frames": answers.counts.sent,
        "repeated": answers.counts.repeated,
        "damaged_bytes": sum(line.corrupted for line in lines),
        "lost_frames": sum(line.dropped for line in lines),
        "unplugged": sum(line.unplugged for line in lines),
    }


def _tell(done: int, total: int) -> None:
    print(f"{done} of {total}", end="\r", file=sys.stderr, flush=True)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tables", type=Path)
    parser.add_argument("--board", default="icebreaker")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--corrupt", type=float, default=0.01, help="share of bytes")
    parser.add_argument("--drop", type=float, default=0.001, help="share of frames")
    parser.add_argument("--unplug", type=float, default=1.6e-4, help="share of frames")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    faults = Faults(corrupt=given.corrupt, drop=given.drop, unplug=given.unplug, seed=given.seed)
    design = sg.design(sg.load(given.tables), board=given.board)
    found = soak(design, given.requests, faults)
    print("\n".join(f"{name.replace('_', ' ')}: {value}" for name, value in found.items()))
    if not found["right"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
