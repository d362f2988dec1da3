"""How a data set's samples become input maps: deterministic integer arithmetic, no random draw."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def encode(
    images: NDArray[Any], *, encoding: str, steps: int, maximum: int = 255, high: int = 1
) -> NDArray[Any]:
    """Return the input map of every time step.

    Parameters
    ----------
    images
        For 'rate' and 'direct', integers 0…maximum of shape (samples, *shape). For 'frames',
        (steps, samples, *shape).
    encoding
        'rate': evenly spaced spikes, whose number is `steps · image / maximum`, rounded half up. A
        spike falls in step t where `floor(((t + 1) · image + maximum // 2) / maximum)` is one more
        than the same at t. 'direct': `image · high / maximum`, rounded half up, in every step.
        'frames': the images as they are.
    steps
        Time steps.
    maximum
        The sample that stands for the full scale.
    high
        The largest input activation, for 'direct': 1…255.

    Returns
    -------
    Integers (steps, samples, *shape): uint8, or for 'frames' the type of `images`. The maps of
    'direct' are one array seen `steps` times, and read-only.

    Raises
    ------
    TypeError
        Where `images` does not hold integers.
    ValueError
        Where an image lies outside 0…maximum, an argument is out of range, or the frames are not
        one a step.
    """
    if images.dtype.kind not in "iu":
        raise TypeError(f"images must hold integers, not {images.dtype}")
    if steps < 1:
        raise ValueError(f"steps must be at least 1, not {steps}")
    if encoding == "frames":
        if images.ndim < 3 or len(images) != steps:
            raise ValueError(
                f"frames must have the shape (steps, samples, *shape) with {steps} steps, "
                f"not {images.shape}"
            )
        return images
    if encoding not in ("rate", "direct"):
        raise ValueError(f"encoding must be 'rate', 'direct' or 'frames', not {encoding!r}")
    if not 1 <= maximum <= 65535:
        raise ValueError(f"maximum must be 1…65535, not {maximum}")
    if not 1 <= high <= 255:
        raise ValueError(f"high must be 1…255, not {high}")
    if images.size and not 0 <= images.min() <= images.max() <= maximum:
        raise ValueError(
            f"images must be 0…{maximum}, the maximum, not {images.min()}…{images.max()}"
        )
    pixels = images.astype(np.int64 if steps * maximum >= 1 << 31 else np.int32)
    if encoding == "direct":
        value = ((2 * pixels.astype(np.int64) * high + maximum) // (2 * maximum)).astype(np.uint8)
        return np.broadcast_to(value, (steps, *value.shape))
    spikes = np.empty((steps, *pixels.shape), np.uint8)
    reached = np.zeros_like(pixels)
    for step in range(steps):
        count = ((step + 1) * pixels + maximum // 2) // maximum
        spikes[step] = count - reached
        reached = count
    return spikes
