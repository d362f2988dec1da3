"""A recipe: the network, its integers and its training, as one frozen record. Without torch."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from . import compatible, settings, shapes
from .groups import Settings
from .shapes import Conv, Dense, Shortcut

__all__ = ["Conv", "Dense", "Recipe", "Shortcut"]


@dataclass(frozen=True, kw_only=True)
class Recipe(Settings):
    """What to train, on what, and how.

    Its settings come in groups, each with a record in `somagate.model.groups` that says what they
    mean: `Problem`, `Weights`, `Neurons`, `Readout`, `Training` and `Augmentation`.

    Raises
    ------
    TypeError, ValueError
        Where a setting is out of range, or two don't go together; the message names them.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        compatible.check(self)

    @property
    def readout_shift(self) -> int:
        """The leak of the readout is a multiple of 2**-readout_shift."""
        return 0 if self.readout_leak == 1 else self.leak_shift

    def override(self, **changes: Any) -> "Recipe":
        """Return the recipe with the changes that are not None, checked like a new one."""
        return replace(self, **{k: v for k, v in changes.items() if v is not None})

    def floating(self) -> "Recipe":
        """Return the recipe of the float network of the same shape, to compare with.

        It is trained in the same way and for as many epochs, with nothing quantized or pruned, in
        float32.
        """
        epochs, method = self.epochs, self.method
        if isinstance(method, settings.Prune):
            epochs, method = epochs + method.epochs, None
        elif isinstance(method, settings.Attention):
            method = replace(
                method, density=1.0, exchange=0.0, spiking_exchange=0.0, pruned="weight"
            )
        return replace(
            self, quantized=False, mask_negative=False, epochs=epochs, method=method,
            precision="float32",
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers, strings, lists and dicts, for `from_dict`."""
        return {
            **asdict(self),
            "layers": [shapes.to_dict(layer) for layer in self.layers],
            "method": settings.to_dict(self.method),
        }

    @staticmethod
    def from_dict(record: dict[str, Any]) -> "Recipe":
        """Return the recipe that `to_dict` was called on."""
        layers = tuple(shapes.from_dict(layer) for layer in record["layers"])
        method = settings.from_dict(record["method"])
        return Recipe(**{**record, "layers": layers, "method": method})
