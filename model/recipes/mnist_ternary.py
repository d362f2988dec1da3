"""MNIST, 16C3-P2-32C3-P2-32C3-10: ternary potentials, 4-bit weights, 3 steps, direct input."""

from dataclasses import replace

from ..recipe import Conv
from .mnist import RECIPE as MNIST

RECIPE = replace(
    MNIST,
    name="mnist-ternary",
    layers=(Conv(channels=16, pool=2), Conv(channels=32, pool=2), Conv(channels=32)),
    encoding="direct",
    input_bits=8,
    steps=3,
    store="ternary",
    state_bits=2,
    epochs=10,
)
