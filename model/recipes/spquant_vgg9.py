"""CIFAR10-DVS by SpQuant-SNN: VGG-9 with ternary weights and potentials, for a GPU.

64-128-P-256-256-P-512-512-P-512-512-P-10, sum pools, on 48×48 event counts in 10 steps. Sizes and
training follow the authors' code but for the frames: theirs paint events in colours, these count
them by polarity.
"""

from ..recipe import Conv, Recipe

RECIPE = Recipe(
    name="spquant-vgg9",
    data="cifar10-dvs:steps=10,size=48,maximum=15",
    layers=tuple(
        Conv(channels=channels, pool=1 + (index % 2), pool_kind="sum")
        for index, channels in enumerate((64, 128, 256, 256, 512, 512, 512, 512))
    ),
    encoding="frames",
    input_bits=4,
    steps=10,
    weights="sawb",
    weight_bits=2,
    readout_weight_bits=8,
    threshold="layer",
    store="ternary",
    state_bits=2,
    store_gradient="stacked",
    spike_gradient="window",
    leak=0.5,
    leak_learned=False,
    readout_bits=16,
    loss="tet",
    tet=0.9,
    epochs=200,
    batch=24,
    learning_rate=1e-3,
    precision="bfloat16",
)
