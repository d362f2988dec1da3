"""A source's network as tables: every layer's numbers as integers, and which are exact.

The rule of a layer maps to the contract without loss, or is refused by name. What remains is
rounding: of the weights, where they aren't whole at any scale; of decays that aren't 2**-k; and of
potentials that don't fit their bits. Each is said.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks.arguments import integer
from ..export.layer import Input
from ..export.neuron import Shift
from ..export.tables import Tables
from . import answers
from .fitting import drawn, fitted
from .graph import Network
from .input_form import InputForm, input_form
from .layer_bits import LayerBits
from .layers import layer_of, snapped
from .normal import PlainLayer, network_of, normal, times
from .ops import spread
from .paths import LoweringError
from .ranges import Seen, losses, sent, state_of
from .reference import run
from .scales import MOST_GAIN, Bits, Scaled, scaled

LEVELS = 1 << 12
"""LSBs of a threshold that is rounded, at least."""
FEWEST = 6
"""Bits of weights that are kept where fewer than wanted leave no potential to be rounded."""
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
    unit
        What an integer of the answer stands for in the source: a spike, a step, or a potential.
    offset
        The source's answer where the integer is 0.
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
    unit: float
    offset: float
    reasons: dict[str, str]
    notes: tuple[str, ...]


def lower(
    network: Network,
    *,
    steps: int | None = None,
    samples: NDArray[Any] | None = None,
    bits: Bits | LayerBits | None = None,
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
        What numbers may take, of all layers or of each.
    name
        Of the tables.

    Raises
    ------
    LoweringError
        Where a rule has no form in the tables, or a number doesn't fit.
    ValueError
        Where steps are missing.
    """
    bits = bits if isinstance(bits, LayerBits) else LayerBits(all=bits or Bits())
    known = network.steps if samples is None else len(samples)
    steps = steps or known
    if steps is None:
        raise ValueError(
            "steps must be given, the time steps of an inference: the source doesn't say"
        )
    steps = integer("steps", steps, 1, 65535)
    layers = normal(network)
    names = _named([layer.name for layer in layers])
    each = bits.of(names)
    form, narrowed = _beside_spikes(input_form(samples), layers, each)
    silent = network.readout not in answers.SPIKES
    plain = [
        _for_input(_silenced(layer) if silent and layer.name == network.output else layer, form)
        for layer in layers
    ]

    several = [layer.name for layer in plain if layer.neuron.most != 1]
    counts = dict.fromkeys(several, 1)

    def build(
        finer: dict[str, int], coarser: dict[str, int] | None = None
    ) -> tuple[Tables, Network, dict[str, Scaled]]:
        found = {
            layer.name: scaled(
                layer, each[layer.name], form.scale, finer=finer.get(layer.name, 0),
                uniform=silent and layer.name == network.output,
                coarser=(coarser or {}).get(layer.name, 0),
            )
            for layer in plain
        }  # fmt: skip
        snaps = [
            snapped(layer, found[layer.name], names, counts.get(layer.name, 1)) for layer in plain
        ]
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
            layers=tuple(
                layer_of(layer, found[layer.name], names, counts.get(layer.name, 1))
                for layer in plain
            ),
            readout=answers.readout(network.readout, names[network.output], network.voters),
        )
        return tables, network_of(snaps, network), found

    tables, snap, found = build({})
    finer = {
        layer.name: _finer(found[layer.name], steps if layer.neuron.threshold is None else 0)
        for layer in plain
    }
    # From front to back, as what a layer can send depends on what it can get.
    for theirs in several:
        counts[theirs] = min(8, sent(tables, tables.layer(names[theirs])).bit_length())
        tables, snap, found = build({})
    x = drawn(tables) if samples is None else form.integers(samples[:, :CALIBRATING])
    states = {names[theirs]: its.states for theirs, its in each.items()}
    if any(its.rounded for its in found.values()):
        # As fine as leaves no potential rounded that isn't.
        held = state_of(tables, states, Seen() if samples is None else _seen(snap, x))
        for theirs, ours in names.items():
            its, store = found[theirs], held.layer(ours).neuron.store
            spare = 0 if _shift(store) else states[ours] - store.bits
            finer[theirs] = max(finer[theirs], min(_unrounded(its), spare))
    if any(finer.values()):
        tables, snap, found = build(finer)

    def fit() -> Tables:
        rounding = {names[layer.name] for layer in plain if found[layer.name].rounds}
        seen = Seen() if samples is None else _seen(snap, x)
        return fitted(state_of(tables, states, seen), snap, rounding, x)

    fit_tables = fit()
    coarser = {
        theirs: shift
        for theirs, ours in names.items()
        if found[theirs].rounded and not found[theirs].rounds
        and 0 < (shift := _shift(fit_tables.layer(ours).neuron.store))
        and shift <= each[theirs].weights - FEWEST
    }  # fmt: skip
    if coarser:
        # Weights lose the bits instead of potentials, and golden fires as the rule does.
        tables, snap, found = build(finer, coarser)
        fit_tables = fit()
    tables = fit_tables
    narrow = losses(tables)
    reasons = {theirs: its.reason for theirs, its in found.items() if its.reason}
    if silent and (why := _rounded(found[network.output], finer[network.output], steps)):
        reasons.setdefault(network.output, why)
        if bits.all.exact:
            raise LoweringError(f"layer {network.output} must be exact, but {why}")
    back = {ours: theirs for theirs, ours in names.items()}
    for ours, why in narrow.items():
        theirs = back[ours]
        reasons[theirs] = "; ".join(part for part in (reasons.get(theirs, ""), why) if part)
    if bits.all.exact and narrow:
        ours, why = next(iter(narrow.items()))
        raise LoweringError(f"layer {back[ours]} must be exact, but {why}")
    unit, offset = 1.0, 0.0
    if silent:
        store = tables.layer(names[network.output]).neuron.store
        assert isinstance(store, Shift)
        unit = float((1 << store.shift) / found[network.output].scale[0])
        origin = next(layer for layer in plain if layer.name == network.output).origin[0]
        offset = float(origin * network.voters * (steps if network.readout == "sum" else 1))
    notes = list(network.notes)
    if narrowed:
        notes.append(narrowed)
    elif not form.exact:
        notes.append(
            f"the input has no levels that fit 8 bits: it is rounded to {form.activation.bits} bits"
        )
    return Lowered(
        tables=tables,
        network=network,
        snapped=snap,
        names=names,
        input=form,
        unit=unit,
        offset=offset,
        reasons=reasons,
        notes=tuple(notes),
    )


