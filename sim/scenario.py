"""What a bench does with the accelerator, and what it saw: the same for every simulator.

A scenario fixes every signal that the bench drives in every cycle, stalls included, so that all
simulators go through the very same cycles.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from .ports import STREAMS, Limbs

_PERIOD_CYCLES = 65_521  # a prime, so the pattern drifts against whatever the design repeats
_BURST_CYCLES = 32

SETTLE_CYCLES = 256
"""A bench looks this often whether it is done, so it sees transfers that come too many."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """The words to send, the transfers to wait for, and the stalls.

    Attributes
    ----------
    words
        uint32 (words, limbs): the input stream's payloads.
    outputs, observations
        Transfers due on the two other streams.
    deadline
        Cycles without a transfer on any stream, after which the bench gives up.
    go
        uint8 (3, period), for the input, output and observe streams: in cycle c, row[c % period]
        is 1 where the bench may start to offer a word, or is ready. Empty: always.
    """

    words: Limbs
    outputs: int
    observations: int
    deadline: int
    go: NDArray[np.uint8]

    def room(self, stream: str) -> int:
        """Transfers after which a bench stops recording a stream."""
        return {"output": self.outputs, "observe": self.observations}[stream] + SETTLE_CYCLES

    def pattern(self, stream: str) -> bytes:
        """Return the row of `go` of a stream, or nothing where it never stalls."""
        return self.go[STREAMS.index(stream)].tobytes() if self.go.size else b""

    def save(self, path: Path) -> None:
        """Write one file."""
        counts = np.array([self.outputs, self.observations, self.deadline], np.int64)
        save_file({"words": self.words, "counts": counts, "go": self.go}, path)

    @staticmethod
    def load(path: Path) -> "Scenario":
        """Read a file that `save` wrote."""
        arrays = load_file(path)
        outputs, observations, deadline = (int(n) for n in arrays["counts"])
        return Scenario(
            words=arrays["words"],
            outputs=outputs,
            observations=observations,
            deadline=deadline,
            go=arrays["go"],
        )


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a bench saw, every transfer with its cycle; cycle 0 is the first after reset.

    Attributes
    ----------
    accepted
        int64 (words,): the cycle in which each word was taken.
    output, observe
        uint32 (transfers, limbs): the payloads.
    output_cycles, observe_cycles
        int64 (transfers,).
    cycles
        Cycles run.
    late
        Whether the deadline passed.
    """

    accepted: NDArray[np.int64]
    output: Limbs
    output_cycles: NDArray[np.int64]
    observe: Limbs
    observe_cycles: NDArray[np.int64]
    cycles: int
    late: bool

    def save(self, path: Path) -> None:
        """Write one file."""
        arrays = {
            name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)
        }
        save_file(arrays | {"run": np.array([self.cycles, self.late], np.int64)}, path)

    @staticmethod
    def load(path: Path) -> "Record":
        """Read a file that `save` wrote."""
        arrays = load_file(path)
        cycles, late = (int(n) for n in arrays.pop("run"))
        return Record(cycles=cycles, late=bool(late), **arrays)


def check_stalls(probability: float) -> None:
    """Raise `ValueError` unless `probability` can be that of a stall."""
    if not 0 <= probability <= 0.9:
        raise ValueError(f"stalls must be a probability 0…0.9, not {probability}")


def stall_pattern(probability: float, seed: int) -> NDArray[np.uint8]:
    """Draw `Scenario.go`: about `probability` of all cycles stall, half of those in long bursts.

    Parameters
    ----------
    probability
        0…0.9; 0 is no stalls at all.
    seed
        Of the random numbers.
    """
    check_stalls(probability)
    if not probability:
        return np.ones((len(STREAMS), 0), np.uint8)
    random = np.random.default_rng(seed)
    half = 1 - (1 - probability) ** 0.5
    bursts = random.random((len(STREAMS), _PERIOD_CYCLES // _BURST_CYCLES + 1)) >= half
    single = random.random((len(STREAMS), _PERIOD_CYCLES)) >= half
    go: NDArray[np.uint8] = np.repeat(bursts, _BURST_CYCLES, 1)[:, :_PERIOD_CYCLES] & single
    return go.astype(np.uint8)
