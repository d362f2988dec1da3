"""The schedule of the sigmoid-sum quantizer: float weights first, then a rising temperature."""

from collections.abc import Iterator

from torch import Tensor

from ..network import Network
from ..quantizers.sigmoid_sum import SigmoidSum
from ..recipe import Recipe
from ..settings import SigmoidSum as Settings
from .method import Batch, Method, Phase


class Hardening(Method):
    """Training with float weights, then with the sums of sigmoids, then with their levels.

    Parameters
    ----------
    recipe
        Its `method` is a `SigmoidSum`.
    """

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        assert isinstance(recipe.method, Settings)
        self.settings = recipe.method

    def phases(self) -> tuple[Phase, ...]:
        """Return float and quantized."""
        rate = self.recipe.learning_rate
        return (
            Phase(name="float", epochs=self.settings.epochs, learning_rate=rate),
            Phase(name="quantized", epochs=self.recipe.epochs, learning_rate=rate),
        )

    def enter(self, phase: Phase, network: Network, sample: Batch) -> None:
        """Place the sigmoids between the clusters of the weights."""
        if phase.name == "quantized":
            for quantizer, weight in _quantizers(network):
                quantizer.adapt(weight)

    def start(self, phase: Phase, epoch: int, network: Network) -> None:
        """Raise the temperature, T = (epoch + 1) · rise, up to the cap."""
        super().start(phase, epoch, network)
        temperature = min((epoch + 1) * self.settings.rise, self.settings.cap)
        for quantizer, _ in _quantizers(network):
            quantizer.temperature.fill_(temperature)
            quantizer.hard = network.readout.settled

    def updated(self, phase: Phase, network: Network) -> None:
        """Keep the scales positive."""
        super().updated(phase, network)
        for quantizer, _ in _quantizers(network):
            quantizer.project()


def _quantizers(network: Network) -> Iterator[tuple[SigmoidSum, Tensor]]:
    for layer in network:
        for group in layer.groups:
            if isinstance(group.quantizer, SigmoidSum):
                yield group.quantizer, group.weight
