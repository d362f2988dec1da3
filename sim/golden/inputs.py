"""What a network takes as its input: checked, in its narrowest type."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...export.tables import Tables


def checked(tables: Tables, x: NDArray[Any]) -> NDArray[Any]:
    """Return `x` in the narrowest integer type of the network's input, or raise."""
    x = np.asarray(x)
    if x.dtype.kind not in "biu":
        raise TypeError(f"x must hold integers, not {x.dtype}")
    shape = ", ".join(str(size) for size in tables.input.shape)
    if x.ndim < 2 or (x.shape[0], *x.shape[2:]) != (tables.steps, *tables.input.shape):
        raise ValueError(f"x must have shape ({tables.steps}, batch, {shape}), not {x.shape}")
    if not x.size:
        raise ValueError(f"x must hold a sample or more, not have shape {x.shape}")
    activation = tables.input.activation
    low, high = int(x.min()), int(x.max())
    if low < activation.low or high > activation.high:
        raise ValueError(
            f"x must be {activation.low}…{activation.high} for {activation.bits}-bit "
            f"{'signed ' if activation.signed else ''}{activation.kind}s, not {low}…{high}"
        )
    if tables.input.constant and (x != x[:1]).any():
        step = int(np.flatnonzero((x != x[:1]).reshape(len(x), -1).any(1))[0])
        raise ValueError(
            f"x must be the same in every step of a constant input, not differ in step {step}"
        )
    return x.astype(np.int8 if activation.signed else np.uint8, copy=False)
