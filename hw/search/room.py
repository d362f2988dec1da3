"""Whether a part can hold a network's weights at all: said at once, before any plan is tried."""

import numpy as np
from numpy.typing import NDArray

from ...export.synapse import SynapseGroup
from ...export.tables import Tables
from ..cost.part import PARTS, Part
from ..plan.weight_rows import is_full, weight_code
from ..plan.widths import parts

_LUT_BITS = {"logic cells": 16, "LUT4": 16, "LUT6": 64}
"""What a look-up table holds, by what a part's logic is counted in."""


class DoesNotFitError(ValueError):
    """No plan of the tables fits the part; the message says what it lacks and what would fit."""


def memory_bits(part: Part) -> int:
    """Return the bits of a part's block RAMs, and of its large RAMs where it has any."""
    count, words, width = part.large_rams
    return part.block_rams * part.block_ram_bits + count * words * width


def weight_bits(tables: Tables) -> dict[str, int]:
    """Return by layer the bits that its weights take of any memory, at least.

    Weights of pruned channels aren't stored, nor is a bit that is the same in all weights of a
    channel.
    """
    return {
        layer.name: sum(_stored(tables, group, layer.kept) for group in layer.synapses)
        for layer in tables.layers
    }


def refuse(tables: Tables, part: Part) -> None:
    """Raise `DoesNotFitError` where no plan can fit a part, as it has no room for the weights."""
    needed = weight_bits(tables)
    total = sum(needed.values())
    if total <= _most(part):
        return
    name = max(needed, key=lambda layer: needed[layer])
    group = max(tables.layer(name).synapses, key=lambda group: group.weights.size)
    larger = [other.title for other in _by_memory() if total <= memory_bits(other)]
    way = f"take the {larger[0]}, or" if larger else "no part that is known has: take"
    raise DoesNotFitError(
        f"{part.title} must have room for the weights of {tables.name}, {_mega(total)}, but its "
        f"memories hold {_mega(memory_bits(part))}; layer {name} takes {_mega(needed[name])}, "
        f"{group.weights.size:,} weights of {group.bits} bits; {way} fewer channels, or fewer bits "
        "a weight"
    )


def _most(part: Part) -> int:
    """Return what a part could hold if all of its logic were memory too."""
    return memory_bits(part) + part.logic_cells * _LUT_BITS[part.logic]


def _by_memory() -> list[Part]:
    return sorted(PARTS.values(), key=memory_bits)


def _mega(bits: int) -> str:
    """Return bits in Mbit, or in kbit where they are few."""
    return f"{bits / 1e6:,.1f} Mbit" if bits >= 1e6 else f"{parts(bits, 1000):,} kbit"


def _stored(tables: Tables, group: SynapseGroup, kept: NDArray[np.bool_]) -> int:
    """Return the bits of a group's weights that aren't the same in all of a channel's."""
    mask = tables.mask(group.source)
    full = is_full(group)
    if not full and not mask.all():
        return 0  # few, and not worth finding out which
    weights = weight_code(group.weights, group.bits).reshape(len(group.weights), -1)[kept]
    if full:
        weights = weights[:, np.repeat(mask, weights.shape[1] // len(mask))]
    varying = np.bitwise_or.reduce(weights ^ weights[:, :1], axis=1) & ((1 << group.bits) - 1)
    return sum(int(bits).bit_count() for bits in varying) * int(weights.shape[1])
