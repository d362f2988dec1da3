"""What a bench does with the accelerator, and what it saw: the same for every simulator.

A scenario fixes every signal that the bench drives in every cycle, stalls included, so that all
simulators go through the very same cycles.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from ...export.arrays_file import Arrays
from .ports import Limbs

_PERIOD_CYCLES = 65_521  # a prime, so the pattern drifts against whatever the design repeats
_BURST_CYCLES = 32

SETTLE_CYCLES = 256
"""A bench looks this often whether it is done, so it sees transfers that come too many."""

Pattern = dict[str, NDArray[np.uint8]]
"""Of each stream (period,): in cycle c, element c mod period is 1 where the bench may start to
offer a word, or is ready. A stream that is not there never stalls."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """The words to send, the transfers to wait for, and the stalls.

    Attributes
    ----------
    words
        Of each of `Ports.sent`, uint32 (words, limbs). One stream follows the other: its first word
        may be offered from the second cycle after the last word of those before.
    due
        Of each of `Ports.received`, the transfers to wait for.
    deadline
        Cycles without a transfer on any stream, after which the bench gives up.
    go
        The stalls.
    """

    words: dict[str, Limbs]
    due: dict[str, int]
    deadline: int
    go: Pattern

    def room(self, stream: str) -> int:
        """Transfers after which a bench stops recording a stream."""
        return self.due[stream] + SETTLE_CYCLES

    def pattern(self, stream: str) -> bytes:
        """Return the stalls of a stream, or nothing where it never stalls."""
        return self.go[stream].tobytes() if stream in self.go else b""

    def save(self, path: Path) -> None:
        """Write one file."""
        arrays: Arrays = {f"words.{name}": words for name, words in self.words.items()}
        arrays |= {f"due.{name}": np.array(count, np.int64) for name, count in self.due.items()}
        arrays |= {f"go.{name}": go for name, go in self.go.items()}
        save_file({**arrays, "deadline": np.array(self.deadline, np.int64)}, path)

    @staticmethod
    def read(path: Path) -> "Scenario":
        """Read a file that `save` wrote."""
        arrays = load_file(path)
        return Scenario(
            words=_part(arrays, "words"),
            due={name: int(count) for name, count in _part(arrays, "due").items()},
            deadline=int(arrays["deadline"]),
            go=_part(arrays, "go"),
        )


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a bench saw, every transfer with its cycle; cycle 0 is the first after reset.

    Attributes
    ----------
    times
        Of each stream, int64 (transfers,): the cycle of each transfer.
    payloads
        Of each of `Ports.received`, uint32 (transfers, limbs).
    cycles
        Cycles run.
    late
        Whether the deadline passed.
    """

    times: dict[str, NDArray[np.int64]]
    payloads: dict[str, Limbs]
    cycles: int
    late: bool

    def save(self, path: Path) -> None:
        """Write one file."""
        arrays: Arrays = {f"times.{name}": times for name, times in self.times.items()}
        arrays |= {f"payloads.{name}": limbs for name, limbs in self.payloads.items()}
        save_file({**arrays, "run": np.array([self.cycles, self.late], np.int64)}, path)

    @staticmethod
    def read(path: Path) -> "Record":
        """Read a file that `save` wrote."""
        arrays = load_file(path)
        cycles, late = (int(n) for n in arrays["run"])
        return Record(
            times=_part(arrays, "times"),
            payloads=_part(arrays, "payloads"),
            cycles=cycles,
            late=bool(late),
        )


def _part(arrays: Arrays, kind: str) -> Arrays:
    """Return the arrays of one kind by the names of their streams."""
    start = f"{kind}."
    return {
        name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)
    }


def check_stalls(probability: float) -> None:
    """Raise `ValueError` unless `probability` can be that of a stall."""
    if not 0 <= probability <= 0.9:
        raise ValueError(f"stalls must be a probability 0…0.9, not {probability}")


def stall_pattern(probability: float, seed: int, streams: Iterable[str]) -> Pattern:
    """Draw stalls for each stream: about `probability` of all cycles, half of them in long bursts.

    Parameters
    ----------
    probability
        0…0.9; 0 is no stalls at all.
    seed
        Of the random numbers.
    streams
        Their names.
    """
    check_stalls(probability)
    if not probability:
        return {}
    random = np.random.default_rng(seed)
    half = 1 - (1 - probability) ** 0.5
    found = {}
    for name in streams:
        bursts = random.random(_PERIOD_CYCLES // _BURST_CYCLES + 1) >= half
        single = random.random(_PERIOD_CYCLES) >= half
        found[name] = (bursts.repeat(_BURST_CYCLES)[:_PERIOD_CYCLES] & single).astype(np.uint8)
    return found
