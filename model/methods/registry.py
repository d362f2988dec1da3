"""The training method of a recipe."""

from ..recipe import Recipe
from .method import Method


def method(recipe: Recipe, shape: tuple[int, int, int]) -> Method:
    """Return the method of a recipe, for samples of a shape (channels, rows, columns)."""
    return Method(recipe)
