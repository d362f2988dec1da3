"""Scales: how many tables' LSBs a source's unit is, for each channel of a layer.

A spike has no scale, so each channel has its own. It is exact where all weights, the bias and the
threshold are whole numbers of LSBs; otherwise the largest weight of a channel fills its bits.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks.arguments import WORD_LIMIT
from .bits import Bits
from .decays import Decay, current_decay, potential_decay
from .floats import Floats
from .normal import PlainLayer, weights
from .paths import LoweringError
from .rounding import as_integers, filled, stepped

MOST_GAIN = 15
FINEST_BITS = 24
"""Bits behind the point of a number that is looked for as a whole number of LSBs."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scaled:
    """A layer's numbers as integers.

    Attributes
    ----------
    scale
        (channels,), LSBs of a potential a unit of the source.
    gain
        A weight's LSB is 2**gain of a potential's.
    weights
        Of each group, in its shape, in LSBs of weights.
    bias, threshold, low
        (channels,), in LSBs of potentials; None where the layer never fires, or has no lower bound.
        The bias enters the current where there is one.
    decay, current
        Of potentials, and of synaptic currents or None.
    reason
        Why this isn't exactly the source, or ''.
    rounded
        Whether its weights, or its bias and threshold, aren't whole numbers of LSBs.
    """

    scale: Floats
    gain: int
    weights: tuple[NDArray[np.int64], ...]
    bias: NDArray[np.int64]
    threshold: NDArray[np.int64] | None
    low: NDArray[np.int64] | None
    decay: Decay
    current: Decay | None
    reason: str
    rounded: bool = False

    @property
    def rounds(self) -> bool:
        """Whether a decay rounds potentials in each step, so that finer ones are nearer.

        A current rounds whatever its decay is: potentials add up what it has lost.
        """
        lost = self.current is not None and not self.current.whole
        return lost or bool(np.any(self.decay.multiplier & (self.decay.multiplier - 1)))


def scaled(
    layer: PlainLayer,
    bits: Bits,
    inputs: float,
    *,
    uniform: bool,
    finer: int = 0,
    coarser: int = 0,
) -> Scaled:
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
    finer
        Bits that potentials get beyond those that are needed.
    coarser
        Bits that rounded weights are short of theirs, such that a state holds all of a potential.

    Raises
    ------
    LoweringError
        Where a number doesn't fit, or isn't exact where it must be.
    """
    decay, decays = potential_decay(layer.neuron.decay)
    current, currents = None, ""
    if layer.neuron.current is not None:
        current, currents = current_decay(layer.neuron.current.decay)
    coarse, gain, why = _exact_scale(layer, bits, inputs, uniform)
    rounded = coarse is None
    if coarse is None:
        coarse = stepped(layer, bits, uniform or bits.scales == "layer")
        lost = "its threshold and its bias are rounded, its weights aren't"
        if coarse is None:
            coarse = filled(layer, bits, uniform) / 2**coarser
            lost = f"weights are rounded to {bits.weights - coarser} bits"
        gain, why = 0, f"{why}: {lost}"
    reason = "; ".join(part for part in (why, decays, currents) if part)
    if bits.exact and reason:
        raise LoweringError(f"layer {layer.name} must be exact, but {reason}")
    gain = min(gain + finer, MOST_GAIN)
    scale = coarse * 2.0**gain
    exact = [weights(group.op) * _wide(coarse, weights(group.op)) for group in layer.groups]
    whole = tuple(as_integers(value, bits) for value in exact)
    wide = [np.round(e) != w for e, w in zip(exact, whole, strict=True) if bits.weights > 1]
    if cut := int(sum(w.sum() for w in wide)):
        reason += f"; {cut} weights saturate"
    rule = layer.neuron
    # A bias of potentials beside a current is refused by `layer_of`.
    bias = rule.bias if current is None else layer.drive
    numbers = {"bias": bias, "threshold": rule.threshold, "v_min": rule.low}
    levels: dict[str, Any] = {}
    for name, value in numbers.items():
        whole_value = None if value is None else np.round(value * scale)
        if whole_value is not None and np.abs(whole_value).max() >= WORD_LIMIT - 1:
            raise LoweringError(
                f"layer {layer.name}: {name} must be less than 2**31 LSBs of its potentials, not "
                f"{np.abs(whole_value).max():.3g}; its weights are too small for it"
            )
        levels[name] = None if whole_value is None else whole_value.astype(np.int64)
    return Scaled(
        scale=scale, gain=gain, weights=whole, bias=levels["bias"], threshold=levels["threshold"],
        low=levels["v_min"], decay=decay, current=current, reason=reason, rounded=rounded,
    )  # fmt: skip


def _wide(scale: Any, like: Floats) -> Any:
    return np.reshape(np.broadcast_to(scale, like.shape[:1]), (-1, *(1,) * (like.ndim - 1)))


def _fitting(layer: PlainLayer, bits: Bits, scale: Floats) -> NDArray[np.bool_]:
    """Return which channels' weights fit their bits at a scale."""
    fits = np.ones(len(scale), bool)
    for group in layer.groups:
        value = weights(group.op) * _wide(scale, weights(group.op))
        flat = np.round(value.reshape(len(value), -1))
        fits &= (flat.max(1) <= bits.largest) & (flat.min(1) >= -bits.largest - (bits.weights > 2))
        if bits.weights == 1:
            fits &= (flat != 0).all(1)
    return fits


