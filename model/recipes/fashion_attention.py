"""Fashion-MNIST by attention-guided compression: 3 % of a VGG's weights, 4 steps.

48C3s2-96C3-P2-96C3-96C3-P2-1280-10, averages as sum pools, soft reset, learned thresholds and
leaks. Multiplied in bfloat16, but for the last epochs, which settle the integers.
"""

from dataclasses import replace

from ..recipe import Conv, Dense
from ..settings import Attention
from .attention_vgg16 import RECIPE as VGG16

RECIPE = replace(
    VGG16,
    name="fashion-attention",
    data="fashion-mnist",
    layers=(
        Conv(channels=48, stride=2),
        Conv(channels=96, pool=2, pool_kind="sum"),
        Conv(channels=96),
        Conv(channels=96, pool=2, pool_kind="sum"),
        Dense(neurons=1280),
    ),
    steps=4,
    state_bits=12,
    epochs=8,
    batch=128,
    learning_rate=3e-3,
    move=1.0,
    method=Attention(
        teacher_epochs=5,
        student_epochs=16,
        learning_rate=3e-3,
        density=0.03,
        attention=100.0,
        spiking_exchange=0.1,
    ),
)
