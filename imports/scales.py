"""Scales: how many tables' LSBs a source's unit is, for each channel of a layer.

A spike has no scale, so each channel has its own. It is exact where all weights, the bias and the
threshold are whole numbers of LSBs; otherwise the largest weight of a channel fills its bits.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..checks.arguments import WORD_LIMIT, choice, flag, integer
from .decays import Decay, current_decay, potential_decay
from .floats import Floats
from .normal import PlainLayer, weights
from .paths import LoweringError

MOST_GAIN = 15
TRIED = 25
"""Scales of a channel that are tried for the one that rounds least."""
WIDEST_LEVEL = 1 << 20
"""LSBs of a threshold or a bias, at most, of weights that are rounded; a state's steps are 16."""
UNEVEN = 4
"""Times as many LSBs as of most channels that a channel's threshold or bias may be."""
MOST_PARTS = 8
"""Steps that the smallest weight of a channel may be."""
FEW = 8
"""Weights of a channel that may have a step in common by chance."""
LOOKED_AT = 64
NEAR_WHOLE = 1e-3
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
        coarse = _stepped(layer, bits, uniform or bits.scales == "layer")
        lost = "its threshold and its bias are rounded, its weights aren't"
        if coarse is None:
            coarse = _filled(layer, bits, uniform) / 2**coarser
            lost = f"weights are rounded to {bits.weights - coarser} bits"
        gain, why = 0, f"{why}: {lost}"
    reason = "; ".join(part for part in (why, decays, currents) if part)
    if bits.exact and reason:
        raise LoweringError(f"layer {layer.name} must be exact, but {reason}")
    gain = min(gain + finer, MOST_GAIN)
    scale = coarse * 2.0**gain
    exact = [weights(group.op) * _wide(coarse, weights(group.op)) for group in layer.groups]
    whole = tuple(_rounded(value, bits) for value in exact)
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


def _stepped(layer: PlainLayer, bits: Bits, same: bool) -> Floats | None:
    """Return scales at which all weights are whole, where each channel's have a step in common.

    Those that were trained with a quantizer have: whole numbers times a scale that is no power of
    two. None where a channel has no such step, or where it has to be the `same` and isn't.
    """
    channels = len(layer.neuron.bias)
    flat = np.concatenate([weights(g.op).reshape(channels, -1) for g in layer.groups], 1)
    size = np.abs(flat)
    smallest = np.where(size > 0, size, np.inf).min(1)
    few = flat.shape[1] < FEW
    if few or not np.isfinite(smallest).any() or bits.scales == "power":
        return None
    scale = np.zeros(channels)
    for parts in range(1, MOST_PARTS + 1):
        tried = parts / smallest[:, None]
        # Some weights tell most layers; all are looked at where these have a step.
        fits = _whole(flat[:, :LOOKED_AT] * tried)
        for channel in np.flatnonzero(fits & (scale == 0)):
            whole = flat[channel] * tried[channel]
            if _whole(whole[None])[0] and size[channel].max() * tried[channel] < bits.largest + 0.5:
                scale[channel] = tried[channel, 0]
    empty = ~np.isfinite(smallest)
    if not (empty | (scale > 0)).all():
        return None
    if bits.weights == 1 and empty.any():
        return None
    common = float(np.median(scale[~empty]))
    if same and not np.allclose(scale[~empty], common, rtol=1e-4):
        return None
    return np.where(empty, common, scale)


def _whole(value: Floats) -> NDArray[np.bool_]:
    """Return by row whether all numbers are as good as whole, which float32 leaves them."""
    return np.asarray((np.abs(value - np.round(value)) <= NEAR_WHOLE).all(1))


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
    if bits.scales == "channel" and not uniform and bits.weights > 1:
        return _nearest(layer, bits, _evened(layer, scale))
    if bits.scales != "power":
        return scale
    scale = _evened(layer, scale)
    # A weight of 2**(bits - 1) LSBs saturates by one, which costs less than half the scale.
    most = bits.largest + (bits.weights > 2)
    return 2.0 ** np.floor(np.log2(scale * most / bits.largest))


def _evened(layer: PlainLayer, scale: Floats) -> Floats:
    """Return scales without those at which a channel's threshold or bias is far above the others'.

    Where weights are small beside the threshold, filling their bits makes that many LSBs. But all
    channels store their potentials in the same steps, which have to be as coarse as the widest
    wants; and next to such a threshold, few bits of its weights are as near as many of another's.
    """
    rule = layer.neuron
    if rule.threshold is None:
        return scale
    level = np.max([np.abs(v) for v in (rule.threshold, rule.bias, layer.drive)], 0) * scale
    most = min(UNEVEN * float(np.median(level)), WIDEST_LEVEL)
    return np.where(level > most, scale * most / np.maximum(level, 1e-9), scale)


def _nearest(layer: PlainLayer, bits: Bits, filled: Floats) -> Floats:
    """Return the scale of each channel at which its weights are rounded least.

    Few bits round less where the largest weights saturate.
    """
    channels = len(filled)
    flat = np.concatenate([weights(g.op).reshape(channels, -1) for g in layer.groups], 1)
    scale, least = filled, np.full(channels, np.inf)
    for factor in np.linspace(0.7, 1.0 if bits.weights > 5 else 1.6, TRIED):
        tried = filled * factor
        wide = tried[:, None]
        wrong = ((_rounded(flat * wide, bits) / wide - flat) ** 2).sum(1)
        scale, least = np.where(wrong < least, tried, scale), np.minimum(wrong, least)
    return scale


def _rounded(value: Floats, bits: Bits) -> NDArray[np.int64]:
    """Return weights as whole numbers of their bits."""
    if bits.weights == 1:
        return np.where(value >= 0, 1, -1).astype(np.int64)
    low = -bits.largest - (bits.weights > 2)
    return np.clip(np.round(value), low, bits.largest).astype(np.int64)
