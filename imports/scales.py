"""Scales: how many tables' LSBs a source's unit is, for each channel of a layer.

A spike has no scale, so each channel has its own. It is exact where all weights, the bias and the
threshold are whole numbers of LSBs; otherwise the largest weight of a channel fills its bits.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..checks.arguments import WORD_LIMIT, choice, flag, integer
from .floats import Floats, dyadic
from .normal import PlainLayer, weights
from .paths import LoweringError

FINEST_BITS = 24
"""Bits behind the point of a number that is looked for as a whole number of LSBs."""


@dataclass(frozen=True, kw_only=True)
class Bits:
    """How many bits numbers may take, and what to do where they need more.

    Attributes
    ----------
    weights
        1…8.
    states
        2…16, at most; fewer are taken where no potential needs them.
    scales
        Of a layer that isn't exact: 'channel' is any number, one a channel; 'power' powers of two,
        one a channel; 'layer' one of any size for all channels.
    exact
        Refuse what isn't exact, with the reason.
    """

    weights: int = 8
    states: int = 16
    scales: Literal["channel", "power", "layer"] = "channel"
    exact: bool = False

    def __post_init__(self) -> None:
        integer("weight_bits", self.weights, 1, 8)
        integer("state_bits", self.states, 2, 16)
        choice("scales", self.scales, ("channel", "power", "layer"))
        flag("exact", self.exact)

    @property
    def largest(self) -> int:
        """The largest weight."""
        return max(1, (1 << (self.weights - 1)) - 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Scaled:
    """A layer's numbers as integers.

    Attributes
    ----------
    scale
        (channels,), LSBs a unit of the source.
    weights
        Of each group, in its shape.
    bias, threshold
        (channels,); the threshold is None where the layer never fires.
    multiplier, shift
        The decay is multiplier / 2**shift, (channels,) or (): what is nearest.
    reason
        Why this isn't exactly the source, or ''.
    """

    scale: Floats
    weights: tuple[NDArray[np.int64], ...]
    bias: NDArray[np.int64]
    threshold: NDArray[np.int64] | None
    multiplier: NDArray[np.int64]
    shift: int
    reason: str


def scaled(layer: PlainLayer, bits: Bits, inputs: float, *, uniform: bool) -> Scaled:
    """Return a layer's numbers as integers.

    Parameters
    ----------
    layer
        Its weights from the input are for integers already.
    bits
        What they may take.
    inputs
        Numbers of the source an integer of the input stands for.
    uniform
        One scale for all channels, whose potentials are compared.

    Raises
    ------
    LoweringError
        Where a number doesn't fit, or isn't exact where it must be.
    """
    multiplier, shift, decays = _decay(layer.neuron.decay)
    fine = bool(np.any((multiplier & (multiplier - 1)) != 0))
    scale, why = _exact_scale(layer, bits, inputs, fine)
    if scale is not None and uniform:
        scale = np.broadcast_to(scale.max(), scale.shape)
        if not _fits(layer, bits, scale):
            scale, why = None, "one scale for all channels, whose potentials are compared, is too"
    if scale is None:
        scale = _filled(layer, bits, uniform)
        why = f"{why} coarse: weights are rounded to {bits.weights} bits"
    reason = "; ".join(part for part in (why, decays) if part)
    if bits.exact and reason:
        raise LoweringError(f"layer {layer.name} must be exact, but {reason}")
    whole = tuple(
        _rounded(weights(group.op) * _wide(scale, weights(group.op)), bits)
        for group in layer.groups
    )
    bias = np.round(layer.neuron.bias * scale).astype(np.int64)
    threshold = layer.neuron.threshold
    levels = None if threshold is None else np.round(threshold * scale).astype(np.int64)
    for name, value in (("bias", bias), ("threshold", levels)):
        if value is not None and np.abs(value).max() >= WORD_LIMIT - 1:
            raise LoweringError(
                f"layer {layer.name}: {name} must be less than 2**31 of its weights' LSBs, not "
                f"{int(np.abs(value).max())}; its weights are too small for it"
            )
    return Scaled(
        scale=scale, weights=whole, bias=bias, threshold=levels, multiplier=multiplier,
        shift=shift, reason=reason,
    )  # fmt: skip


def _decay(decay: Floats) -> tuple[NDArray[np.int64], int, str]:
    """Return the decays as multiplier / 2**shift, and why they aren't exact, or ''."""
    found = [dyadic(float(value)) for value in decay]
    reason = ""
    near: list[tuple[int, int]] = []
    for value, exact in zip(decay.tolist(), found, strict=True):
        if exact is None:
            # A potential that stays decays to within 1/500 of what it should.
            room = 0.002 * (1 - value) if value < 1 else 1e-9
            exact = dyadic(value, 15, max(room, 1e-6)) or (round(value * (1 << 15)), 15)
            reason = f"a decay of {value:.6g} is taken as {exact[0]}/{1 << exact[1]}"
        elif exact[0] & (exact[0] - 1) and not reason:
            reason = f"a decay of {exact[0]}/{1 << exact[1]} rounds potentials in each step"
        near.append(exact)
    shift = max(s for _, s in near)
    multiplier = np.array([m << (shift - s) for m, s in near], np.int64)
    if (multiplier == multiplier[0]).all():
        multiplier = multiplier[:1].reshape(())
    return multiplier, shift, reason


