"""Which settings of a recipe go together."""

from . import settings
from .groups import Settings
from .shapes import Conv


def check(recipe: Settings) -> None:
    """Raise `ValueError` where two settings don't go together."""
    if recipe.mask_negative and recipe.readout == "potential" and not recipe.layers:
        raise ValueError("Recipe mask_negative must be False where no layer fires, not True")
    if recipe.encoding == "rate" and recipe.input_bits != 1:
        raise ValueError(
            f"Recipe input_bits must be 1 for encoding 'rate', not {recipe.input_bits}"
        )
    if recipe.store == "ternary":
        if recipe.state_bits != 2:
            raise ValueError(
                f"Recipe state_bits must be 2 for store 'ternary', not {recipe.state_bits}"
            )
        if recipe.leak_at != "load":
            raise ValueError("Recipe leak_at must be 'load' for store 'ternary', not 'store'")
    if recipe.weights == "sigmoid" and recipe.weight_bits > 4:
        raise ValueError(
            f"Recipe weight_bits must be 1…4 for weights 'sigmoid', not {recipe.weight_bits}"
        )
    joined = any(isinstance(x, Conv) and x.shortcut and x.shortcut.kernel for x in recipe.layers)
    if joined and not recipe.normalize and recipe.weights != "lsq":
        raise ValueError(
            "Recipe weights must be 'lsq' for shortcuts with a kernel where normalize is "
            f"False, not {recipe.weights!r}"
        )
    if recipe.threshold == "leak" and not recipe.normalize:
        raise ValueError("Recipe normalize must be True for threshold 'leak', not False")
    if isinstance(recipe.method, settings.Prune) and not recipe.normalize:
        raise ValueError("Recipe normalize must be True for a Prune method, not False")
    if isinstance(recipe.method, settings.Attention):
        _check_compressed(recipe)
    if isinstance(recipe.method, settings.Detect):
        _check_detector(recipe, recipe.method)
    if isinstance(recipe.method, settings.SigmoidSum) != (recipe.weights == "sigmoid"):
        raise ValueError(
            "Recipe method must be a SigmoidSum where weights are 'sigmoid', and only there"
        )
    if recipe.spike_gradient == "window" and not recipe.normalize:
        raise ValueError(
            "Recipe spike_gradient must be 'ramp' where normalize is False, not 'window'"
        )
    _check_readout_leak(recipe)
    if recipe.readout == "vote" and recipe.steps * recipe.voters > 32767:
        raise ValueError(
            f"Recipe steps · voters must be at most 32767, not {recipe.steps * recipe.voters}"
        )


def _check_readout_leak(recipe: Settings) -> None:
    if recipe.readout_leak == 1:
        return
    if recipe.readout_leak * (1 << recipe.leak_shift) % 1:
        raise ValueError(
            f"Recipe readout_leak must be a multiple of 2**-{recipe.leak_shift}, by leak_shift, "
            f"not {recipe.readout_leak}"
        )
    for name, why in (("readout", "potential"), ("loss", "cross-entropy")):
        if getattr(recipe, name) != why:
            raise ValueError(
                f"Recipe readout_leak must be 1 for {name} {getattr(recipe, name)!r}, "
                f"not {recipe.readout_leak}"
            )


def _check_compressed(recipe: Settings) -> None:
    if recipe.normalize:
        raise ValueError("Recipe normalize must be False for an Attention method, not True")
    if recipe.readout != "potential":
        raise ValueError(
            f"Recipe readout must be 'potential' for an Attention method, not {recipe.readout!r}"
        )
    if recipe.weight_bits == 1:
        raise ValueError("Recipe weight_bits must be 2…8 for an Attention method, not 1")


def _check_detector(recipe: Settings, method: settings.Detect) -> None:
    outputs = method.grid.outputs
    if recipe.classes != outputs:
        raise ValueError(
            f"Recipe classes must be the {outputs} outputs of the grid, not {recipe.classes}"
        )
    if method.kernel is not None and (recipe.readout_weight_bits or recipe.weight_bits) == 1:
        raise ValueError(
            "Recipe readout_weight_bits must be 2…8 for a Detect method with a kernel, which "
            "leaves weights out, not 1"
        )
    if recipe.readout != "potential":
        raise ValueError(
            f"Recipe readout must be 'potential' for a Detect method, not {recipe.readout!r}"
        )
    if recipe.move or recipe.turn or recipe.stretch:
        raise ValueError(
            "Recipe move, turn and stretch must be 0 for a Detect method: boxes don't follow"
        )
