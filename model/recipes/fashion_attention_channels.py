"""Fashion-MNIST by attention-guided compression of whole channels: half of them."""

from dataclasses import replace

from ..settings import Attention
from .fashion_attention import RECIPE as WEIGHTS

RECIPE = replace(
    WEIGHTS,
    name="fashion-attention-channels",
    method=Attention(
        teacher_epochs=2, student_epochs=2, learning_rate=2e-3, density=0.5, pruned="channel"
    ),
)
