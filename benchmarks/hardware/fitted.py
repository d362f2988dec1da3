"""The plans that the coefficients of `somagate estimate` are fitted to."""

import numpy as np
from somagate.hw.plan.plan import Plan, StageShape

from benchmarks.hardware.designs import NETWORKS, Form, forms, network, plans, small_weights

SPARSE = ((0, 8, 4, 16), (1, 32, 8, 32), (2, 16, 4, 64), (5, 16, 8, 32), (7, 8, 4, 16))
"""Which of `NETWORKS`, on how many lanes, of which so many are updated a cycle, words of bits."""

WIDE = ((1, 64, 2, 32), (1, 16, 8, 64), (5, 32, 4, 32), (4, 64, 8, 64))
"""Which of `NETWORKS`, on how many lanes and banks in its first stage, words of how many bits."""

FEW = ((64, 32, 16), (48, 32, 32), (80, 16, 8), (56, 32, 16), (64, 48, 16))
"""Inputs and neurons of dense layers whose weights are few, and lanes."""


def fitted(count: int) -> list[tuple[str, Plan]]:
    """Return them, `count` random ones among them: a name and a plan each."""
    rare = forms() + small_weights()
    return plans(count, seed=1) + rare + _sparse() + _wide() + _few()


def _sparse() -> list[tuple[str, Plan]]:
    """Return plans with flags, each on a stage, with two or four looked at in a cycle."""
    found = []
    for number, lanes, update_lanes, word_bits in SPARSE:
        tables = network(np.random.default_rng(400 + number), NETWORKS[number])
        flags = 2 + 2 * (number % 2)
        layers = len(tables.layers)
        shape = StageShape(layers=layers, lanes=lanes, update_lanes=update_lanes, flags=flags)
        plan = Plan(tables=tables, shapes=(shape,), word_bits=word_bits)
        found.append((f"flags {number}: {lanes} lanes, {word_bits} bits", plan))
    return found


def _wide() -> list[tuple[str, Plan]]:
    """Return plans of 128 to 512 lanes, the readout on a stage of its own."""
    found = []
    for number, lanes, banks, word_bits in WIDE:
        tables = network(np.random.default_rng(500 + number), NETWORKS[number])
        first = StageShape(layers=len(tables.layers) - 1, lanes=lanes, update_lanes=8, banks=banks)
        last = StageShape(layers=1, lanes=16, update_lanes=2)
        plan = Plan(tables=tables, shapes=(first, last), word_bits=word_bits)
        found.append((f"wide {number}: {lanes} lanes, {banks} banks, {word_bits} bits", plan))
    return found


def _few() -> list[tuple[str, Plan]]:
    """Return plans of a dense layer whose weights some families keep in look-up tables."""
    found = []
    for inputs, neurons, lanes in FEW:
        form = Form(shape=(inputs,), channels=(neurons,), state_bits=8, leak=None)
        tables = network(np.random.default_rng(600 + inputs), form)
        plan = Plan.single(tables, lanes=lanes, update_lanes=4)
        found.append((f"{inputs} inputs, {neurons} neurons: {lanes} lanes", plan))
    return found
