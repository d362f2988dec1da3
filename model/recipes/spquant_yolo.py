"""Boxes in event frames by SpQuant-SNN: the shape of its spiking YOLO, for a GPU.

3×3 and 1×1 convolutions up to 1024 channels with max pools, then a sum pool, 512 neurons, and 6×8
cells of 2 classes and 2 boxes. The authors' 512 are ReLUs and their neurons have no leak; here all
spike, and nothing leaks.
"""

from dataclasses import replace

from ...data.boxes import Grid
from ..recipe import Conv, Dense
from ..settings import Detect
from .spquant_vgg9 import RECIPE as VGG9

GRID = Grid(rows=6, columns=8, classes=2, boxes=2)


def narrow(channels: int) -> Conv:
    """Return a 1×1 convolution."""
    return Conv(channels=channels, kernel=1, padding=0)


RECIPE = replace(
    VGG9,
    name="spquant-yolo",
    data="coco:steps=10,size=96x128,maximum=1",
    layers=(
        Conv(channels=32, pool=2),
        Conv(channels=64, pool=2),
        Conv(channels=128),
        narrow(64),
        Conv(channels=128, pool=2),
        Conv(channels=256),
        narrow(128),
        Conv(channels=256, pool=2),
        Conv(channels=512),
        narrow(256),
        Conv(channels=512),
        Conv(channels=1024, pool=2, pool_kind="sum"),
        Dense(neurons=512),
    ),
    classes=GRID.outputs,
    input_bits=1,
    weight_bits=4,
    leak=1.0,
    loss="cross-entropy",
    epochs=100,
    batch=16,
    method=Detect(grid=GRID),
)
