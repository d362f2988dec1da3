"""Training recipes, one a file; each is a network and how to train it."""

from importlib import import_module
from pkgutil import iter_modules

from ..recipe import Recipe

__all__ = ["find", "names"]


def names() -> tuple[str, ...]:
    """Return the names of all recipes."""
    return tuple(sorted(module.name.replace("_", "-") for module in iter_modules(__path__)))


def find(name: str) -> Recipe:
    """Return the recipe called `name`, or raise `ValueError` naming all."""
    if name not in names():
        listed = ", ".join(repr(known) for known in names())
        raise ValueError(f"recipe must be one of {listed}, not {name!r}")
    recipe: Recipe = import_module(f"{__name__}.{name.replace('-', '_')}").RECIPE
    return recipe
