"""Handwritten digits by SpQuant-SNN: ternary weights and potentials, negative ones masked.

The shape of `digits`, 8 steps; the first layer and the last have 8-bit weights.
"""

from dataclasses import replace

from ..recipe import Conv
from .digits import RECIPE as DIGITS

RECIPE = replace(
    DIGITS,
    name="digits-spquant",
    layers=(Conv(channels=16, pool=2, weight_bits=8), Conv(channels=32, pool=2)),
    weights="sawb",
    weight_bits=2,
    readout_weight_bits=8,
    store="ternary",
    state_bits=2,
    store_gradient="stacked",
    spike_gradient="window",
    mask_negative=True,
    leak=0.5,
    leak_learned=False,
)
