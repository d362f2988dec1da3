"""Training with quantized weights and potentials in the loop; everything here needs torch."""

from .checkpoint import CheckpointError
from .network import Network
from .own import (
    LI,
    LIF,
    LayerNet,
    MaxPool2d,
    QuantConv2d,
    QuantLinear,
    Residual,
    SumPool2d,
    UntracedError,
    settle,
)
from .recipe import Conv, Dense, Recipe, Shortcut
from .run_folder import Result, RunError
from .train import evaluate

__all__ = [
    "LI",
    "LIF",
    "CheckpointError",
    "Conv",
    "Dense",
    "LayerNet",
    "MaxPool2d",
    "Network",
    "QuantConv2d",
    "QuantLinear",
    "Recipe",
    "Residual",
    "Result",
    "RunError",
    "Shortcut",
    "SumPool2d",
    "UntracedError",
    "evaluate",
    "settle",
]
