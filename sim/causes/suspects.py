"""Which single number of the tables, were it another, would explain all that a channel does."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...checks.arguments import WORD_LIMIT
from ...export.synapse import weight_range
from ...export.tables import Layer, Tables
from ..golden.neuron_rule import CurrentRule, Levels, Rule
from ..golden.trace import Trace
from .breaks import Break
from .evidence import Life, agrees, channel_rule, chunks, lives

NEAR = 1024
"""How far from a number of the tables others are tried; and those with one bit flipped."""


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """A number of the tables that would explain what a channel does, were it another one.

    Attributes
    ----------
    number
        'weight', 'threshold', 'bias', 'amount', 'lower bound', 'leak multiplier', 'level' or
        'boundary', or 'current leak multiplier'.
    layer, channel
        Whose.
    source, index
        Of a weight: its group's source, and where it is in the group's weights.
    was
        By the tables.
    values
        What explains it, of those that were tried, in rising order.
    steps
        Updates that it was tried on.
    group
        Number of a weight's group.
    bits
        Of a weight, how many it has; of other numbers as many as they need.
    """

    number: str
    layer: str
    channel: int
    was: int
    values: tuple[int, ...]
    steps: int
    source: str | None = None
    index: tuple[int, ...] = ()
    group: int | None = None
    bits: int | None = None

    @property
    def flipped(self) -> int:
        """How many bits of two's complement the nearest of the values differs in."""
        return min(self._flips(value) for value in self.values)

    def _flips(self, value: int) -> int:
        if self.bits == 1:  # −1 and 1
            return int(value != self.was)
        bits = self.bits or 1 + max(value.bit_length(), self.was.bit_length())
        return ((value ^ self.was) & ((1 << bits) - 1)).bit_count()

    @property
    def name(self) -> str:
        """What it is called."""
        if self.source is None:
            return f"{self.number} of {self.layer}, channel {self.channel}"
        return f"weight {list(self.index)} of {self.layer} from {self.source}"

    @property
    def would_be(self) -> str:
        """The values, in words."""
        low, high = self.values[0], self.values[-1]
        if low == high:
            return str(low)
        whole = len(self.values) == high - low + 1
        return f"{low}…{high}" if whole else ", ".join(map(str, self.values[:6]))

    @property
    def text(self) -> str:
        """What it says, in a sentence."""
        return f"as if {self.name} were {self.would_be}, not {self.was}"


def suspects(
    tables: Tables, trace: Trace, x: NDArray[Any], found: Break, channel: int
) -> list[Suspect]:
    """Return the numbers that explain what a channel does, those that flip fewest bits first.

    Parameters
    ----------
    tables
        The network.
    trace
        That breaks the rule, with potentials.
    x
        What ran, as for `golden.run`.
    found
        Where it breaks the rule.
    channel
        One that does.
    """
    layer = tables.layer(found.layer)
    if not layer.kept[channel]:
        return []
    known = lives(tables, layer, channel, trace, x, found)
    steps = len(known) * tables.steps
    result = [*_weights(tables, layer, channel, known)]
    n = channel_rule(tables, layer, channel)
    for number, was, changed in _numbers(layer, channel, n):
        values = _tried(layer, number, was)
        for each in known:
            for part in chunks(len(values), tables.steps):
                # Candidates that fail are dropped at once, so each life has fewer to try.
                tried = values[part]
                sums = np.repeat(each.sums[:, :, None], len(tried), 2)
                values[part] = np.where(agrees(changed(tried), layer, each, sums), tried, _OUT)
            values = values[values != _OUT]
        if len(values):
            result.append(
                Suspect(
                    number=number, layer=layer.name, channel=channel, was=was,
                    values=tuple(map(int, values)), steps=steps,
                )
            )  # fmt: skip
    return sorted(result, key=lambda suspect: suspect.flipped)


_OUT = -(2**60)