def _coarsest(parts: list[Floats], unit: float) -> Floats:
    """Return the coarsest scale, unit · 2**k, at which a channel's numbers are whole, or 0."""
    chosen = np.zeros(len(parts[0]))
    for power in range(-8, FINEST_BITS + 1):
        scale = unit * 2.0**power
        whole = np.ones(len(chosen), bool)
        for part in parts:
            flat = part.reshape(len(part), -1) * scale
            whole &= (np.abs(flat - np.round(flat)) <= 1e-9 * np.abs(flat)).all(1)
        chosen = np.where(whole & (chosen == 0), scale, chosen)
    return chosen


def _exact_scale(
    layer: PlainLayer, bits: Bits, inputs: float, uniform: bool
) -> tuple[Floats | None, int, str]:
    """Return the scale at which all weights are whole and fit, and the gain at which the rest is.

    Of several, the coarsest: it is as exact as any where decays are 2**-k. None where there is
    none, and the reason in words.
    """
    rule = layer.neuron
    others = [v for v in (rule.bias, rule.threshold, rule.low, layer.drive) if v is not None]
    parts = [weights(group.op) for group in layer.groups]
    empty = np.all([(part.reshape(len(part), -1) == 0).all(1) for part in parts], 0)
    for unit in dict.fromkeys((1.0, 1.0 / inputs)):
        coarse, rest = _coarsest(parts, unit), _coarsest(others, unit)
        if not (coarse.all() and rest.all()):
            continue
        coarse = np.where(empty, rest, coarse)
        if uniform:
            coarse, rest = np.full_like(coarse, coarse.max()), np.full_like(rest, rest.max())
        if not _fitting(layer, bits, coarse).all():
            same = (
                "one scale for all channels, whose potentials are compared,"
                if uniform
                else ("its scale")
            )
            return None, 0, f"{same} is too coarse in {bits.weights} bits"
        # What the weights have to spare needs no gain.
        while (wider := (coarse < rest) & _fitting(layer, bits, 2 * coarse)).any():
            if uniform and not wider.all():
                break
            coarse = np.where(wider, 2 * coarse, coarse)
        gain = max(0, int(np.ceil(np.log2((rest / coarse).max()))))
        if gain <= MOST_GAIN:
            return coarse, gain, ""
    return None, 0, "no power of two makes all its numbers whole"
