"""Where everything of a plan lies, worked out once more for the tests."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from somagate.export.synapse import Dense
from somagate.hw.plan.stage_plan import StagePlan


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One visit of the array to a position: a lane group of one neuron position."""

    row: int
    column: int
    group: int
    groups: int
    first: bool
    final: bool
    row_end: bool


def visits(plan: StagePlan, layer: int) -> Iterator[Visit]:
    """Yield a layer's visits in order: pooled positions, lane groups, positions of the window."""
    tables = plan.tables.layers[plan.layers[layer]]
    shape = plan.tables.map_shapes[tables.name]
    rows, columns = shape[1:] if len(shape) == 3 else (1, 1)
    high, wide = tables.pool.size if tables.pool else (1, 1)
    groups = -(-int(tables.kept.sum()) // plan.lanes)
    for row in range(rows):
        for column in range(columns):
            for group in range(groups):
                for y in range(high):
                    for x in range(wide):
                        yield Visit(
                            row=row * high + y,
                            column=column * wide + x,
                            group=group,
                            groups=groups,
                            first=(y, x) == (0, 0),
                            final=(y, x) == (high - 1, wide - 1),
                            row_end=column == columns - 1 and group == groups - 1,
                        )


def chunk_lanes(plan: StagePlan, layer: int, group: int) -> list[list[int]]:
    """Return the kept channels of each chunk of a lane group that holds any, -1 where none is."""
    channels = int(plan.tables.layers[plan.layers[layer]].kept.sum())
    chunks = []
    for start in range(0, plan.lanes, plan.update_lanes):
        first = group * plan.lanes + start
        lanes = [c if c < channels else -1 for c in range(first, first + plan.update_lanes)]
        if lanes[0] >= 0:
            chunks.append(lanes)
    return chunks


def map_words(plan: StagePlan, name: str, array: Any) -> list[int]:
    """Return the words of one map (channels, …) as every map is stored, bit by bit.

    All channels as the tables count them; pruned ones are left out. Word for word of a plane, row
    by row, and the planes of a word follow each other, lowest first. An input that only dense
    layers read is one row.
    """
    form, tables = plan.map(name), plan.tables
    whole = (*tables.map_shapes[name], 1, 1)[:3]
    values = np.asarray(array, np.int64).reshape(whole)[plan.orders[name]]
    readers = [g for layer in tables.layers for g in layer.synapses if g.source == name]
    if name == "input" and all(isinstance(group, Dense) for group in readers):
        values = values.reshape(-1, 1, 1)
    words = np.zeros((form.rows, form.row_words, form.planes), object)
    for channel, row, column in np.ndindex(values.shape):
        word, bit = divmod(column * form.channels + channel, plan.word_bits)
        for plane in range(form.planes):
            words[row, word, plane] |= (int(values[channel, row, column]) >> plane & 1) << bit
    return [int(word) for word in words.reshape(-1)]


def stored_words(plan: StagePlan, name: str, array: Any) -> list[int]:
    """Return the words of one map as they lie in the memory: plane after plane."""
    form = plan.map(name)
    words = np.array(map_words(plan, name, array), object).reshape(-1, form.planes)
    return [int(word) for word in words.T.reshape(-1)]
