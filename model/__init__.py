"""Training with quantized weights and potentials in the loop; everything here needs torch."""

from .checkpoint import CheckpointError
from .network import Network
from .recipe import Recipe
from .train import Result, RunError, evaluate

__all__ = [
    "CheckpointError",
    "Network",
    "Recipe",
    "Result",
    "RunError",
    "evaluate",
]
