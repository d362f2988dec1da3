"""Training with quantized weights and potentials in the loop; everything here needs torch."""

from .checkpoint import CheckpointError
from .network import Network
from .recipe import Conv, Dense, Recipe, Shortcut
from .run_folder import Result, RunError
from .train import evaluate

__all__ = [
    "CheckpointError",
    "Conv",
    "Dense",
    "Network",
    "Recipe",
    "Result",
    "RunError",
    "Shortcut",
    "evaluate",
]
