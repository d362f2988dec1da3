"""A layer of a source as one of the tables: its rule in the contract's words, its integers."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..checks.arguments import Ints
from ..export.layer import Layer, Pool
from ..export.neuron import Current, Leak, Neuron, Shift
from ..export.synapse import LONGEST_DELAY, Convolution, Dense, Identity, SynapseGroup
from .decays import Decay
from .groups import Group
from .normal import PlainLayer
from .ops import Affine, Conv, Linear
from .paths import LoweringError
from .rule import Neuron as Rule
from .scales import Scaled


def layer_of(layer: PlainLayer, found: Scaled, names: dict[str, str], spike_bits: int = 1) -> Layer:
    """Return a layer of the tables.

    Parameters
    ----------
    layer, found
        The source's, and its numbers.
    names
        By layer of the source, that of the tables.
    spike_bits
        Of the count of spikes that a neuron sends in a step.

    Raises
    ------
    LoweringError
        Where its rule has no form in the tables.
    """
    rule = layer.neuron
    _refuse(layer, list(names))
    up = rule.threshold is not None and rule.comparator == ">"
    threshold = None if found.threshold is None else found.threshold + up
    subtracts = rule.reset in ("subtract", "delayed", "undelayed")
    leak = _leak(found.decay, up, "store" if rule.reset == "delayed" else "load")
    current = None
    if rule.current is not None and found.current is not None:
        current = Current(
            store=Shift(bits=16, shift=0),
            leak=_leak(found.current, up, "load"),
            late=rule.current.late,
        )
    neuron = Neuron(
        bias=found.bias.astype(np.int32),
        threshold=_words(threshold),
        reset="subtract" if rule.reset == "delayed" else rule.reset,
        amount=_words(found.threshold) if subtracts else None,
        gain=found.gain,
        spike_bits=spike_bits,
        lower_bound=_words(found.low),
        leak=leak,
        current=current,
        store=Shift(bits=16, shift=0),
    )
    groups = tuple(
        made
        for group, value in zip(layer.groups, found.weights, strict=True)
        for made in _synapses(layer, group, value, names)
    )
    pool = None
    if layer.before is not None:
        pool = Pool(kind="max", size=layer.before.size, of="sums")
    elif layer.pool is not None:
        pool = Pool(kind="max" if layer.pool.kind == "max" else "sum", size=layer.pool.size)
    return Layer(name=names[layer.name], synapses=groups, neuron=neuron, pool=pool)


def _leak(decay: Decay, up: bool, at: Literal["load", "store"]) -> Leak:
    """Return a decay as the tables' leak, at the load or at the store of potentials."""
    return Leak(
        multiplier=decay.multiplier.astype(np.int32),
        shift=decay.shift,
        at=at,
        rounding="up" if up else "down",
    )


def _words(value: NDArray[np.int64] | None) -> Ints | None:
    return None if value is None else value.astype(np.int32)


def _refuse(layer: PlainLayer, order: list[str]) -> None:
    """Raise for what the tables have no form of; `order` are the names of all layers."""
    rule, place = layer.neuron, f"layer {layer.name}"
    forms = {
        "a maximum of currents before the neurons and a pool behind them; leave one out":
            layer.before and layer.pool,
        "a v_leak of neurons with a synaptic current; set it to 0":
            rule.current and rule.bias.any(),
        "several spikes a step of neurons that fire at '>'; take neurons that fire at '>='":
            rule.most != 1 and rule.comparator == ">",
    }  # fmt: skip
    for what, there in forms.items():
        if there:
            raise LoweringError(f"{place}: the tables can't say {what}")
    later = rule.reset in ("delayed", "undelayed", "blank")
    if rule.threshold is not None and later and rule.threshold.min() < 0:
        raise LoweringError(
            f"{place}: threshold must be 0 or more where a reset comes a step late, not "
            f"{rule.threshold.min():g}"
        )
    for group in layer.groups:
        if group.source in order and order.index(group.source) > order.index(layer.name):
            raise LoweringError(
                f"{place}: the tables can't say what comes back from {group.source}, a later "
                "layer; feed back the layer's own spikes"
            )
        most = LONGEST_DELAY + (group.source == layer.name)
        if (late := np.max(group.delay)) > most:
            raise LoweringError(
                f"{place}: the tables can't say a delay of {late} steps from {group.source}; take "
                f"{most} at most"
            )


def _synapses(
    layer: PlainLayer, group: Group, value: NDArray[np.int64], names: dict[str, str]
) -> Iterator[SynapseGroup]:
    """Yield a group, or one for each delay that its channels have, without the other channels."""
    source = names.get(group.source, "input")
    late = np.broadcast_to(group.delay, len(value)) - (group.source == layer.name)
    for delay in np.unique(late).tolist():
        seen = (late == delay).reshape(-1, *(1,) * (value.ndim - 1))
        weights = np.where(seen, value, 0)
        form: dict[str, Any] = {"source": source, "bits": _width(weights), "delay": delay}
        form["weights"] = weights.astype(np.int32)
        if isinstance(group.op, Linear):
            yield Dense(**form)
        elif isinstance(group.op, Conv):
            op = group.op
            yield Convolution(**form, stride=op.stride, padding=op.padding, groups=op.groups)
        else:
            yield Identity(**form)


def _width(value: NDArray[np.int64]) -> int:
    """Return the bits of the narrowest weights that hold all values."""
    if np.abs(value).max() <= 1:
        return 1 if value.all() else 2
    return max(3, int(max(value.max(), -value.min() - 1)).bit_length() + 1)


def snapped(
    layer: PlainLayer, found: Scaled, names: dict[str, str], spike_bits: int = 1
) -> PlainLayer:
    """Return a layer with the tables' integers as its numbers."""

    def op(group: Group, value: NDArray[np.int64]) -> Group:
        whole = np.asarray(value * 2.0**found.gain, np.float64)
        if isinstance(group.op, Affine):
            made: Any = Affine(scale=whole, offset=np.zeros(()))
        else:
            made = replace(group.op, weight=whole)
        return replace(group, op=made, source=names.get(group.source, "input"))

    rule = layer.neuron
    threshold = None if found.threshold is None else found.threshold.astype(np.float64)
    shape = rule.decay.shape
    current, drive = rule.current, layer.drive
    bias = found.bias.astype(np.float64)
    if current is not None and found.current is not None:
        current = replace(current, decay=np.broadcast_to(found.current.value, shape))
        bias, drive = np.zeros_like(bias), bias
    made_rule = Rule(
        threshold=threshold,
        decay=np.broadcast_to(found.decay.value, shape),
        bias=bias,
        comparator=rule.comparator,
        reset=rule.reset,
        low=None if found.low is None else found.low.astype(np.float64),
        most=(1 << spike_bits) - 1,
        current=current,
    )
    groups = tuple(op(g, v) for g, v in zip(layer.groups, found.weights, strict=True))
    return replace(layer, name=names[layer.name], groups=groups, neuron=made_rule, drive=drive)
