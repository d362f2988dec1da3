"""Handwritten digits, 8×8 pixels: a convolutional network that fits an iCE40UP5K."""

from ..recipe import Conv, Recipe

RECIPE = Recipe(
    name="digits",
    data="digits",
    layers=(Conv(channels=16, pool=2), Conv(channels=32, pool=2)),
    steps=8,
    epochs=80,
    batch=64,
    learning_rate=2e-2,
    move=0.5,
)
