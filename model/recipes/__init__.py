"""Training recipes, one a file; each is a network and how to train it."""

from importlib import import_module

from ..recipe import Recipe

_NAMES = ("digits", "digits-dense", "mnist", "mnist-dense")


def names() -> tuple[str, ...]:
    """Return the names of all recipes."""
    return _NAMES


def load(name: str) -> Recipe:
    """Return the recipe called `name`, or raise `ValueError` naming all."""
    if name not in _NAMES:
        listed = ", ".join(repr(known) for known in _NAMES)
        raise ValueError(f"recipe must be one of {listed}, not {name!r}")
    recipe: Recipe = import_module(f"{__name__}.{name.replace('-', '_')}").RECIPE
    return recipe
