"""What is known of one channel of a trace: lives of its neurons, by their own inputs."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from dataclasses import fields as members
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...export.tables import Layer, Tables
from ..golden.golden import enter, update
from ..golden.neuron_rule import Levels, Rule, rule
from ..golden.trace import Trace
from .breaks import Break
from .field import Place, fields, sample_maps

MOST_LIVES = 48
MOST_ACTIVATIONS = 1 << 24
"""Of all lives together."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Life:
    """One neuron in one sample, as the trace has it.

    Attributes
    ----------
    sample, place
        Which.
    activations
        int64 (steps, places of a window, weights of the channel): what arrives over each weight.
    sums
        int64 (steps, places of a window), with the weights of the tables.
    fires, kept
        int64 (steps,), what the trace has.
    broken
        bool (steps,), whether that breaks the rule.
    """

    sample: int
    place: Place
    activations: NDArray[np.int64]
    sums: NDArray[np.int64]
    fires: NDArray[np.int64]
    kept: NDArray[np.int64]
    broken: NDArray[np.bool_]


def lives(
    tables: Tables, layer: Layer, channel: int, trace: Trace, x: NDArray[Any], found: Break
) -> list[Life]:
    """Return lives of a channel's neurons, those that break the rule first, by their first step."""
    broken = found.where[:, :, channel]
    flat = broken.reshape(len(broken), -1)
    first = np.where(flat.any(0), flat.argmax(0), len(flat))
    order = np.argsort(first, kind="stable")
    weights = sum(group.weights[channel].size for group in layer.synapses)
    window = layer.sum_pool.area if layer.sum_pool else 1
    most = max(2, min(MOST_LIVES, MOST_ACTIVATIONS // (len(flat) * weights * window)))
    # Some that keep it tell as much: they rule out what would break it there too.
    wrong = int((first < len(flat)).sum())
    chosen = [*order[: min(wrong, most - most // 3)], *order[wrong:][: most // 3]]
    maps = {}
    result = []
    for index in chosen:
        sample, *rest = map(int, np.unravel_index(index, broken.shape[1:]))
        if sample not in maps:
            maps[sample] = sample_maps(tables, trace, x, sample)
        place = (channel, *rest)
        at: Any = (slice(None), sample, *place)
        activations = np.zeros((len(flat), window, weights), np.int64)
        sums = np.zeros((len(flat), window), np.int64)
        for number, groups in enumerate(fields(tables, layer, place)):
            offset = 0
            for group, field in zip(layer.synapses, groups, strict=True):
                seen = field.activations(maps[sample])
                activations[:, number, offset + field.numbers] += seen
                sums[:, number] += seen @ field.weights
                offset += group.weights[channel].size
        result.append(
            Life(
                sample=sample,
                place=place,
                activations=activations,
                sums=sums,
                fires=trace.spikes[layer.name][at].astype(np.int64),
                kept=trace.potentials[layer.name][at].astype(np.int64),
                broken=found.where[at],
            )
        )
    return result


def channel_rule(tables: Tables, layer: Layer, channel: int) -> Rule:
    """Return the rule of one channel, its parameters int64 of shape (1,), for any sums at all."""
    whole = rule(tables, layer)

    def own(value: Any) -> Any:
        if isinstance(value, np.ndarray | np.generic):
            flat = np.asarray(value).reshape(-1)
            return flat[channel if len(flat) > 1 else 0][None].astype(np.int64)
        if isinstance(value, Levels):
            return Levels(level=own(value.level), boundary=own(value.boundary))
        return value

    def narrowed(laid: Any) -> Any:
        values = {each.name: own(getattr(laid, each.name)) for each in members(laid)}
        return replace(laid, **values | {"dtype": np.dtype(np.int64)})

    found: Rule = narrowed(whole)
    return replace(found, current=narrowed(whole.current) if whole.current else None)


def agrees(n: Rule, layer: Layer, each: Life, sums: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether a rule, with so many sums, does what a life shows in every step.

    Parameters
    ----------
    n
        Of one channel; parameters (1,), or one for each of the sums.
    layer
        Whose neuron it is.
    each
        What it has to do.
    sums
        (steps, places of a window, candidates).

    Returns
    -------
    bool (candidates,)
    """
    pool = layer.sum_pool
    acc = sums.sum(1) if pool and pool.kind == "sum" else sums.max(1)
    if n.current:
        i = np.zeros(acc.shape[1], np.int64)
        entering = np.empty_like(acc)
        for step, here in enumerate(acc):
            entering[step], i = enter(n.current, i, here)
        acc = entering
    stored, fired = (
        np.repeat(np.concatenate([[0], values[:-1]])[:, None], acc.shape[1], 1)
        for values in (each.kept, each.fires)
    )
    fires, kept = update(n, stored, acc, fired.astype(np.uint8))
    agreed: NDArray[np.bool_] = (fires == each.fires[:, None]).all(0) & (
        kept == each.kept[:, None]
    ).all(0)
    return agreed


def chunks(count: int, each: int) -> Iterator[slice]:
    """Yield slices of so many candidates that what is computed of them at once stays small."""
    size = max(1, (1 << 21) // each)
    for first in range(0, count, size):
        yield slice(first, min(first + size, count))
