"""Exploring plans: many points of lanes, banks, stages and bits, and those that none beats."""

from .front import ahead, near
from .setting import Network, Setting, Target
from .store import Store

__all__ = ["Network", "Setting", "Store", "Target", "ahead", "near"]
