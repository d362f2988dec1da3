"""Fashion-MNIST by SpQuant-SNN with channel pruning: the network of `fashion-spquant`."""

from dataclasses import replace

from ..settings import Prune
from .fashion_spquant import RECIPE as PLAIN

RECIPE = replace(
    PLAIN,
    name="fashion-spquant-pruned",
    threshold="channel",
    epochs=3,
    method=Prune(epochs=2, rate=0.6),
)
