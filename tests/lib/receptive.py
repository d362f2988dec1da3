"""Receptive fields, one neuron at a time."""

from typing import Any

import numpy as np
from somagate.export.synapse import Convolution, Dense, Shape, SynapseGroup


def seen(
    group: SynapseGroup, place: tuple[int, ...], shape: Shape, channels: int
) -> list[tuple[int, ...]]:
    """Return the elements of a source in the receptive field of one neuron."""
    if isinstance(group, Dense):
        return list(np.ndindex(shape))
    if not isinstance(group, Convolution):
        return [place]
    in_group = group.weights.shape[1]
    first = place[0] // (channels // group.groups) * in_group
    return [
        (c, row, column)
        for c in range(first, first + in_group)
        for row in range(shape[1])
        for column in range(shape[2])
        if 0 <= row - place[1] * group.stride[0] + group.padding[0] < group.kernel[0]
        and 0 <= column - place[2] * group.stride[1] + group.padding[1] < group.kernel[1]
    ]


def weights_of(group: SynapseGroup, place: tuple[int, ...], shape: Shape, channels: int) -> Any:
    """Return the weight of each element that `seen` returns, in its order."""
    mine = group.weights[place[0]]
    if isinstance(group, Dense):
        return mine
    if not isinstance(group, Convolution):
        return np.array([mine])
    first = place[0] // (channels // group.groups) * mine.shape[0]
    return np.array(
        [
            mine[
                c - first,
                row - place[1] * group.stride[0] + group.padding[0],
                column - place[2] * group.stride[1] + group.padding[1],
            ]
            for c, row, column in seen(group, place, shape, channels)
        ]
    )
