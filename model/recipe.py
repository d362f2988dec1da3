"""A recipe: the network, its integers and its training, as one frozen record. Without torch."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from ..checks.arguments import choice, flag, integer, number, optional
from . import compatible, settings, shapes
from .shapes import Conv, Dense, Shortcut

__all__ = ["Conv", "Dense", "Recipe", "Shortcut"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What to train, on what, and how.

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
    epochs, batch, learning_rate
        Passes over the training images, images in a batch, and the peak of the learning rate.
    settle
        Share of the epochs, at the end, in which the normalization is frozen and training sees the
        very integers that are exported.
    loss
        'cross-entropy' of the readout values, or 'tet', of every step (Deng et al., ICLR 2022).
    tet
        Share of the squared distance to 1 in that loss, 0…1.
    move, turn, stretch
        Random augmentation: pixels of movement, degrees of rotation, share of size; each ± at most.
    smoothing
        Label smoothing of the cross-entropy, 0…1.
    precision
        'float32', or 'bfloat16' for the products of weights and activations until the network is
        settled; all else stays float32.
    method
        Settings of a training method that has phases of its own; see `somagate.model.settings`.
    threads
        Processor threads of the training. A small network is no faster with several, and on a busy
        machine many times slower.
    """

    name: str
    data: str
    layers: tuple[Conv | Dense, ...]
    classes: int = 10
    encoding: Literal["rate", "direct", "frames"] = "rate"
    input_bits: int = 1
    steps: int = 8
    quantized: bool = True
    weights: Literal["lsq", "sawb", "sigmoid"] = "lsq"
    weight_bits: int = 4
    readout_weight_bits: int | None = None
    normalize: bool = True
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
    readout: Literal["potential", "count", "vote"] = "potential"
    voters: int = 10
    readout_bits: int = 12
    readout_leak: float = 1.0
    epochs: int = 20
    batch: int = 64
    learning_rate: float = 5e-3
    settle: float = 0.25
    loss: Literal["cross-entropy", "tet"] = "cross-entropy"
    tet: float = 0.05
    move: float = 0.0
    turn: float = 0.0
    stretch: float = 0.0
    smoothing: float = 0.0
    precision: Literal["float32", "bfloat16"] = "float32"
    method: settings.Method | None = None
    threads: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        for layer in self.layers:
            if not isinstance(layer, Conv | Dense):
                raise TypeError(f"Recipe layers must be Conv or Dense, not {layer!r}")
        for name, low, high in _INTEGERS:
            integer(f"Recipe {name}", getattr(self, name), low, high)
        optional("Recipe readout_weight_bits", self.readout_weight_bits, 1, 8)
        for name, most in _NUMBERS:
            number(f"Recipe {name}", getattr(self, name), 0, most)
        for name in ("quantized", "normalize", "mask_negative", "leak_learned"):
            flag(f"Recipe {name}", getattr(self, name))
        for name, options in _CHOICES:
            choice(f"Recipe {name}", getattr(self, name), options)
        compatible.check(self)

    @property
    def input_high(self) -> int:
        """The largest input activation."""
        return (1 << self.input_bits) - 1

    @property
    def readout_shift(self) -> int:
        """The leak of the readout is a multiple of 2**-readout_shift."""
        return 0 if self.readout_leak == 1 else self.leak_shift

    def override(self, **changes: Any) -> "Recipe":
        """Return the recipe with the changes that are not None, checked like a new one."""
        return replace(self, **{k: v for k, v in changes.items() if v is not None})

    def floating(self) -> "Recipe":
        """Return the recipe of the float network of the same shape, to compare with.

        It is trained in the same way and for as many epochs, with nothing quantized or pruned, in
        float32.
        """
        epochs, method = self.epochs, self.method
        if isinstance(method, settings.Prune):
            epochs, method = epochs + method.epochs, None
        elif isinstance(method, settings.Attention):
            method = replace(
                method, density=1.0, exchange=0.0, spiking_exchange=0.0, pruned="weight"
            )
        return replace(
            self, quantized=False, mask_negative=False, epochs=epochs, method=method,
            precision="float32",
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers, strings, lists and dicts, for `from_dict`."""
        return {
            **asdict(self),
            "layers": [shapes.to_dict(layer) for layer in self.layers],
            "method": settings.to_dict(self.method),
        }

    @staticmethod
    def from_dict(record: dict[str, Any]) -> "Recipe":
        """Return the recipe that `to_dict` was called on."""
        layers = tuple(shapes.from_dict(layer) for layer in record["layers"])
        method = settings.from_dict(record["method"])
        return Recipe(**{**record, "layers": layers, "method": method})


_INTEGERS = (
    ("classes", 2, 1 << 16), ("input_bits", 1, 8), ("steps", 1, 65535), ("weight_bits", 1, 8),
    ("state_bits", 2, 16), ("leak_shift", 0, 15), ("voters", 1, 255), ("readout_bits", 2, 16),
    ("epochs", 1, 1 << 20), ("batch", 1, 1 << 20), ("threads", 1, 1024),
)  # fmt: skip
_NUMBERS = (
    ("leak", 1), ("readout_leak", 1), ("spike_peak", 16), ("learning_rate", 1), ("settle", 1),
    ("tet", 1), ("move", 32), ("turn", 180), ("stretch", 1), ("smoothing", 1),
)  # fmt: skip
_CHOICES = (
    ("encoding", ("rate", "direct", "frames")),
    ("weights", ("lsq", "sawb", "sigmoid")),
    ("threshold", ("channel", "layer", "fixed", "leak")),
    ("store", ("shift", "ternary")),
    ("store_gradient", ("clamp", "stacked")),
    ("spike_gradient", ("ramp", "window")),
    ("reset", ("zero", "subtract")),
    ("leak_at", ("load", "store")),
    ("readout", ("potential", "count", "vote")),
    ("loss", ("cross-entropy", "tet")),
    ("precision", ("float32", "bfloat16")),
)
