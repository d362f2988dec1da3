"""What a tensor is, while a torch network is traced: which nodes it sums up, and at which step."""

from dataclasses import dataclass, replace
from math import prod
from typing import Any, Literal, Protocol

from ...model.tracing import line
from ..ops import Op
from .torch_layers import UnsupportedModuleError

STEPWISE = (
    "the loop must take every step of the sample in order, neurons start anew before it alone, and "
    "a module that is called twice in a step must be two modules, as it shares its state"
)
"""What a loop over time must do for its steps to be told apart."""


@dataclass(frozen=True, kw_only=True)
class SourceTerm:
    """The output of a node in a time step.

    Attributes
    ----------
    node
        Its name, or '?' and the name of a module that got zeros before the first step.
    step
        None: the same in every step, or all of them at once.
    """

    node: str
    step: int | None = None


@dataclass(frozen=True, kw_only=True)
class SourceValue:
    """A tensor that depends on the input.

    Attributes
    ----------
    what
        'map': what layers take. 'input': the sample, of which it isn't known yet whether its first
        axis is time. 'state': a potential or a current. 'answer': something else, of which
        `how` says what made it.
    terms
        Nodes whose outputs are added up; for an answer, those that it depends on.
    shape
        Of a map in one step, without batch and time.
    how
        The function and the line of an answer.
    through
        The functions that made an answer, in order, with their lines.
    potential
        Whether an answer is made of potentials alone.
    """

    what: Literal["map", "input", "state", "answer"]
    terms: tuple[SourceTerm, ...]
    shape: tuple[int, ...] = ()
    how: str = ""
    through: tuple[tuple[str, str], ...] = ()
    potential: bool = False

    @property
    def step(self) -> int | None:
        """The latest step of the terms."""
        steps = [term.step for term in self.terms if term.step is not None]
        return max(steps, default=None)


class SourceNotes(Protocol):
    """What functions of torch tell a trace, a `torch_trace.SourceTrace`."""

    sequence: bool
    looped: bool
    batch_first: bool
    repeated: int

    def value(self, tensor: Any) -> SourceValue | None:
        """Return what a tensor is, or None where it doesn't depend on the input."""

    def keep(self, tensor: Any, value: SourceValue) -> None:
        """Note what a tensor is."""

    def keep_answer(self, result: Any, func: Any, known: list[SourceValue], what: str = "") -> None:
        """Note that tensors are something that no layer may read, and what in words."""

    def counts(self, value: SourceValue) -> bool:
        """Return whether a map is of spikes, or of a pool or a row of them."""

    def taken(self, value: SourceValue, tensor: Any, reader: str) -> SourceValue:
        """Return a value that a layer reads: a map, or the sample as a whole."""

    def operation(
        self, name: str, op: Op, value: SourceValue, tensor: Any, result: Any
    ) -> SourceValue:
        """Note an operation without a state, check what it made, and return that."""

    def flat(self, before: SourceValue, after: SourceValue, result: Any) -> Any:
        """Note a map that was reshaped, with a node where it is one row now."""


def needs_map(value: SourceValue, reader: str) -> SourceValue:
    """Return a value that a layer may read, or raise saying what it is instead."""
    if value.what == "map":
        return value
    if value.what == "state":
        raise UnsupportedModuleError(
            f"{reader} must read spikes, not the potential or current of {value.terms[0].node} "
            f"({line()})"
        )
    raise UnsupportedModuleError(
        f"{reader} must read what layers that are taken make, not {value.how or 'an input'}"
    )


def reshaped(value: SourceValue, tensor: Any, lead: int) -> SourceValue | None:
    """Return a map whose tensor has another shape now, or None where it isn't one any more.

    The first axes, batch and time, may be split or joined; the map may be made one row.

    Parameters
    ----------
    value
        The map, of which `tensor` holds all elements in the same order.
    tensor
        The new tensor.
    lead
        Elements along batch and time together.
    """
    shape = tuple(tensor.shape)
    for wanted in (value.shape, (prod(value.shape),)):
        count = len(wanted)
        if shape[len(shape) - count :] == wanted and prod(shape[: len(shape) - count]) == lead:
            return replace(value, shape=wanted)
    return None


def lateness(
    value: SourceValue, step: int | None = None
) -> tuple[tuple[tuple[str, int], ...], int | None]:
    """Return the terms of a map with how many steps each is late, and the step they are read in."""
    now = value.step if step is None else step
    found = []
    for term in value.terms:
        late = 0 if term.step is None or now is None else now - term.step
        if late < 0:
            raise UnsupportedModuleError(
                f"must read {term.node} of the same time step or an earlier one, not of a later "
                f"one; {STEPWISE}"
            )
        found.append((term.node, late))
    return tuple(sorted(found)), now
