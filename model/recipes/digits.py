"""Handwritten digits, 8×8 pixels, 16C3-P2-32C3-P2-10, small enough for an iCE40UP5K.

24 kbit of weights and 5 kbit of potentials. Of the readouts, potentials did better than counts on
held-out training images; so did a peak learning rate of 2e-2 than one of 1e-2 or 4e-2.
"""

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
