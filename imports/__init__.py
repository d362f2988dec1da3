"""Networks from elsewhere: read as their source has them, made integers, and proved equal.

`graph` holds a network in float64, `reference` runs it as its framework would. Modules that read
torch modules need torch and the framework; NIR files need h5py. None is imported here.
"""

from .graph import Network, Node, Origin
from .reference import Reference, run

__all__ = ["Network", "Node", "Origin", "Reference", "run"]