def _tried(layer: Layer, number: str, was: int) -> NDArray[np.int64]:
    """Return the values that are tried of a number: near ones, and those with a bit flipped."""
    if number.endswith("multiplier"):
        current = layer.neuron.current
        leak = current.leak if number.startswith("current") and current else layer.neuron.leak
        values = np.arange((1 << leak.shift) + 1)
    else:
        flips = [was ^ (1 << bit) for bit in range(31)]
        values = np.unique([*range(was - NEAR, was + NEAR + 1), *flips])
        # A division by the threshold counts several spikes, so it can only be positive there.
        low = 1 if number == "threshold" and layer.neuron.spike_bits > 1 else -WORD_LIMIT
        values = values[(values >= low) & (values < WORD_LIMIT)]
    others: NDArray[np.int64] = values[values != was].astype(np.int64)
    return others


def _numbers(layer: Layer, channel: int, n: Rule) -> Iterator[tuple[str, int, Any]]:
    """Yield each number of a channel, its value, and the rule with others in its place."""

    def of(name: str) -> Any:
        return lambda values: replace(n, **{name: values})

    def stored(name: str) -> Any:
        return lambda values: replace(n, store=replace(n.store, **{name: values}))

    def entering(current: CurrentRule, name: str) -> Any:
        return lambda values: replace(n, current=replace(current, **{name: values}))

    for name in ("threshold", "amount", "lower_bound"):
        value = getattr(n, name)
        if value is not None:
            yield name.replace("_", " "), int(value[0]), of(name)
    if n.current:
        yield "bias", int(n.current.bias[0]), entering(n.current, "bias")
        if n.current.leak_at != "never":
            multiplier = int(n.current.multiplier[0])
            yield "current leak multiplier", multiplier, entering(n.current, "multiplier")
    else:
        yield "bias", int(n.bias[0]), of("bias")
    if n.leak_at != "never":
        yield "leak multiplier", int(n.multiplier[0]), of("multiplier")
    if isinstance(n.store, Levels):
        yield "level", int(n.store.level[0]), stored("level")
        yield "boundary", int(n.store.boundary[0]), stored("boundary")


def _weights(tables: Tables, layer: Layer, channel: int, known: list[Life]) -> Iterator[Suspect]:
    """Yield the weights that explain a channel."""
    offsets = np.cumsum([0, *(group.weights[channel].size for group in layer.synapses)])
    was = np.concatenate([group.weights[channel].reshape(-1) for group in layer.synapses])
    numbers: list[NDArray[Any]] = []
    values: list[NDArray[np.int64]] = []
    # A weight over which nothing has come until the rule is broken doesn't explain that.
    first = known[0]
    until = int(first.broken.argmax()) + 1
    used: Any = first.activations[:until].any((0, 1))
    for number, group in enumerate(layer.synapses):
        low, high = weight_range(group.bits)
        here = offsets[number] + np.flatnonzero(used[offsets[number] : offsets[number + 1]])
        for other in range(low, high + 1):
            if group.bits > 1 or other:
                numbers.append(here)
                values.append(np.full(len(here), other, np.int64))
    at, value = np.concatenate(numbers), np.concatenate(values)
    different = value != was[at]
    at, value = at[different], value[different]
    n = channel_rule(tables, layer, channel)
    for each in known:
        good = np.zeros(len(at), bool)
        for part in chunks(len(at), each.sums.size):
            delta = value[part] - was[at[part]]
            sums = each.sums[:, :, None] + each.activations[:, :, at[part]] * delta
            good[part] = agrees(n, layer, each, sums)
        at, value = at[good], value[good]
    for index in np.unique(at):
        number = int(np.searchsorted(offsets, index, "right")) - 1
        group = layer.synapses[number]
        place = np.unravel_index(index - offsets[number], group.weights.shape[1:] or (1,))
        inner = tuple(map(int, place)) if group.weights.ndim > 1 else ()
        yield Suspect(
            number="weight",
            layer=layer.name,
            channel=channel,
            source=group.source,
            group=number,
            index=(channel, *inner),
            bits=group.bits,
            was=int(was[index]),
            values=tuple(sorted(map(int, value[at == index]))),
            steps=len(known) * tables.steps,
        )
