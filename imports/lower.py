"""A source's network as tables: every layer's numbers as integers, and which are exact.

The rule of a layer maps to the contract without loss, or is refused by name. What remains is
rounding: of the weights, where they aren't whole at any scale; of decays that aren't 2**-k; and of
potentials that don't fit their bits. Each is said.
"""

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks.arguments import Ints, integer
from ..export.layer import Input, Layer, Pool, Readout
from ..export.neuron import Leak, Neuron, Shift
from ..export.synapse import Convolution, Dense, Identity, SynapseGroup
from ..export.tables import Tables
from .graph import Network
from .input_form import InputForm, input_form
from .normal import PlainLayer, network_of, normal, times
from .ops import Affine, Conv, Linear, spread
from .paths import Group, LoweringError
from .ranges import state_of
from .reference import run
from .rule import Neuron as Rule
from .scales import Bits, Scaled, scaled

CALIBRATING = 64
"""Samples that say which potentials a state has to hold."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Lowered:
    """Tables, and the source with its numbers snapped to their integers.

    Attributes
    ----------
    tables
        They.
    network
        The source.
    snapped
        The source's rule with the tables' integers as its numbers, in LSBs: what golden has to
        equal, but for rounding.
    names
        By layer of the source, that of the tables.
    input
        What the input's integers are.
    reasons
        By layer of the source, why it isn't exact; without those that are.
    notes
        What else was assumed.
    """

    tables: Tables
    network: Network
    snapped: Network
    names: dict[str, str]
    input: InputForm
    reasons: dict[str, str]
    notes: tuple[str, ...]


def lower(
    network: Network,
    *,
    steps: int | None = None,
    samples: NDArray[Any] | None = None,
    bits: Bits | None = None,
    name: str = "imported",
) -> Lowered:
    """Return a network as tables.

    Parameters
    ----------
    network
        The source.
    steps
        Time steps of an inference; None are the source's own, or those of the samples.
    samples
        Numbers (steps, batch, *input shape) that say which values the input and the potentials
        take; without any, the input is spikes, and potentials are bounded by the weights.
    bits
        What numbers may take.
    name
        Of the tables.

    Raises
    ------
    LoweringError
        Where a rule has no form in the tables, or a number doesn't fit.
    ValueError
        Where steps are missing.
    """
    bits = bits or Bits()
    known = network.steps if samples is None else len(samples)
    steps = steps or known
    if steps is None:
        raise ValueError(
            "steps must be given, the time steps of an inference: the source doesn't say"
        )
    steps = integer("steps", steps, 1, 65535)
    form = input_form(samples)
    layers = normal(network)
    names = _named([layer.name for layer in layers])
    silent = network.readout == "potential"
    made: list[Layer] = []
    snapped: list[PlainLayer] = []
    reasons: dict[str, str] = {}
    for layer in layers:
        last = layer.name == network.output
        layer = _for_input(_silenced(layer) if last and silent else layer, form)
        found = scaled(layer, bits, form.scale, uniform=last and silent)
        made.append(_layer(layer, found, bits, names))
        snapped.append(_snapped(layer, found, names))
        if found.reason:
            reasons[layer.name] = found.reason
    tables = Tables(
        name=name,
        steps=steps,
        input=Input(
            shape=network.input_shape,
            activation=form.activation,
            constant=network.constant,
            encoding="direct" if network.constant and not form.activation.signed else "frames",
            maximum=max(form.activation.high, 1),
        ),
        layers=tuple(made),
        readout=Readout(layer=made[-1].name, kind="potential" if silent else "count"),
    )
    whole = network_of(snapped, network.input_shape, network.readout)
    seen = {} if samples is None else _seen(whole, form.integers(samples[:, :CALIBRATING]))
    tables, narrow = state_of(tables, bits.states, seen)
    back = {ours: theirs for theirs, ours in names.items()}
    for ours, why in narrow.items():
        theirs = back[ours]
        reasons[theirs] = "; ".join(part for part in (reasons.get(theirs, ""), why) if part)
    if bits.exact and narrow:
        ours, why = next(iter(narrow.items()))
        raise LoweringError(f"layer {back[ours]} must be exact, but {why}")
    notes = list(network.notes)
    if not form.exact:
        notes.append(
            f"the input has no levels that fit 8 bits: it is rounded to {form.activation.bits} bits"
        )
    return Lowered(
        tables=tables,
        network=network,
        snapped=whole,
        names=names,
        input=form,
        reasons=reasons,
        notes=tuple(notes),
    )


def _seen(snapped: Network, x: NDArray[np.int64]) -> dict[str, tuple[float, float]]:
    """Return the least and the most that each layer would store on samples, in LSBs."""
    done = run(snapped, x)
    found = {}
    for name, neuron in snapped.neurons.items():
        kept = done.kept[name]
        if neuron.reset == "delayed" and neuron.threshold is not None:
            shape = snapped.shapes[name]
            decay = spread("decay", neuron.decay, shape)
            amount = spread("threshold", neuron.threshold, shape)
            kept = decay * done.compared[name] - amount * done.spikes[name]
        found[name] = (float(kept.min()), float(kept.max()))
    return found


def _named(names: list[str]) -> dict[str, str]:
    """Return names that tables take, by the source's."""
    found: dict[str, str] = {}
    for name in names:
        plain = re.sub(r"\W", "_", name, flags=re.ASCII)
        plain = f"layer{plain}" if not plain[:1].isalpha() else plain
        while plain in found.values() or plain == "input":
            plain += "_"
        found[name] = plain
    return found


