"""N-MNIST, few recordings, binary weights but for the first layer: otherwise `nmnist-small`."""

from dataclasses import replace

from ..recipe import Conv
from .nmnist_small import RECIPE as WIDER

RECIPE = replace(
    WIDER,
    name="nmnist-small-binary",
    layers=(Conv(channels=32, stride=2, pool=2, weight_bits=4), Conv(channels=64, pool=2)),
    weight_bits=1,
)
