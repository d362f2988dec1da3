"""Samples in the layout that a source's network takes, as the reference takes them."""

from math import prod
from typing import Any

import numpy as np

from .floats import Floats
from .graph import Network
from .paths import LoweringError


def frames(network: Network, samples: Any, steps: int | None) -> Floats:
    """Return samples as (steps, batch, *input shape) float64; a view where a step is repeated.

    Parameters
    ----------
    network
        Says which axes the samples have: time and batch, or batch and time, or batch alone where
        it is the same in every step.
    samples
        Anything that NumPy makes an array of, tensors included.
    steps
        Of samples without time; None takes the network's own.

    Raises
    ------
    LoweringError
        Where the samples have other axes, or steps, or aren't finite numbers.
    """
    array = samples.detach().cpu().numpy() if hasattr(samples, "detach") else np.asarray(samples)
    if array.dtype.kind not in "biuf":
        raise LoweringError(f"samples must be numbers, not {array.dtype}")
    axes = network.axes or len(network.input_shape)
    size, lead = prod(network.input_shape), array.ndim - axes
    if lead not in (1, 2) or prod(array.shape[lead:]) != size or not array.size:
        shape = "×".join(map(str, network.input_shape))
        raise LoweringError(
            f"samples must be of {shape} elements, with batch and, where they change, time before "
            f"them, not of shape {array.shape}"
        )
    x = array.astype(np.float64).reshape(*array.shape[:lead], *network.input_shape)
    if not np.isfinite(x).all():
        raise LoweringError("samples must be finite, but hold NaN or infinity")
    known = steps or network.steps
    if lead == 1:
        if known is None:
            raise LoweringError("steps must be given where samples have no time")
        return np.broadcast_to(x, (known, *x.shape))
    if network.layout == "batch":
        x = x.swapaxes(0, 1)
    if known is not None and len(x) != known:
        raise LoweringError(f"samples must have {known} steps, not {len(x)}")
    if network.constant and (x != x[:1]).any():
        raise LoweringError(
            "samples must be the same in every step, as the network takes one without time"
        )
    return x
