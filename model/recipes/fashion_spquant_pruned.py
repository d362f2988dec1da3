"""Fashion-MNIST by SpQuant-SNN with channel pruning: the network of `fashion-spquant`.

Weights have 4 bits here: fewer channels save more than fewer bits. Channels that hold 58 % of a
sample's activity are kept, which is less than half of them, and negative potentials mask their
neurons.
"""

from dataclasses import replace

from ..settings import Prune
from .fashion_spquant import RECIPE as PLAIN

RECIPE = replace(
    PLAIN,
    name="fashion-spquant-pruned",
    weight_bits=4,
    threshold="channel",
    mask_negative=True,
    epochs=8,
    method=Prune(epochs=2, mass=0.58),
)
