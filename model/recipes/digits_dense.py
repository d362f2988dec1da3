"""Handwritten digits, 8×8 pixels, 64-96-10: 28 kbit of weights, 0.4 kbit of potentials."""

from ..recipe import Dense, Recipe

RECIPE = Recipe(
    name="digits-dense",
    data="digits",
    layers=(Dense(neurons=96),),
    steps=8,
    epochs=80,
    batch=64,
    learning_rate=2e-2,
    move=0.5,
)
