"""Training with quantized weights and potentials in the loop; everything here needs torch."""

from .checkpoint import CheckpointError
from .network import Network
from .recipe import Recipe
from .run_folder import Result, RunError
from .train import evaluate

__all__ = [
    "CheckpointError",
    "Network",
    "Recipe",
    "Result",
    "RunError",
    "evaluate",
]