def _silenced(layer: PlainLayer) -> PlainLayer:
    """Return the last layer as one that never fires, where its potential is the answer."""
    if layer.neuron.reset != "none":
        raise LoweringError(
            f"layer {layer.name}: reset must be 'none' where its potential is read, as a layer "
            f"of the tables doesn't fire then, not {layer.neuron.reset!r}; read its spikes, or "
            "train it without a reset"
        )
    return replace(layer, neuron=replace(layer.neuron, threshold=None, most=1))


def _for_input(layer: PlainLayer, form: InputForm) -> PlainLayer:
    """Return a layer whose weights from the input are for its integers."""
    factor = np.full(len(layer.neuron.bias), form.scale)
    groups = tuple(
        replace(group, op=times(group.op, factor)) if group.source == "input" else group
        for group in layer.groups
    )
    return replace(layer, groups=groups)


def _layer(layer: PlainLayer, found: Scaled, bits: Bits, names: dict[str, str]) -> Layer:
    rule = layer.neuron
    _refuse(layer)
    up = rule.threshold is not None and rule.comparator == ">"
    threshold = None if found.threshold is None else found.threshold + up
    reset = {"zero": "zero", "subtract": "subtract", "delayed": "subtract", "none": "none"}
    subtracts = rule.reset in ("subtract", "delayed")
    leak = Leak(
        multiplier=found.multiplier.astype(np.int32),
        shift=found.shift,
        at="store" if rule.reset == "delayed" else "load",
        rounding="up" if up else "down",
    )
    neuron = Neuron(
        bias=found.bias.astype(np.int32),
        threshold=_words(threshold),
        reset=reset[rule.reset],  # type: ignore[arg-type]
        amount=found.threshold.astype(np.int32)
        if subtracts and found.threshold is not None
        else None,
        leak=leak,
        store=Shift(bits=16, shift=0),
    )
    groups = tuple(
        _synapses(layer, group, value, names)
        for group, value in zip(layer.groups, found.weights, strict=True)
    )
    pool = None
    if layer.pool is not None:
        pool = Pool(kind="max" if layer.pool.kind == "max" else "sum", size=layer.pool.size)
    return Layer(name=names[layer.name], synapses=groups, neuron=neuron, pool=pool)


def _words(value: NDArray[np.int64] | None) -> Ints | None:
    return None if value is None else value.astype(np.int32)


def _refuse(layer: PlainLayer) -> None:
    """Raise for what the tables have no form of."""
    rule, place = layer.neuron, f"layer {layer.name}"
    forms = {
        "a maximum of currents before the neurons; pool their spikes instead": layer.before,
        "a synaptic current beside the potential; take neurons without one": rule.current,
        "several spikes a step; take neurons that fire once": rule.most != 1,
        "a lower bound of potentials; train without it": rule.low is not None,
        "snnTorch's reset of Synaptic and RLeaky to zero, which loses a step's input; take "
        "reset_mechanism='subtract', or reset_delay=False": rule.reset == "blank",
        "snnTorch's reset_delay=False with a reset by subtraction; take reset_delay=True":
            rule.reset == "undelayed",
    }  # fmt: skip
    for what, there in forms.items():
        if there:
            raise LoweringError(f"{place}: the tables can't say {what}")
    if rule.threshold is not None and rule.reset == "delayed" and rule.threshold.min() < 0:
        raise LoweringError(
            f"{place}: threshold must be 0 or more where a subtraction is delayed, not "
            f"{rule.threshold.min():g}"
        )
    for group in layer.groups:
        late = np.unique(group.delay)
        if group.source == layer.name and late.tolist() == [1]:
            continue
        if late.tolist() != [0]:
            raise LoweringError(
                f"{place}: the tables can't say a delay of {late.max()} steps from "
                f"{group.source}; take neurons that read the same step"
            )


def _synapses(
    layer: PlainLayer, group: Group, value: NDArray[np.int64], names: dict[str, str]
) -> SynapseGroup:
    source = names.get(group.source, "input")
    weights = value.astype(np.int32)
    bits = _width(value)
    if isinstance(group.op, Linear):
        return Dense(source=source, weights=weights, bits=bits)
    if isinstance(group.op, Conv):
        return Convolution(
            source=source,
            weights=weights,
            bits=bits,
            stride=group.op.stride,
            padding=group.op.padding,
            groups=group.op.groups,
        )
    return Identity(source=source, weights=weights, bits=bits)


def _width(value: NDArray[np.int64]) -> int:
    """Return the bits of the narrowest weights that hold all values."""
    if np.abs(value).max() <= 1:
        return 1 if value.all() else 2
    return max(3, int(max(value.max(), -value.min() - 1)).bit_length() + 1)


def _snapped(layer: PlainLayer, found: Scaled, names: dict[str, str]) -> PlainLayer:
    """Return a layer with the tables' integers as its numbers."""

    def op(group: Group, value: NDArray[np.int64]) -> Group:
        whole = value.astype(np.float64)
        if isinstance(group.op, Affine):
            made: Any = Affine(scale=whole, offset=np.zeros(()))
        else:
            made = replace(group.op, weight=whole)
        return replace(group, op=made, source=names.get(group.source, "input"))

    rule = layer.neuron
    threshold = None if found.threshold is None else found.threshold.astype(np.float64)
    decay = found.multiplier / (1 << found.shift)
    snapped = Rule(
        threshold=threshold,
        decay=np.broadcast_to(decay, rule.decay.shape),
        bias=found.bias.astype(np.float64),
        comparator=rule.comparator,
        reset=rule.reset,
        low=None if rule.low is None else np.round(rule.low * found.scale),
        most=rule.most,
        current=rule.current,
    )
    groups = tuple(op(g, v) for g, v in zip(layer.groups, found.weights, strict=True))
    return replace(layer, name=names[layer.name], groups=groups, neuron=snapped)
