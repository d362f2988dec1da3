"""The plans that the coefficients of `somagate estimate` are fitted to."""

import numpy as np
from somagate.hw.plan.plan import Plan, StageShape

from benchmarks.hardware.designs import NETWORKS, forms, network, plans, small_weights

SPARSE = ((0, 8, 4, 16), (1, 32, 8, 32), (2, 16, 4, 64), (5, 16, 8, 32), (7, 8, 4, 16))
"""Which of `NETWORKS`, on how many lanes, of which so many are updated a cycle, words of bits."""

WIDE = ((1, 64, 2, 32), (1, 16, 8, 64), (5, 32, 4, 32), (4, 64, 8, 64))
"""Which of `NETWORKS`, on how many lanes and banks in its first stage, words of how many bits."""


def fitted(count: int) -> list[tuple[str, Plan]]:
    """Return them, `count` random ones among them: a name and a plan each."""
    return plans(count, seed=1) + forms() + small_weights() + _sparse() + _wide()


def _sparse() -> list[tuple[str, Plan]]:
    """Return plans with flags, each on a stage, with a flag for every word or for two."""
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
