"""Running things side by side: in this process, on a local dask cluster, or on any other.

`pool` is the way in: `pool.map` calls a function for many items, and returns in their order what
the calls returned, whoever ran them.
"""

from .base import Pool, WorkersError
from .pool import pool

__all__ = ["Pool", "WorkersError", "pool"]
