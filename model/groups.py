"""The settings of a recipe by what they are about; a `Recipe` has them all. Without torch."""

from dataclasses import dataclass
from typing import Literal

from ..checks.arguments import choice, flag, integer, number, optional
from . import settings
from .shapes import Conv, Dense

__all__ = ["Augmentation", "Neurons", "Problem", "Readout", "Settings", "Training", "Weights"]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is learned, by a network of which shape.

    Attributes
    ----------
    name
        Of the recipe.
    data
        Data set; see `somagate.data`.
    layers
        Hidden layers, in order. A dense layer of one neuron a class follows them.
    classes
        Of the last layer.
    encoding, input_bits
        'rate' (1 bit), 'direct' (unsigned, `input_bits` bits) or 'frames' of the data set, one a
        step (unsigned, `input_bits` bits); see `somagate.data.encode`.
    steps
        Time steps of one inference.
    """

    name: str
    data: str
    layers: tuple[Conv | Dense, ...]
    classes: int = 10
    encoding: Literal["rate", "direct", "frames"] = "rate"
    input_bits: int = 1
    steps: int = 8

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        for layer in self.layers:
            if not isinstance(layer, Conv | Dense):
                raise TypeError(f"Recipe layers must be Conv or Dense, not {layer!r}")
        integer("Recipe classes", self.classes, 2, 1 << 16)
        integer("Recipe input_bits", self.input_bits, 1, 8)
        integer("Recipe steps", self.steps, 1, 65535)
        choice("Recipe encoding", self.encoding, ("rate", "direct", "frames"))

    @property
    def input_high(self) -> int:
        """The largest input activation."""
        return (1 << self.input_bits) - 1


@dataclass(frozen=True, kw_only=True)
class Weights:
    """How weights become integers.

    Attributes
    ----------
    quantized
        False trains the float network of the same shape in the same way: float weights, thresholds,
        leaks and potentials.
    weights
        How weights become integers: 'lsq' (a learned step), 'sawb' (ternary or clipped, by
        statistics; see `somagate.model.quantizers.spquant`) or 'sigmoid' (the levels of
        `model.quantizers.sigmoid_sum`, but 'lsq' where a width is given for a layer alone).
    weight_bits
        1 (±1), 2 (ternary) or 3…8 (signed).
    readout_weight_bits
        Of the last layer; None is `weight_bits`.
    normalize
        Whether each channel's sums are normalized, and so have a learned shift. Without it a layer
        has neither bias nor normalization, and one threshold.
    """

    quantized: bool = True
    weights: Literal["lsq", "sawb", "sigmoid"] = "lsq"
    weight_bits: int = 4
    readout_weight_bits: int | None = None
    normalize: bool = True

    def __post_init__(self) -> None:
        integer("Recipe weight_bits", self.weight_bits, 1, 8)
        optional("Recipe readout_weight_bits", self.readout_weight_bits, 1, 8)
        flag("Recipe quantized", self.quantized)
        flag("Recipe normalize", self.normalize)
        choice("Recipe weights", self.weights, ("lsq", "sawb", "sigmoid"))


@dataclass(frozen=True, kw_only=True)
class Neurons:
    """What the hidden neurons do, and how gradients pass them.

    Attributes
    ----------
    threshold
        'channel' (one learned a channel), 'layer' (one learned a layer), 'fixed' (at 1, in
        deviations), or 'leak' (1 / (1 - leak): that of a neuron whose input is multiplied by
        1 - leak, as in PLIF).
    store
        How potentials are stored: 'shift' (rounded and saturated) or 'ternary' (-1, 0, 1).
    state_bits
        Width of the hidden neurons' stored potentials, 2…16; 2 for 'ternary'.
    store_gradient
        'clamp' (1 where nothing saturates) or 'stacked' (a bump at every boundary of two levels).
    spike_gradient
        'ramp' (as wide as the threshold is high) or 'window' (as wide as the deviation).
    spike_peak
        Largest slope of a spike's gradient, over that width.
    reset
        'zero' or 'subtract', of the hidden neurons.
    mask_negative
        Whether a stored potential below 0 keeps its neuron from firing in the next step, of all
        neurons that fire: SpQuant-SNN's mask of negative states.
    leak
        The leak that training starts from, 0…1; 1 is none.
    leak_learned
        Whether training changes it.
    leak_shift
        The leak is a multiple of 2**-leak_shift.
    leak_at
        'load' or 'store'.
    """

    threshold: Literal["channel", "layer", "fixed", "leak"] = "channel"
    store: Literal["shift", "ternary"] = "shift"
    state_bits: int = 3
    store_gradient: Literal["clamp", "stacked"] = "clamp"
    spike_gradient: Literal["ramp", "window"] = "ramp"
    spike_peak: float = 1.0
    reset: Literal["zero", "subtract"] = "zero"
    mask_negative: bool = False
    leak: float = 0.75
    leak_learned: bool = True
    leak_shift: int = 3
    leak_at: Literal["load", "store"] = "load"

    def __post_init__(self) -> None:
        integer("Recipe state_bits", self.state_bits, 2, 16)
        integer("Recipe leak_shift", self.leak_shift, 0, 15)
        number("Recipe leak", self.leak, 0, 1)
        number("Recipe spike_peak", self.spike_peak, 0, 16)
        flag("Recipe mask_negative", self.mask_negative)
        flag("Recipe leak_learned", self.leak_learned)
        choice("Recipe threshold", self.threshold, ("channel", "layer", "fixed", "leak"))
        choice("Recipe store", self.store, ("shift", "ternary"))
        choice("Recipe store_gradient", self.store_gradient, ("clamp", "stacked"))
        choice("Recipe spike_gradient", self.spike_gradient, ("ramp", "window"))
        choice("Recipe reset", self.reset, ("zero", "subtract"))
        choice("Recipe leak_at", self.leak_at, ("load", "store"))


@dataclass(frozen=True, kw_only=True)
class Readout:
    """How the last layer answers.

    Attributes
    ----------
    readout
        'potential' of a last layer that never fires, 'count' of its spikes, or 'vote': the count of
        `voters` neurons a class together.
    voters
        Neurons a class, for 'vote'.
    readout_bits
        Width of that layer's potential, for 'potential'; 'count' uses `state_bits`.
    readout_leak
        Its leak in every step, 0…1, a multiple of 2**-leak_shift; 1 is none. A leak lets the last
        steps count most, as where something is at the end.
    """

    readout: Literal["potential", "count", "vote"] = "potential"
    voters: int = 10
    readout_bits: int = 12
    readout_leak: float = 1.0

    def __post_init__(self) -> None:
        integer("Recipe voters", self.voters, 1, 255)
        integer("Recipe readout_bits", self.readout_bits, 2, 16)
        number("Recipe readout_leak", self.readout_leak, 0, 1)
        choice("Recipe readout", self.readout, ("potential", "count", "vote"))


@dataclass(frozen=True, kw_only=True)
class Training:
    """How the network is trained.

    Attributes
    ----------
    epochs, batch, learning_rate
        Passes over the training images, images in a batch, and the peak of the learning rate.
    settle
        Share of the epochs, at the end, in which the normalization is frozen and training sees the
        very integers that are exported.
    loss
        'cross-entropy' of the readout values, or 'tet', of every step (Deng et al., ICLR 2022).
    tet
        Share of the squared distance to 1 in that loss, 0…1.
    precision
        'float32', or 'bfloat16' for the products of weights and activations until the network is
        settled; all else stays float32.
    method
        Settings of a training method that has phases of its own; see `somagate.model.settings`.
    threads
        Processor threads of the training. A small network is no faster with several, and on a busy
        machine many times slower.
    """

    epochs: int = 20
    batch: int = 64
    learning_rate: float = 5e-3
    settle: float = 0.25
    loss: Literal["cross-entropy", "tet"] = "cross-entropy"
    tet: float = 0.05
    precision: Literal["float32", "bfloat16"] = "float32"
    method: settings.Method | None = None
    threads: int = 1

    def __post_init__(self) -> None:
        integer("Recipe epochs", self.epochs, 1, 1 << 20)
        integer("Recipe batch", self.batch, 1, 1 << 20)
        integer("Recipe threads", self.threads, 1, 1024)
        number("Recipe learning_rate", self.learning_rate, 0, 1)
        number("Recipe settle", self.settle, 0, 1)
        number("Recipe tet", self.tet, 0, 1)
        choice("Recipe loss", self.loss, ("cross-entropy", "tet"))
        choice("Recipe precision", self.precision, ("float32", "bfloat16"))


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How training images and labels are varied.

    Attributes
    ----------
    move, turn, stretch
        Random augmentation: pixels of movement, degrees of rotation, share of size; each ± at most.
    smoothing
        Label smoothing of the cross-entropy, 0…1.
    """

    move: float = 0.0
    turn: float = 0.0
    stretch: float = 0.0
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        number("Recipe move", self.move, 0, 32)
        number("Recipe turn", self.turn, 0, 180)
        number("Recipe stretch", self.stretch, 0, 1)
        number("Recipe smoothing", self.smoothing, 0, 1)


@dataclass(frozen=True, kw_only=True)
class Settings(Problem, Weights, Neurons, Readout, Training, Augmentation):
    """All of them; each group checks itself."""

    def __post_init__(self) -> None:
        for group in (Problem, Weights, Neurons, Readout, Training, Augmentation):
            group.__post_init__(self)
