"""Moving shapes: a detector of event frames by SpQuant-SNN, small enough for one core.

16C3-P2-32C3-P2-64C3-P2-64C3-8C3 on 2×32×32 events in 8 steps; 4×4 cells of 3 classes and a box
each, all with the same weights. The readout forgets half in every step, as boxes are wanted of the
end. Weights have a learned step: docs/ablations.md says what that, and the common weights, are
worth.
"""

from dataclasses import replace

from ...data.boxes import Grid
from ..recipe import Conv
from ..settings import Detect
from .spquant_yolo import RECIPE as YOLO

GRID = Grid(rows=4, columns=4, classes=3, boxes=1)

RECIPE = replace(
    YOLO,
    name="shapes-spquant",
    data="moving-shapes:train=8000",
    layers=(
        Conv(channels=16, pool=2),
        Conv(channels=32, pool=2),
        Conv(channels=64, pool=2),
        Conv(channels=64),
    ),
    classes=GRID.outputs,
    steps=8,
    weights="lsq",
    weight_bits=8,
    threshold="channel",
    leak=0.5,
    readout_leak=0.5,
    epochs=16,
    batch=32,
    learning_rate=5e-3,
    precision="float32",
    method=Detect(grid=GRID, kernel=3),
)
