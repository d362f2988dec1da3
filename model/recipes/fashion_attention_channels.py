"""Fashion-MNIST by attention-guided compression of whole channels: half of them."""

from dataclasses import replace

from ..settings import Attention
from .fashion_attention import RECIPE as WEIGHTS

assert isinstance(WEIGHTS.method, Attention)
RECIPE = replace(
    WEIGHTS,
    name="fashion-attention-channels",
    epochs=3,
    method=replace(
        WEIGHTS.method, teacher_epochs=3, student_epochs=4, density=0.5, pruned="channel"
    ),
)
