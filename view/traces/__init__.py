"""Looking into traces: what each neuron did, and the way back from a difference."""

from .inspected import Inspected
from .server import Served, serve

__all__ = ["Inspected", "Served", "serve"]
