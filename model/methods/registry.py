"""The training method of a recipe."""

from ..network import Network
from ..recipe import Recipe
from ..settings import Attention, Detect, Prune, SigmoidSum
from .compression import Compression
from .detection import Detection
from .hardening import Hardening
from .method import Method
from .prune import Pruning


def method(recipe: Recipe, network: Network) -> Method:
    """Return the method that trains a network by a recipe."""
    if isinstance(recipe.method, Prune):
        return Pruning(recipe, network)
    if isinstance(recipe.method, SigmoidSum):
        return Hardening(recipe)
    if isinstance(recipe.method, Attention):
        return Compression(recipe, network)
    if isinstance(recipe.method, Detect):
        return Detection(recipe, network)
    return Method(recipe)
