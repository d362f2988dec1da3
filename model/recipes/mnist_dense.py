"""MNIST: one hidden dense layer, 784-128-10."""

from ..recipe import Dense, Recipe

RECIPE = Recipe(
    name="mnist-dense",
    data="mnist",
    layers=(Dense(neurons=128),),
    steps=8,
    readout_bits=16,
    epochs=30,
    batch=128,
    learning_rate=1e-2,
    move=1.0,
    turn=6,
    stretch=0.06,
)
