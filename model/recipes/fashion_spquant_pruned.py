"""Fashion-MNIST by SpQuant-SNN with channel pruning: the shape of `fashion-spquant`.

Weights have 4 bits here, with a learned step: fewer channels save more than fewer bits. Channels
that hold 59 % of a sample's activity are kept, which is less than half of them.
"""

from dataclasses import replace

from ..settings import Prune
from .fashion import RECIPE as WHOLE

RECIPE = replace(
    WHOLE,
    name="fashion-spquant-pruned",
    epochs=8,
    method=Prune(epochs=2, mass=0.59),
)
