"""A source's network as tables: every layer's numbers as integers, and which are exact.

The rule of a layer maps to the contract without loss, or is refused by name. What remains is
rounding: of the weights, where they aren't whole at any scale; of decays that aren't 2**-k; and of
potentials that don't fit their bits. Each is said.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks.arguments import integer
from ..export.neuron import Shift
from ..export.tables import Tables
from .bits import Bits
from .draft import Draft
from .fitting import drawn, fitted
from .graph import Network
from .input_form import InputForm, input_form
from .layer_bits import LayerBits
from .ops import spread
from .paths import LoweringError
from .ranges import Seen, losses, sent, state_of
from .reference import run
from .scales import MOST_GAIN, Scaled

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
    draft = Draft.of(network, input_form(samples), integer("steps", steps, 1, 65535), bits, name)
    form, names = draft.form, draft.names
    tables, snap, found = draft.made()
    finer = {
        layer.name: _finer(found[layer.name], draft.steps if layer.neuron.threshold is None else 0)
        for layer in draft.layers
    }
    # From front to back, as what a layer can send depends on what it can get.
    for theirs in draft.counts:
        draft.counts[theirs] = min(8, sent(tables, tables.layer(names[theirs])).bit_length())
        tables, snap, found = draft.made()
    x = drawn(tables) if samples is None else form.integers(samples[:, :CALIBRATING])
    calibration = None if samples is None else x
    if any(its.rounded for its in found.values()):
        held = _stated(draft, tables, snap, calibration)
        finer = {
            theirs: max(more, _spare(draft, theirs, held, found)) for theirs, more in finer.items()
        }
    if any(finer.values()):
        tables, snap, found = draft.made(finer)
    fit = _fit(draft, tables, snap, found, x, calibration)
    coarser = {
        theirs: shift for theirs in names
        if found[theirs].rounded and not found[theirs].rounds
        and 0 < (shift := _shift(fit, names[theirs])) <= draft.bits[theirs].weights - FEWEST
    }  # fmt: skip
    if coarser:
        # Weights lose the bits instead of potentials, and golden fires as the rule does.
        tables, snap, found = draft.made(finer, coarser)
        fit = _fit(draft, tables, snap, found, x, calibration)
    reasons = _reasons(draft, fit, found, finer, bits.all.exact)
    unit, offset = draft.unit(fit, found[network.output])
    width = form.activation.bits
    rounds = draft.narrowed or (
        f"the input has no levels that fit 8 bits: it is rounded to {width} bits"
    )
    return Lowered(
        tables=fit,
        network=network,
        snapped=snap,
        names=names,
        input=form,
        unit=unit,
        offset=offset,
        reasons=reasons,
        notes=network.notes if form.exact else (*network.notes, rounds),
    )


def _reasons(
    draft: Draft, tables: Tables, found: dict[str, Scaled], finer: dict[str, int], exact: bool
) -> dict[str, str]:
    """Return why layers aren't exact, or raise `LoweringError` where all must be."""
    reasons = {theirs: its.reason for theirs, its in found.items() if its.reason}
    output = draft.network.output
    if draft.silent and (why := _rounded(found[output], finer[output], draft.steps)):
        if exact:
            raise LoweringError(f"layer {output} must be exact, but {why}")
        reasons.setdefault(output, why)
    back = {ours: theirs for theirs, ours in draft.names.items()}
    for ours, why in losses(tables).items():
        theirs = back[ours]
        if exact:
            raise LoweringError(f"layer {theirs} must be exact, but {why}")
        reasons[theirs] = "; ".join(part for part in (reasons.get(theirs, ""), why) if part)
    return reasons


def _stated(draft: Draft, tables: Tables, snap: Network, x: NDArray[Any] | None) -> Tables:
    """Return tables with states as narrow as samples x, if there are any, let them be."""
    states = {draft.names[theirs]: its.states for theirs, its in draft.bits.items()}
    return state_of(tables, states, Seen() if x is None else _seen(snap, x))


def _fit(
    draft: Draft,
    tables: Tables,
    snap: Network,
    found: dict[str, Scaled],
    x: NDArray[Any],
    calibration: NDArray[Any] | None,
) -> Tables:
    """Return tables with the states and roundings that suit the source best."""
    rounding = {draft.names[theirs] for theirs, its in found.items() if its.rounds}
    return fitted(_stated(draft, tables, snap, calibration), snap, rounding, x)


def _shift(tables: Tables, name: str) -> int:
    store = tables.layer(name).neuron.store
    assert isinstance(store, Shift)
    return store.shift


def _spare(draft: Draft, theirs: str, held: Tables, found: dict[str, Scaled]) -> int:
    """Return the bits with which a layer's threshold hardly rounds, of those its state can spare.

    As fine as leaves no potential rounded that isn't.
    """
    ours = draft.names[theirs]
    store = held.layer(ours).neuron.store
    spare = 0 if _shift(held, ours) else draft.bits[theirs].states - store.bits
    return min(_unrounded(found[theirs]), spare)


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
