"""Training recipes, one a file; each is a network and how to train it."""

from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from pkgutil import iter_modules

from ..recipe import Recipe

__all__ = ["find", "names", "read"]


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


def read(path: Path) -> Recipe:
    """Return the `RECIPE` of a Python file, which is run for it.

    Raises
    ------
    ValueError
        Where it is no file, doesn't run or has no such recipe; the message names it.
    """
    spec = spec_from_file_location("recipe", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise ValueError(f"{path} must be a Python file with a RECIPE, but is none")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ValueError(
            f"{path} must run, but ends with {type(error).__name__}: {error}"
        ) from error
    recipe = getattr(module, "RECIPE", None)
    if not isinstance(recipe, Recipe):
        raise ValueError(
            f"{path} must set RECIPE to a somagate.model.Recipe, not to {type(recipe).__name__}"
        )
    return recipe
