"""The rows of docs/results.md: which recipe, on what data, and how good it must be."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """A recipe whose result is shown.

    Attributes
    ----------
    recipe
        Its name.
    data
        As shown, and the subfolder of the data's folder that holds its files, or None.
    network
        As shown: what is special about it.
    folds
        Trainings, each tested on another part of all samples; 1 is the data set's own split.
    seeds
        Trainings from other first weights and in another order, with the seeds 0, 1, 2 …
    baseline
        The recipe whose float network it is compared with, one of the same shape.
    least
        The accuracy that it must reach, 0…1; None asks for none.
    lost
        Points that it may be below the float network, at most.
    memory, weight_memory, weights, operations
        How many times less it must need than the float network, of bits of weights and potentials,
        of bits of weights, of weights that are not 0, of operations.
    """

    recipe: str
    data: tuple[str, str | None]
    network: str
    folds: int = 1
    seeds: int = 1
    baseline: str | None = None
    least: float | None = None
    lost: float | None = None
    memory: float | None = None
    weight_memory: float | None = None
    weights: float | None = None
    operations: float | None = None

    @property
    def compared(self) -> str:
        """The recipe whose float network it is compared with."""
        return self.baseline or self.recipe

    @property
    def test_folds(self) -> tuple[str | None, ...]:
        """The option `fold` of each training."""
        if self.folds == 1:
            return (None,)
        return tuple(f"{number}/{self.folds}" for number in range(1, self.folds + 1))

    @property
    def runs(self) -> tuple[tuple[str | None, int], ...]:
        """The option `fold` and the seed of each training."""
        return tuple((fold, seed) for seed in range(self.seeds) for fold in self.test_folds)


_DIGITS = ("digits", None)
_MNIST = ("MNIST", "mnist")
_FASHION = ("Fashion-MNIST", "fashion-mnist")
_NMNIST = ("N-MNIST, 1,100 recordings", "nmnist")
_SHAPES = ("moving shapes", None)

ROWS = (
    Row(recipe="digits", data=_DIGITS, network="16C3-P2-32C3-P2-10, 3-bit potentials"),
    Row(recipe="digits-dense", data=_DIGITS, network="64-96-10, 3-bit potentials"),
    Row(
        recipe="digits-spquant", data=_DIGITS,
        network="SpQuant-SNN, ternary weights and potentials, negative states masked",
    ),
    Row(recipe="mnist", data=_MNIST, network="16C3-P2-32C3-P2-10, 3-bit potentials"),
    Row(
        recipe="mnist-ternary", data=_MNIST, least=0.992,
        network="convolutional, ternary potentials, 4-bit weights, 3 steps",
    ),
    Row(recipe="mnist-dense", data=_MNIST, network="784-128-10, 4-bit weights", least=0.98),
    Row(
        recipe="fashion", data=_FASHION, least=0.905,
        network="convolutional, 2-bit potentials, 4-bit weights",
    ),
    Row(
        recipe="nmnist-small", data=_NMNIST, folds=5, least=0.95,
        network="convolutional, 2-bit potentials",
    ),
    Row(
        recipe="nmnist-small-binary", data=_NMNIST, folds=5, baseline="nmnist-small", lost=1.5,
        network="the same with binary weights",
    ),
    Row(
        recipe="fashion-spquant", data=_FASHION, baseline="fashion-spquant-pruned",
        network="SpQuant-SNN, VGG, ternary weights and potentials",
    ),
    Row(
        recipe="fashion-spquant-pruned", data=_FASHION, lost=1.8,
        memory=13, operations=4.7, network="the same with pruned channels, 4-bit weights",
    ),
    Row(
        recipe="fashion-spquant-5bit", data=_FASHION, baseline="fashion-spquant-pruned",
        network="SpQuant-SNN, VGG, ternary weights, 5-bit potentials",
    ),
    Row(
        recipe="fashion-sigmoid-sum", data=_FASHION, lost=1.5, weight_memory=31,
        network="sums of sigmoids, PLIF, binary weights",
    ),
    Row(
        recipe="fashion-sigmoid-sum-ternary", data=_FASHION, baseline="fashion-sigmoid-sum",
        network="the same with ternary weights",
    ),
    Row(
        recipe="fashion-sigmoid-sum-shift", data=_FASHION, baseline="fashion-sigmoid-sum",
        network="the same with weights ±4, ±2, ±1, 0",
    ),
    Row(
        recipe="fashion-attention", data=_FASHION, lost=1.0, weights=33,
        network="attention-guided, VGG, pruned weights",
    ),
    Row(
        recipe="fashion-attention-channels", data=_FASHION, baseline="fashion-attention",
        network="the same with pruned channels",
    ),
    Row(
        recipe="shapes-spquant", data=_SHAPES, seeds=2, lost=3.0,
        network="spiking YOLO, ternary potentials, learned thresholds",
    ),
    Row(
        recipe="shapes-spquant-fixed", data=_SHAPES, baseline="shapes-spquant", lost=3.0,
        network="the same with fixed thresholds",
    ),
)  # fmt: skip
