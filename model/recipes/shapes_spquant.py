"""Moving shapes: a detector of event frames by SpQuant-SNN, small enough for one core.

16C3-P2-32C3-P2-32C3-P2-32C3-144 on 2×32×32 events in 8 steps; 4×4 cells of 3 classes and a box
each.
"""

from ..detect import Grid
from ..recipe import Conv, Recipe
from ..settings import Detect

GRID = Grid(rows=4, columns=4, classes=3, boxes=1)

RECIPE = Recipe(
    name="shapes-spquant",
    data="moving-shapes",
    layers=(
        Conv(channels=16, pool=2),
        Conv(channels=32, pool=2),
        Conv(channels=32, pool=2),
        Conv(channels=32),
    ),
    classes=GRID.outputs,
    encoding="frames",
    steps=8,
    weights="sawb",
    weight_bits=4,
    readout_weight_bits=8,
    threshold="channel",
    store="ternary",
    state_bits=2,
    store_gradient="stacked",
    spike_gradient="window",
    leak=0.5,
    leak_learned=False,
    readout_bits=16,
    epochs=40,
    batch=32,
    learning_rate=5e-3,
    method=Detect(grid=GRID),
)
