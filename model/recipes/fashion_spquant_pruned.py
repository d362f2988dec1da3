"""Fashion-MNIST by SpQuant-SNN with channel pruning: the network of `fashion-spquant`.

Weights have 4 bits here: fewer channels save more than fewer bits. Channels that hold half of a
sample's activity are kept, which is about half of them.
"""

from dataclasses import replace

from ..settings import Prune
from .fashion_spquant import RECIPE as PLAIN

RECIPE = replace(
    PLAIN,
    name="fashion-spquant-pruned",
    weight_bits=4,
    threshold="channel",
    epochs=8,
    method=Prune(epochs=2, mass=0.5),
)
