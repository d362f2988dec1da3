"""What came into a neuron in one step, synapse by synapse, as HTML."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...sim.causes.field import Maps, Place, fields
from ..page import table
from ..text import escaped
from .inspected import Inspected
from .words import go, suspected

MOST_ROWS = 80


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """One synapse over which something came.

    Attributes
    ----------
    group, source, step
        Its group, its source, and the step in which that sent it.
    place
        In the source's map.
    index
        Of its weight, in the group's weights.
    weight
        By the tables.
    values
        What came, of each trace.
    """

    group: int
    source: str
    step: int
    place: Place
    index: Place
    weight: int
    values: tuple[int, ...]

    @property
    def differs(self) -> bool:
        """Whether the traces differ in what came."""
        return len(set(self.values)) > 1


def arrivals(
    inspected: Inspected, maps: list[Maps], layer: str, place: Place, step: int
) -> list[Arrival]:
    """Return what came in, that which differs first, then what counts most."""
    tables = inspected.tables
    here = tables.layer(layer)
    found = []
    for field in (f for groups in fields(tables, here, place) for f in groups):
        seen = step - field.lag
        if seen < 0:
            continue
        values = np.stack([each[field.source][(seen, *field.places.T)] for each in maps], 1)
        values = values.astype(np.int64)
        group = here.synapses[field.group]
        inner = group.weights.shape[1:]
        for number in np.flatnonzero(values.any(1)):
            index: Any = np.unravel_index(field.numbers[number], inner) if inner else ()
            found.append(
                Arrival(
                    group=field.group, source=field.source, step=seen,
                    place=tuple(map(int, field.places[number])),
                    index=(place[0], *map(int, index)), weight=int(field.weights[number]),
                    values=tuple(map(int, values[number])),
                )
            )  # fmt: skip
    return sorted(found, key=lambda a: (not a.differs, -abs(a.weight * max(a.values, key=abs))))


def arrived(inspected: Inspected, found: list[Arrival], layer: str, sample: int) -> str:
    """Return them as a table, with a way to each neuron that sent something."""
    channel = found[0].index[0] if found else 0
    suspects = suspected(inspected.suspects, layer, channel) if inspected.difference else {}
    rows = []
    # Where the same came in both traces, which is so at every cause, it is shown once.
    shown = len(inspected.names) if any(each.differs for each in found) else 1
    for each in found[:MOST_ROWS]:
        name = f"{each.source} {_named(each.place)}"
        sender = escaped(name)
        if each.source != "input":
            corner = _first_neuron(inspected, each, sample)
            sender = go(each.source, corner, each.step, sample, sender)
        weight = str(each.weight)
        if (each.group, each.index) in suspects:
            weight += f' <b class="bad">as if {suspects[(each.group, each.index)]}</b>'
        values = [str(v) for v in each.values[:shown]]
        products = [f"{each.weight * v:+,}" if each.weight * v else "0" for v in each.values]
        if each.differs:
            values = [f'<b class="bad">{v}</b>' for v in values]
        at = escaped(str(list(each.index)))
        rows.append([sender, str(each.step), weight, at, *values, *products[:shown]])
    heads = ["from", "step", "weight", "at", "came", "product"]
    if shown > 1:
        names = inspected.names
        heads[4:] = [*(f"{n} came" for n in names), *(f"{n} product" for n in names)]
    if len(found) > MOST_ROWS:
        caption = f"What came in: {MOST_ROWS} of {len(found)} inputs that aren’t 0"
    else:
        caption = f"What came in: {len(found)} inputs that aren’t 0"
    return table(caption, heads, rows, words=1, tall=True)


def _named(place: Place) -> str:
    return f"({', '.join(map(str, place))})"


def _first_neuron(inspected: Inspected, each: Arrival, sample: int) -> Place:
    """Return the neuron behind an element of a map; of a pool, one that spiked, or differs."""
    pool = inspected.tables.layer(each.source).spike_pool
    if pool is None:
        return each.place
    rows, columns = pool.size
    channel, row, column = each.place
    window = (
        slice(row * rows, row * rows + rows), slice(column * columns, column * columns + columns),
    )  # fmt: skip
    spikes = [
        trace.spikes[each.source][(each.step, sample, channel, *window)]
        for trace in inspected.traces
    ]
    telling = spikes[0] != spikes[-1] if each.differs else spikes[0] > 0
    y, x = np.unravel_index(int(telling.argmax()), telling.shape)
    return channel, row * rows + int(y), column * columns + int(x)
