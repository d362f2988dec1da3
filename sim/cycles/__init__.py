"""Cycles of a run, predicted from golden's trace without simulating the Verilog."""

from . import predict
from .predict import Prediction

__all__ = [
    "Prediction",
    "predict",
]
