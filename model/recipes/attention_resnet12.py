"""CIFAR-10 by attention-guided compression: ResNet-12 with 3 % of its weights, for a GPU.

A stem of 64 channels, blocks of 64, 128, 256, 512 and 512 channels, 10 classes, 5 steps. A block's
second layer also gets the block's input, through a 1×1 convolution where its shape changes.
"""

from dataclasses import replace

from ..recipe import Conv, Shortcut
from .attention_vgg16 import RECIPE as VGG16


def block(channels: int, *, stride: int = 1, pool: int = 1) -> list[Conv]:
    """Return the two layers of a residual block."""
    shortcut = Shortcut(kernel=1, stride=stride) if stride > 1 else Shortcut()
    return [
        Conv(channels=channels, stride=stride),
        Conv(channels=channels, shortcut=shortcut, pool=pool, pool_kind="sum"),
    ]


RECIPE = replace(
    VGG16,
    name="attention-resnet12",
    layers=(
        Conv(channels=64),
        *block(64),
        *block(128, stride=2),
        *block(256, stride=2),
        *block(512, stride=2),
        *block(512, pool=4),
    ),
)
