"""The neurons of a layer over all time steps, in floating-point tensors that hold integers.

The rule is the one that `somagate.sim.golden` defines; a test holds both to each other.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from .neuron_rule import Constants, CurrentRule, State, TrainingRule
from .quantizers import quantize

__all__ = ["Activity", "Constants", "CurrentRule", "State", "TrainingRule", "run", "update"]


@dataclass(frozen=True, kw_only=True)
class Activity:
    """What a layer's neurons did.

    Attributes
    ----------
    currents
        (steps, batch, channels, ...), sum and bias of every step, in accumulator LSBs, before the
        mask.
    spikes
        (steps, batch, channels, ...), before a pool; None where the layer never fires.
    last
        (batch, channels, ...), the potentials after the last step, in accumulator LSBs (ternary
        ones are -1, 0 and 1).
    potentials
        (steps, batch, channels, ...), in stored LSBs; None where they are not recorded.
    """

    currents: Tensor
    spikes: Tensor | None
    last: Tensor
    potentials: Tensor | None


def run(
    acc: Tensor,
    constants: Constants,
    rule: TrainingRule,
    *,
    record: bool = False,
    mask: Tensor | None = None,
) -> Activity:
    """Return what a layer's neurons do, from potential 0.

    Parameters
    ----------
    acc
        (steps, batch, channels, ...), the sums of the layer's synapses.
    constants, rule
        See there.
    record
        Whether to return every potential.
    mask
        (channels, ...) or (steps, batch, channels, ...): what the currents are multiplied by, or
        None; 0 keeps a neuron from being driven.
    """
    shaped = constants.spread(acc.ndim - 3)
    current = acc + shaped.bias
    driven = current if mask is None else current * mask
    state: State | None = None
    spikes, potentials = [], []
    for drive in driven.unbind(0):
        state = update(drive, state, shaped, rule)
        if state.fired is not None:
            spikes.append(state.fired)
        if record:
            potentials.append(state.v if rule.ternary else state.v / (1 << rule.shift))
    assert state is not None
    return Activity(
        currents=current,
        spikes=torch.stack(spikes) if spikes else None,
        last=state.v,
        potentials=torch.stack(potentials) if record else None,
    )


def update(drive: Tensor, state: State | None, constants: Constants, rule: TrainingRule) -> State:
    """Advance neurons by one time step.

    Parameters
    ----------
    drive
        (batch, channels, ...), what enters them: sum and bias, in accumulator LSBs.
    state
        What they kept; None before the first step.
    constants
        Spread over the axes of `drive`.
    rule
        See there.
    """

    def leak(x: Tensor) -> Tensor:
        return _leak(x, constants.multiplier, rule, rule.quantized)

    current = None
    if rule.current is not None:
        drive, current = _enter(drive, state, constants, rule)
    if state is None and rule.reset == "undelayed":
        state = State(v=torch.zeros_like(drive), fired=None)
    u, loaded = drive, None
    if state is not None:
        loaded = state.v
        if rule.ternary:
            assert constants.level is not None
            loaded = constants.level * state.v
        at_load = rule.leak_at == "load" and not rule.ternary
        u = drive + (leak(loaded) if at_load else loaded)
    if rule.reset == "blank" and state is not None and state.fired is not None:
        u = u * (state.fired == 0)
    if constants.lower_bound is not None:
        u = torch.maximum(u, constants.lower_bound)
    r = leak(u) if rule.leak_at == "store" else u
    if constants.threshold is None:
        return State(v=_store(r, constants, rule), fired=None, current=current)
    amount = constants.threshold if constants.amount is None else constants.amount
    compared = u
    if rule.reset == "undelayed":
        assert loaded is not None
        compared = u - (loaded >= constants.threshold) * amount
    spike = _fire(compared, constants, rule)
    if rule.mask_negative and state is not None:
        spike = spike * (state.v >= 0)
    if rule.reset == "zero":
        r = r * (1 - (spike if rule.most_spikes == 1 else spike.clamp(max=1)))
    elif rule.reset in ("subtract", "undelayed"):
        r = r - amount * spike
    return State(v=_store(r, constants, rule), fired=spike, current=current)


def _enter(
    drive: Tensor, state: State | None, constants: Constants, rule: TrainingRule
) -> tuple[Tensor, Tensor]:
    """Return what enters the potentials, and the currents to store."""
    kept, multiplier = rule.current, constants.current_multiplier
    assert kept is not None and multiplier is not None
    before = None if state is None else state.current
    h = torch.zeros_like(drive) if before is None else before
    j = drive + (_leak(h, multiplier, kept, rule.quantized) if kept.leak_at == "load" else h)
    after = _leak(j, multiplier, kept, rule.quantized) if kept.leak_at == "store" else j
    stored = quantize.store(after, kept.bits, kept.shift) if rule.quantized else after
    return h if kept.late else j, stored


def _leak(
    x: Tensor, multiplier: Tensor, rule: TrainingRule | CurrentRule, quantized: bool
) -> Tensor:
    x = x * (multiplier / (1 << rule.leak_shift))
    if not quantized:
        return x
    return -quantize.floor(-x) if rule.leak_up else quantize.floor(x)


def _fire(u: Tensor, constants: Constants, rule: TrainingRule) -> Tensor:
    threshold, width = constants.threshold, constants.width
    assert threshold is not None
    if rule.most_spikes > 1:
        return quantize.floor(u / threshold).clamp(0, rule.most_spikes)
    if width is None:
        return quantize.fire(u, threshold, rule.peak)
    return quantize.window(u, threshold, width, rule.peak, rule.learned)


def _store(r: Tensor, constants: Constants, rule: TrainingRule) -> Tensor:
    if rule.ternary:
        assert constants.boundary is not None
        if rule.quantized:
            return quantize.ternary(r, constants.boundary, stacked=rule.stacked)
        return r / (2 * constants.boundary)
    if rule.quantized:
        return quantize.store(r, rule.bits, rule.shift, stacked=rule.stacked)
    return r
