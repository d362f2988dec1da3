"""A trained layer as integers: what torch computes with in evaluation, and what is exported."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from . import neuron


@dataclass(frozen=True, kw_only=True, eq=False)
class Integers:
    """A trained layer, in accumulator LSBs.

    Attributes
    ----------
    weights
        int32, shaped as torch's, of each group.
    constants
        int32 (channels,) each, or None: bias, threshold, level, boundary and identity, as of
        `neuron.Constants`.
    multiplier
        Of the leak.
    mask
        bool (channels,): which ones are kept.
    rule
        The rest of the neurons' parameters.
    """

    weights: tuple[NDArray[np.int32], ...]
    constants: dict[str, NDArray[np.int32] | None]
    multiplier: int
    mask: NDArray[np.bool_]
    rule: neuron.TrainingRule

    @property
    def bias(self) -> NDArray[np.int32]:
        """int32 (channels,)."""
        bias = self.constants["bias"]
        assert bias is not None
        return bias

    @property
    def threshold(self) -> NDArray[np.int32] | None:
        """int32 (channels,); None where the layer never fires."""
        return self.constants["threshold"]

    def bound(self, *highs: int) -> int:
        """Return what no intermediate of the update exceeds in magnitude.

        `highs` are the largest elements of the sources, in the order of `Layer.backs`.
        """
        rows = [np.abs(w.astype(np.int64)).reshape(len(w), -1).sum(1) for w in self.weights]
        total = sum(row * high for row, high in zip(rows, highs, strict=False))
        assert isinstance(total, np.ndarray)
        constants = {k: np.abs(v.astype(np.int64)) for k, v in self.constants.items()
                     if v is not None}  # fmt: skip
        total += constants.pop("identity", 0) * highs[-1] + sum(constants.values())
        if not self.rule.ternary:
            total += 1 << (self.rule.bits - 1 + self.rule.shift)
        return int(total.max()) << max(self.rule.leak_shift, 1)


def from_trained(
    weights: list[Tensor], constants: neuron.Constants, mask: Tensor, rule: neuron.TrainingRule
) -> Integers:
    """Return the integers that tensors hold."""
    return Integers(
        weights=tuple(_int32(weight) for weight in weights),
        constants={
            name: None if value is None else _int32(value)
            for name, value in vars(constants).items()
            if name not in ("multiplier", "width")
        },
        multiplier=int(constants.multiplier),
        mask=mask.cpu().numpy() > 0,
        rule=rule,
    )


def _int32(value: Tensor) -> NDArray[np.int32]:
    array: NDArray[np.int32] = value.cpu().numpy().astype(np.int32)
    return array
