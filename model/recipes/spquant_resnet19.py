"""CIFAR-10 by SpQuant-SNN: ResNet-19 with 4-bit weights and ternary potentials, for a GPU.

A 7×7 stem of stride 2, blocks of 64, 64, 64, 256, 256, 256, 512, 512 channels, 256 neurons, 10
classes; 2 steps. A block's second layer also gets the block's input, through a 1×1 convolution
where its shape changes.
"""

from dataclasses import replace

from ..recipe import Conv, Dense, Shortcut
from .spquant_vgg9_cifar10 import RECIPE as VGG9


def block(channels: int, *, stride: int = 1, project: bool = False, pool: int = 1) -> list[Conv]:
    """Return the two layers of a residual block."""
    shortcut = Shortcut(kernel=1, stride=stride) if project else Shortcut()
    return [
        Conv(channels=channels, stride=stride),
        Conv(channels=channels, shortcut=shortcut, pool=pool, pool_kind="sum"),
    ]


RECIPE = replace(
    VGG9,
    name="spquant-resnet19",
    layers=(
        Conv(channels=64, kernel=7, stride=2, padding=3),
        *block(64),
        *block(64),
        *block(64),
        *block(256, stride=2, project=True),
        *block(256),
        *block(256),
        *block(512, stride=2, project=True),
        *block(512, pool=4),
        Dense(neurons=256),
    ),
    weight_bits=4,
)
