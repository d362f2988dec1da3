"""What an exploration is given: the networks, what they are laid out for, and how many points."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from numpy.typing import NDArray

from ...boards.board import Board
from ...boards.core import WORD_BITS_MAX
from ...boards.estimate import estimate as on_board
from ...boards.families.family import OpenFamily
from ...boards.registry import BOARDS
from ...export.tables import Tables
from ...hw.cost.part import PARTS, Part
from ...hw.cost.resources import Resources, resources
from ...hw.plan.plan import Plan
from ...hw.search.wanted import WORD_BITS
from ...sim.golden.trace import Trace


@dataclass(frozen=True, kw_only=True)
class Target:
    """What plans are for.

    Attributes
    ----------
    name
        Of a board, or of an FPGA by itself.
    on_board
        Whether it is a board.
    clock_hz
        The clock; None where a part has none given.
    """

    name: str
    on_board: bool
    clock_hz: int | None

    @property
    def board(self) -> Board | None:
        """The board, if it is one."""
        return BOARDS[self.name] if self.on_board else None

    @property
    def buildable(self) -> bool:
        """Whether open tools build for it."""
        return self.board is not None and isinstance(self.board.family, OpenFamily)

    @property
    def part(self) -> Part:
        """The FPGA."""
        return self.board.family.part if self.board else PARTS[self.name]

    @property
    def widths(self) -> tuple[int, ...]:
        """The widths of a word that are tried."""
        most = WORD_BITS_MAX if self.on_board else WORD_BITS[-1]
        return tuple(bits for bits in WORD_BITS if bits <= most)

    def resources(self, plan: Plan, part: Part | None = None) -> Resources:
        """Return what a plan takes, on a board with its serial line."""
        board = self.board
        return on_board(plan, board) if board else resources(plan, part or self.part)


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """Tables, and what they do on samples.

    Attributes
    ----------
    number
        0 for the tables that were given; others have fewer bits.
    tables
        The integers.
    trace, x
        What golden found for which input, integers (steps, batch, *input shape), of the few samples
        that cycles are told of; or a run that was made up.
    activity
        Of 'input' and of each layer's map, the share of its bits that are 1.
    additions
        Of each layer, useful additions an image in all time steps, and in the first one.
    accuracy
        Share of the labelled samples that are right; None without any.
    """

    number: int
    tables: Tables
    trace: Trace
    x: NDArray[Any]
    activity: Mapping[str, float]
    additions: Mapping[str, tuple[float, float]]
    accuracy: float | None = None

    @cached_property
    def weight_bits(self) -> str:
        """Bits of each layer's weights, such as '4 4 3'."""
        return " ".join(
            ",".join(str(bits) for bits in dict.fromkeys(group.bits for group in layer.synapses))
            for layer in self.tables.layers
        )

    @cached_property
    def state_bits(self) -> str:
        """Bits of each layer's stored potentials."""
        return " ".join(str(layer.neuron.store.bits) for layer in self.tables.layers)


@dataclass(frozen=True, kw_only=True, eq=False)
class Setting:
    """What is explored.

    Attributes
    ----------
    targets
        Boards and parts.
    networks
        The tables, and those with fewer bits.
    points
        How many.
    exact
        Of how many points at most the cycles are followed.
    seed
        Of all that is drawn.
    proof
        Integers (steps, samples, *input shape) that the best points are verified on.
    spikes
        Whether the networks' samples are 'data', or 'random' spikes.
    """

    targets: tuple[Target, ...]
    networks: tuple[Network, ...]
    points: int
    exact: int
    seed: int
    proof: NDArray[Any]
    spikes: Literal["data", "random"]
