"""Scales at which weights that aren't whole lose the least, and the weights as integers."""

import numpy as np
from numpy.typing import NDArray

from .bits import Bits
from .floats import Floats
from .normal import PlainLayer, weights

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


def stepped(layer: PlainLayer, bits: Bits, same: bool) -> Floats | None:
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


def filled(layer: PlainLayer, bits: Bits, uniform: bool) -> Floats:
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
        wrong = ((as_integers(flat * wide, bits) / wide - flat) ** 2).sum(1)
        scale, least = np.where(wrong < least, tried, scale), np.minimum(wrong, least)
    return scale


def as_integers(value: Floats, bits: Bits) -> NDArray[np.int64]:
    """Return weights as whole numbers of their bits."""
    if bits.weights == 1:
        return np.where(value >= 0, 1, -1).astype(np.int64)
    low = -bits.largest - (bits.weights > 2)
    return np.clip(np.round(value), low, bits.largest).astype(np.int64)
