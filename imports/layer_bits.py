"""The bits of each layer: one choice for all, or one by the name of a layer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from .bits import Bits
from .paths import LoweringError

OTHERS = "*"
"""Stands for the layers that aren't named."""


@dataclass(frozen=True, kw_only=True)
class LayerBits:
    """What the numbers of each layer may take.

    Attributes
    ----------
    all
        Of the layers that aren't named.
    layers
        By the source's name of a layer.
    """

    all: Bits = Bits()
    layers: Mapping[str, Bits] = field(default_factory=dict)

    def of(self, names: Iterable[str]) -> dict[str, Bits]:
        """Return the bits by name.

        Raises
        ------
        LoweringError
            Where a layer is named that isn't one of these.
        """
        known = list(names)
        for name in self.layers:
            if name not in known:
                raise LoweringError(
                    f"bits must be of a layer that there is, {', '.join(known)}, not of {name!r}"
                )
        return {name: self.layers.get(name, self.all) for name in known}


def layer_bits(
    weights: int | Mapping[str, int], states: int | Mapping[str, int], base: Bits
) -> LayerBits:
    """Return bits of layers: of all, or by name, where '*' are those that aren't named.

    Parameters
    ----------
    weights, states
        Bits; what isn't said is that of `base`.
    base
        Says the rest.
    """
    by_name = [
        dict(value) if isinstance(value, Mapping) else {OTHERS: value}
        for value in (weights, states)
    ]
    others = [
        chosen.pop(OTHERS, default)
        for chosen, default in zip(by_name, (base.weights, base.states), strict=True)
    ]
    every = replace(base, weights=others[0], states=others[1])
    named = dict.fromkeys(name for chosen in by_name for name in chosen)
    return LayerBits(
        all=every,
        layers={
            name: replace(
                every,
                weights=by_name[0].get(name, every.weights),
                states=by_name[1].get(name, every.states),
            )
            for name in named
        },
    )
