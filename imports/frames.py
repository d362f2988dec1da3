"""Samples in the layout that a source's network takes, as the reference takes them."""

from dataclasses import dataclass
from math import prod
from typing import Any, Literal

import numpy as np

from .floats import Floats
from .graph import Network, Shape
from .paths import LoweringError


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a network's samples lie; each as of `Network`.

    Attributes
    ----------
    shape
        The input's.
    axes
        Of a sample in one step; 0 are those of the shape.
    order
        'steps' and batch, or 'batch' and steps.
    constant
        All steps are the same.
    steps
        Or None.
    """

    shape: Shape
    axes: int = 0
    order: Literal["steps", "batch"] = "steps"
    constant: bool = False
    steps: int | None = None

    @staticmethod
    def of(network: Network) -> "Layout":
        """Return a network's layout."""
        return Layout(
            shape=network.input_shape, axes=network.axes, order=network.layout,
            constant=network.constant, steps=network.steps,
        )  # fmt: skip


def axes_of(order: str) -> str:
    """Return what the axes of samples are that change with time, of an order as of `Layout`."""
    return "(batch, steps, …)" if order == "batch" else "(steps, batch, …)"


def frames(layout: Layout, samples: Any, steps: int | None = None) -> Floats:
    """Return samples as (steps, batch, *input shape) float64; a view where a step is repeated.

    Parameters
    ----------
    layout
        Says which axes the samples have: time and batch, or batch and time, or batch alone where
        it is the same in every step.
    samples
        Anything that NumPy makes an array of, tensors included.
    steps
        Of samples without time; None takes those of the layout.

    Raises
    ------
    LoweringError
        Where the samples have other axes, or steps, or aren't finite numbers.
    """
    array = samples.detach().cpu().numpy() if hasattr(samples, "detach") else np.asarray(samples)
    if array.dtype.kind not in "biuf":
        raise LoweringError(f"samples must be numbers, not {array.dtype}")
    axes = layout.axes or len(layout.shape)
    size, lead = prod(layout.shape), array.ndim - axes
    if lead not in (1, 2) or prod(array.shape[lead:]) != size or not array.size:
        shape = "×".join(map(str, layout.shape))
        raise LoweringError(
            f"samples must be of {shape} elements, with batch and, where they change, time before "
            f"them, not of shape {array.shape}"
        )
    x = array.astype(np.float64).reshape(*array.shape[:lead], *layout.shape)
    if not np.isfinite(x).all():
        raise LoweringError("samples must be finite, but hold NaN or infinity")
    known = steps or layout.steps
    if lead == 1:
        if known is None:
            raise LoweringError("steps must be given where samples have no time")
        return np.broadcast_to(x, (known, *x.shape))
    if layout.order == "batch":
        x = x.swapaxes(0, 1)
    if known is not None and len(x) != known:
        raise LoweringError(
            f"samples must be {axes_of(layout.order)} with {known} steps, as the source takes "
            f"them, not of shape {array.shape} with {len(x)}"
        )
    if layout.constant and (x != x[:1]).any():
        raise LoweringError(
            "samples must be the same in every step, as the network takes one without time"
        )
    return x
