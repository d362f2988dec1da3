"""Decays: as multiplier / 2**shift, what is nearest, and what that rounds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .floats import Floats, dyadic


@dataclass(frozen=True, kw_only=True, eq=False)
class Decay:
    """multiplier / 2**shift, what is nearest: multiplier int64 (channels,) or ()."""

    multiplier: NDArray[np.int64]
    shift: int

    @property
    def whole(self) -> bool:
        """Whether it keeps all or nothing."""
        return bool(np.isin(self.multiplier, (0, 1 << self.shift)).all())

    @property
    def value(self) -> Floats:
        """The number that it is."""
        return np.asarray(self.multiplier / (1 << self.shift))


def potential_decay(decay: Floats) -> tuple[Decay, str]:
    """Return the decays of a layer, and why they aren't exact, or ''."""
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
    return Decay(multiplier=multiplier, shift=shift), reason


def current_decay(decay: Floats) -> tuple[Decay, str]:
    """Return the decays of a layer's synaptic currents, and why they aren't exact, or ''."""
    found, reason = potential_decay(decay)
    if found.whole or reason:
        return found, reason.replace("a decay of", "a current's decay of")
    return found, (
        f"a current's decay of {found.multiplier.max()}/{1 << found.shift} rounds it in each step, "
        "which potentials add up"
    )
