"""One network of a framework's documentation, and how it is called and trained there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from torch import Tensor, nn

Net = nn.Module


@dataclass(frozen=True, kw_only=True)
class Example:
    """A network as its framework's documentation has it.

    Attributes
    ----------
    name
        As on the command line; its first word is the framework.
    title
        What the documentation calls it.
    data
        What it is trained on: images, or lines that it has to follow.
    steps
        Time steps of an inference.
    build
        Makes the network, untrained.
    answers
        What it answers of a batch as `given` makes it: (batch, classes), or for lines
        (steps, batch, 1).
    loss
        Of a batch as `given` makes it, and labels or lines.
    given
        From images 0…1, (batch, 1, 28, 28), or lines, to what the network is called with, by an
        encoder of the host where the documentation has one.
    called
        Of that, what the network is called with to be read: one call of a few samples.
    epochs, images
        Of the training here, shorter than documented where that takes hours.
    rate, batch
        Of Adam.
    settings
        Of the import, beside the samples.
    samples
        That are measured, fewer where a thousand take long.
    verified
        Samples that the RTL is verified on; 0 where it isn't.
    """

    name: str
    title: str
    data: Literal["mnist", "fashion-mnist", "lines"]
    steps: int
    build: Callable[[], Net]
    answers: Callable[[Net, Tensor], Tensor]
    loss: Callable[[Net, Tensor, Tensor], Tensor]
    given: Callable[[Tensor], Tensor] = lambda x: x
    called: Callable[[Tensor], Tensor] = lambda x: x[:64]
    epochs: int = 1
    images: int = 60000
    rate: float = 1e-3
    batch: int = 128
    settings: dict[str, Any] = field(default_factory=dict)
    samples: int = 1000
    verified: int = 4

    @property
    def framework(self) -> str:
        """Its name, as in `somagate.from_NAME`."""
        return self.name.partition("-")[0]
