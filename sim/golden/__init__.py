"""The golden simulator: the update rule in NumPy, and the traces that it leaves."""

from .activity import additions, channel_rates
from .golden import run, update
from .random_trace import assumed_run
from .stream import Stream
from .trace import Difference, Trace, TraceFileError, compare

__all__ = [
    "Difference",
    "Stream",
    "Trace",
    "TraceFileError",
    "additions",
    "assumed_run",
    "channel_rates",
    "compare",
    "run",
    "update",
]
