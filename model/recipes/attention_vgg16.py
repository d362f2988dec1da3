"""CIFAR-10 by attention-guided compression: VGG-16 with 3 % of its weights, 5 steps, for a GPU.

64-64-P-128-128-P-256-256-256-P-512-512-512-P-512-512-512-4096-4096-10 with averages as sum pools.
"""

from ..recipe import Conv, Dense, Recipe
from ..settings import Attention


def stage(channels: int, layers: int, pool: int = 2) -> list[Conv]:
    """Return convolutions with a pool behind the last."""
    return [Conv(channels=channels)] * (layers - 1) + [
        Conv(channels=channels, pool=pool, pool_kind="sum")
    ]


RECIPE = Recipe(
    name="attention-vgg16",
    data="cifar10",
    layers=(
        *stage(64, 2),
        *stage(128, 2),
        *stage(256, 3),
        *stage(512, 3),
        *stage(512, 3, pool=1),
        Dense(neurons=4096),
        Dense(neurons=4096),
    ),
    encoding="direct",
    input_bits=8,
    steps=5,
    weight_bits=8,
    normalize=False,
    threshold="layer",
    state_bits=16,
    spike_peak=0.3,
    reset="subtract",
    leak=1.0,
    leak_shift=8,
    readout_bits=16,
    epochs=300,
    batch=64,
    learning_rate=1e-4,
    move=4.0,
    precision="bfloat16",
    method=Attention(
        teacher_epochs=300, student_epochs=300, learning_rate=1e-3, density=0.03, scale=0.2
    ),
)
