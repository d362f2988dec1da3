"""Training methods of three papers: compression, pruning, detection, hardening."""

from .method import Method

__all__ = [
    "Method",
]
