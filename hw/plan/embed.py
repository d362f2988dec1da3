"""Smaller tables in the shape of larger ones: channels that are missing are pruned."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...export.layer import Layer
from ...export.neuron import Ternary
from ...export.synapse import Convolution, Dense, Identity, SynapseGroup, weight_range
from ...export.tables import Tables
from .descriptor import Orders
from .embed_neuron import embedded_neuron
from .weight_rows import between_channels, is_full


class MismatchError(ValueError):
    """Tables do not fit others' shape; the message says in what."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Embedding:
    """Tables in the shape of others.

    Attributes
    ----------
    tables
        They compute what the smaller ones do, and have the larger ones' channels.
    slots
        By layer, int (channels of `tables`,): which channel of the smaller ones each is, or -1: it
        stays silent, and where potentials are read out at the lowest.
    """

    tables: Tables
    slots: dict[str, NDArray[np.int64]]


def embed(base: Tables, tables: Tables, orders: Orders) -> Embedding:
    """Put tables into the shape of `base`.

    A layer may have fewer channels, or keep fewer of them: they take the first places of `orders`,
    that of the base's kept channels, so that whole lane groups become free. Only where a channel's
    number matters, in the readout and beside identities and grouped convolutions, does each stay at
    its number. Weights may be as narrow as they like, and time steps fewer. Geometry, pools and
    names must be equal.

    Raises
    ------
    MismatchError
        Where they don't fit; the message names the layer, what it must be and what it is.
    """
    _check(base, tables)
    slots = {"input": np.arange(base.input.shape[0])}
    layers = []
    for old, new in zip(base.layers, tables.layers, strict=True):
        slots[new.name] = _slots(base, old, new, orders[new.name])
        if old.pool != new.pool:
            raise MismatchError(f"layer {new.name}: pool must be {old.pool}, not {new.pool}")
        sources = [group.source for group in old.synapses]
        if [group.source for group in new.synapses] != sources:
            raise MismatchError(
                f"layer {new.name}: synapses must come from {sources}, "
                f"not {[group.source for group in new.synapses]}"
            )
        delays = [group.delay for group in old.synapses]
        if [group.delay for group in new.synapses] != delays:
            raise MismatchError(
                f"layer {new.name}: delays of the synapses must be {delays}, "
                f"not {[group.delay for group in new.synapses]}"
            )
        groups = tuple(
            _group(base, tables, new.name, a, b, slots)
            for a, b in zip(old.synapses, new.synapses, strict=True)
        )
        layers.append(
            replace(
                new,
                synapses=groups,
                neuron=embedded_neuron(old.neuron, new.neuron, slots[new.name]),
                channel_mask=slots[new.name] >= 0,
            )
        )
    del slots["input"]
    embedded = replace(tables, layers=tuple(layers))
    if base.readout.kind == "potential" and not (slots[base.readout.layer] >= 0).all():
        embedded = _with_lowest(embedded, slots[base.readout.layer] >= 0)
    return Embedding(tables=embedded, slots=slots)


def unchanged(tables: Tables) -> Embedding:
    """Return tables in their own shape, where every channel keeps its place.

    So it must be wherever a part of what a memory holds is there from the start: what is loaded
    beside it has to agree with it on which channel is which.
    """
    slots = {
        layer.name: np.where(layer.kept, np.arange(len(layer.kept)), -1) for layer in tables.layers
    }
    return Embedding(tables=tables, slots=slots)


def _check(base: Tables, tables: Tables) -> None:
    """Compare what the whole network has."""
    for part, parts in (
        ("input", ("shape", "activation", "constant")),
        ("readout", ("layer", "kind", "over", "voters")),
    ):
        for name in parts:
            wanted, found = getattr(getattr(base, part), name), getattr(getattr(tables, part), name)
            if wanted != found:
                raise MismatchError(f"{part} {name} must be {wanted!r}, not {found!r}")
    if tables.steps > base.steps:
        raise MismatchError(f"steps must be at most {base.steps}, not {tables.steps}")
    names = [layer.name for layer in base.layers]
    if [layer.name for layer in tables.layers] != names:
        raise MismatchError(
            f"layers must be {names}, not {[layer.name for layer in tables.layers]}"
        )


def _is_numbered(tables: Tables, name: str) -> bool:
    """Return whether the number of a layer's channel matters to more than those that name it."""
    return name == tables.readout.layer or any(
        not is_full(group)
        for layer in tables.layers
        for group in layer.synapses
        if name in (layer.name, group.source)
    )


