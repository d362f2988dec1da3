"""Fashion-MNIST by attention-guided compression: a tenth of the weights, 5 steps, a small VGG.

16C3s2-32C3-P2-64C3-P2-10, averages as sum pools, soft reset, learned thresholds and leaks.
"""

from ..recipe import Conv, Recipe
from ..settings import Attention

RECIPE = Recipe(
    name="fashion-attention",
    data="fashion-mnist",
    layers=(
        Conv(channels=16, stride=2),
        Conv(channels=32, pool=2, pool_kind="sum"),
        Conv(channels=64, pool=2, pool_kind="sum"),
    ),
    encoding="direct",
    input_bits=8,
    steps=5,
    weight_bits=8,
    normalize=False,
    threshold="layer",
    state_bits=12,
    spike_peak=0.3,
    reset="subtract",
    leak=1.0,
    leak_shift=8,
    readout_bits=16,
    epochs=3,
    batch=128,
    learning_rate=3e-3,
    move=1.0,
    method=Attention(
        teacher_epochs=4, student_epochs=6, learning_rate=3e-3, density=0.1, attention=100.0
    ),
)