def _numbers(layer: PlainLayer, scale: Any) -> list[Floats]:
    """Return all numbers that must be whole, in LSBs, as (channels, …) each."""
    parts = [weights(group.op) * _wide(scale, weights(group.op)) for group in layer.groups]
    parts.append(layer.neuron.bias * scale)
    if layer.neuron.threshold is not None:
        parts.append(layer.neuron.threshold * scale)
    return [part.reshape(len(layer.neuron.bias), -1) for part in parts]


def _wide(scale: Any, like: Floats) -> Any:
    return np.reshape(np.broadcast_to(scale, like.shape[:1]), (-1, *(1,) * (like.ndim - 1)))


def _fits(layer: PlainLayer, bits: Bits, scale: Floats) -> bool:
    for group in layer.groups:
        value = weights(group.op) * _wide(scale, weights(group.op))
        if value.max() > bits.largest or value.min() < -bits.largest - (bits.weights > 2):
            return False
        if bits.weights == 1 and not value.all():
            return False
    return True


def _exact_scale(
    layer: PlainLayer, bits: Bits, inputs: float, fine: bool
) -> tuple[Floats | None, str]:
    """Return the scale at which all is whole and fits, or None and the reason in words.

    Of several, the coarsest is as exact as any where decays are 2**-k; for others, `fine`, the
    finest that fits rounds least.
    """
    channels = len(layer.neuron.bias)
    for unit in dict.fromkeys((1.0, 1.0 / inputs)):
        chosen = np.zeros(channels)
        for power in range(-8, FINEST_BITS + 1):
            scale = np.full(channels, unit * 2.0**power)
            whole = np.ones(channels, bool)
            for part in _numbers(layer, scale):
                whole &= (np.abs(part - np.round(part)) <= 1e-9 * np.maximum(1, np.abs(part))).all(
                    1
                )
            chosen = np.where(whole & (chosen == 0), scale, chosen)
        if not chosen.all():
            continue
        if not _fits(layer, bits, chosen):
            return None, f"the scale of {bits.weights}-bit weights is too"
        while fine and _fits(layer, bits, chosen * 2) and chosen.max() < 2**FINEST_BITS:
            chosen = chosen * 2
        return chosen, ""
    return None, "no power of two makes all its numbers whole, so the scale is too"


def _filled(layer: PlainLayer, bits: Bits, uniform: bool) -> Floats:
    """Return scales at which the largest weight of a channel, or of all, fills its bits."""
    channels = len(layer.neuron.bias)
    parts = [np.abs(weights(group.op)).reshape(channels, -1) for group in layer.groups]
    largest = np.max([part.max(1) for part in parts], 0)
    if bits.weights == 1:
        largest = np.mean([part.mean(1) for part in parts], 0)
    if uniform or bits.scales == "layer":
        largest = np.full(channels, largest.max())
    threshold = layer.neuron.threshold
    # A channel without weights fires by its bias alone.
    spare = np.ones(channels) if threshold is None else np.maximum(np.abs(threshold), 1e-9)
    scale = bits.largest / np.where(largest > 0, largest, spare)
    return 2.0 ** np.floor(np.log2(scale)) if bits.scales == "power" else scale


def _rounded(value: Floats, bits: Bits) -> NDArray[np.int64]:
    """Return weights as whole numbers of their bits."""
    if bits.weights == 1:
        return np.where(value >= 0, 1, -1).astype(np.int64)
    low = -bits.largest - (bits.weights > 2)
    return np.clip(np.round(value), low, bits.largest).astype(np.int64)