def _slots(base: Tables, old: Layer, new: Layer, free: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the channel of the new layer that each of the old one's becomes, or -1."""
    slots = np.full(len(old.kept), -1)
    count, room = len(new.kept), len(old.kept)
    if _is_numbered(base, old.name):
        if count > room:
            raise MismatchError(f"layer {new.name}: channels must be at most {room}, not {count}")
        kept = np.flatnonzero(new.kept)
        missing = kept[~old.kept[kept]]
        if len(missing):
            raise MismatchError(
                f"layer {new.name}: channel {missing[0]} must be pruned, as the accelerator has no "
                "memory for it"
            )
        slots[kept] = kept
    else:
        kept = np.flatnonzero(new.kept)
        if len(kept) > len(free):
            raise MismatchError(
                f"layer {new.name}: channels that are not pruned must be at most {len(free)}, "
                f"not {len(kept)}"
            )
        slots[free[: len(kept)]] = kept
    return slots


def _with_lowest(tables: Tables, kept: NDArray[np.bool_]) -> Tables:
    """Hold the potentials of missing classes at the lowest, where they win over no other.

    Weights of ±1 can't be 0, so their bias makes up for whatever they add up to.
    """
    layers = [
        replace(layer, channel_mask=kept | True) if layer.name == tables.readout.layer else layer
        for layer in tables.layers
    ]
    whole = replace(tables, layers=tuple(layers))
    number = [layer.name for layer in layers].index(tables.readout.layer)
    readout = layers[number]
    neuron, store = readout.neuron, readout.neuron.store
    unsuited = {
        "added up": tables.readout.over == "sum" or tables.readout.voters > 1,
        "read out that leak as they are stored": neuron.leak.at == "store"
        and not neuron.leak.identity,
        "read out that have a current": neuron.current is not None,
        "read out that have a lower bound": neuron.lower_bound is not None,
    }
    for form, there in unsuited.items():
        if there:
            raise MismatchError(
                f"layer {readout.name}: classes must be {len(kept)} where potentials are {form}, "
                f"not {kept.sum()}"
            )
    low = -store.boundary - 1 if isinstance(store, Ternary) else store.low << store.shift
    bias = np.where(kept, neuron.bias, low - (whole.sum_bounds(readout.name)[1] << neuron.gain))
    layers[number] = replace(readout, neuron=replace(neuron, bias=bias))
    return replace(whole, layers=tuple(layers))


def _form(group: SynapseGroup) -> str:
    """Return what of a group's form must be equal."""
    if isinstance(group, Convolution):
        return (
            f"a convolution of kernel {group.kernel}, stride {group.stride} and "
            f"padding {group.padding}"
        )
    return "dense" if isinstance(group, Dense) else "an identity"


def _group(
    base: Tables,
    tables: Tables,
    name: str,
    old: SynapseGroup,
    new: SynapseGroup,
    slots: dict[str, NDArray[np.int64]],
) -> SynapseGroup:
    """Return the new group's weights where the old one has them."""
    where = f"layer {name}: synapses from {new.source!r} must"
    if _form(old) != _form(new):
        raise MismatchError(f"{where} be {_form(old)}, not {_form(new)}")
    low, high = weight_range(old.bits)
    nothing = 0 if old.bits > 1 else 1  # the other channel is silent, so any weight will do
    channels = slots[name]
    if isinstance(old, Identity):
        found = np.full(old.weights.shape, nothing)
        found[channels >= 0] = new.weights[channels[channels >= 0]]
    else:
        source = slots[new.source]
        wide = between_channels(tables, new)
        full = np.full((len(channels), len(source), *wide.shape[2:]), nothing)
        connected = np.zeros(full.shape[:2], bool)
        ours = np.ix_(np.flatnonzero(channels >= 0), np.flatnonzero(source >= 0))
        full[ours] = wide[np.ix_(channels[channels >= 0], source[source >= 0])]
        connected[ours] = full[ours].any((2, 3))
        if isinstance(old, Convolution) and old.groups > 1:
            found = _blocks(where, full, connected, old)
        else:
            found = full.reshape(old.weights.shape)
    wrong = found[(found < low) | (found > high) | ((found == 0) & (old.bits == 1))]
    if wrong.size:
        levels = "-1 or 1" if old.bits == 1 else f"{low}…{high}"
        raise MismatchError(f"{where} have weights {levels} to fit {old.bits} bits, not {wrong[0]}")
    return replace(old, weights=found.astype(np.int32))


def _blocks(
    where: str, full: NDArray[Any], connected: NDArray[np.bool_], old: Convolution
) -> NDArray[Any]:
    """Return the weights within the blocks of a grouped convolution.

    There must be no others between channels that the new tables connect, bool (channels, source
    channels), whatever stands for the weights of those that are silent.
    """
    inside = old.weights.shape[1]
    found = np.empty(old.weights.shape, full.dtype)
    outside = connected.copy()
    for index, rows in enumerate(np.split(np.arange(len(full)), old.groups)):
        place = slice(index * inside, (index + 1) * inside)
        found[rows] = full[rows, place]
        outside[rows, place] = False
    if outside.any():
        channel, source = np.argwhere(outside)[0]
        raise MismatchError(
            f"{where} connect {inside} channels with {len(full) // old.groups} as {old.groups} "
            f"groups do, not channel {source} with {channel} too: prune one of them, or build an "
            "accelerator from these tables"
        )
    return found