def _seen(snapped: Network, x: NDArray[np.int64]) -> Seen:
    """Return what each layer would store on samples."""
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
    return Seen(potentials=found, currents=done.currents)


def _finer(found: Scaled, read: int) -> int:
    """Return the bits that potentials get beyond those needed, where decays round them.

    What is rounded away, an LSB a step, adds up over 1 / (1 - decay) steps, first in a current and
    then in the potential; it should be less than 1/256 of the threshold. Whether the state can hold
    as much is tried later. Of potentials that are `read` after so many steps a decay of 2**-k
    matters too, k bits a step.
    """
    if not found.rounds and (not read or found.decay.whole):
        return 0
    decay = float(found.decay.value.max())
    current = 0.0 if found.current is None else float(found.current.value.max())
    threshold = 16.0 if found.threshold is None else max(float(np.abs(found.threshold).min()), 1.0)
    adds_up = max(1 - decay, 2.0**-12) * max(1 - current, 2.0**-12)
    wanted = int(np.ceil(np.log2(256 / (adds_up * threshold))))
    if not found.rounds:
        wanted = min(max(wanted, 8), _lost(found, read))
    return max(0, min(wanted, MOST_GAIN - found.gain))


def _unrounded(found: Scaled) -> int:
    """Return the bits beyond those needed with which a threshold that isn't whole hardly rounds."""
    if not found.rounded or found.threshold is None:
        return 0
    least = max(float(np.abs(found.threshold).min()), 1.0)
    return max(0, min(int(np.ceil(np.log2(LEVELS / least))), MOST_GAIN - found.gain))


def _shift(store: Any) -> int:
    assert isinstance(store, Shift)
    return store.shift


def _lost(found: Scaled, steps: int) -> int:
    """Return the bits that decays of 2**-k round away of potentials in so many steps."""
    most = found.decay.shift - int(np.log2(max(int(found.decay.multiplier.min()), 1)))
    return (steps - 1) * most


def _rounded(found: Scaled, finer: int, steps: int) -> str:
    """Return why potentials that are read aren't exact, or ''."""
    if found.rounds or found.decay.whole or finer >= _lost(found, steps):
        return ""
    multiplier, shift = int(found.decay.multiplier.min()), found.decay.shift
    return f"a decay of {multiplier}/{1 << shift} rounds potentials that are read"


def _beside_spikes(
    form: InputForm, layers: list[PlainLayer], each: Mapping[str, Bits]
) -> tuple[InputForm, str]:
    """Return the input in so few bits that its weights keep some beside those of spikes, and why.

    A layer's weights have one scale. Those of an input of 8 bits are for integers up to 255, so
    next to those of spikes they would be less than one.
    """
    why, given = "", form.activation.bits
    for layer in layers:
        if len({group.source == "input" for group in layer.groups}) < 2:
            continue
        least = 1 + form.activation.signed
        while form.activation.bits > least and _crowded(_for_input(layer, form), each[layer.name]):
            form = form.narrowed()
            why = (
                f"the input is rounded from {given} bits to {form.activation.bits}: layer "
                f"{layer.name} adds it up with spikes, whose weights are of the same scale"
            )
    return form, why


def _crowded(layer: PlainLayer, bits: Bits) -> bool:
    """Return whether rounding leaves most channels few levels of the input's weights."""
    found = scaled(layer, replace(bits, exact=False), 1.0, uniform=False)
    if not found.rounded:
        return False
    largest = [
        np.abs(value).reshape(len(value), -1).max(1)
        for group, value in zip(layer.groups, found.weights, strict=True)
        if group.source == "input"
    ]
    return bool(np.median(np.max(largest, 0)) * 8 < bits.largest)


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
