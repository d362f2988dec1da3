"""A recipe: the network, its integers and its training, as one frozen record. Without torch."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Conv:
    """A layer of spiking neurons behind a convolution, and the max pool behind them.

    Attributes
    ----------
    channels
        Output channels.
    kernel, stride, padding
        Of rows and columns alike.
    pool
        Rows and columns of a pool window, which is an OR of spikes; 1 is no pool.
    """

    channels: int
    kernel: int = 3
    stride: int = 1
    padding: int = 1
    pool: int = 1

    def __post_init__(self) -> None:
        for name, low in (("channels", 1), ("kernel", 1), ("stride", 1), ("padding", 0),
                          ("pool", 1)):  # fmt: skip
            _integer(f"Conv {name}", getattr(self, name), low, 65535 if name == "channels" else 15)


@dataclass(frozen=True, kw_only=True)
class Dense:
    """A layer of spiking neurons that each see the whole map before them.

    Attributes
    ----------
    neurons
        Number of neurons.
    """

    neurons: int

    def __post_init__(self) -> None:
        _integer("Dense neurons", self.neurons, 1, 1 << 20)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What to train, on what, and how.

    Attributes
    ----------
    name
        Of the recipe.
    data
        Data set; see `somagate.model.data`.
    layers
        Hidden layers, in order. A dense layer of one neuron a class follows them.
    classes
        Of the last layer.
    encoding, input_bits
        'rate' (1 bit) or 'direct' (unsigned, `input_bits` bits); see `somagate.model.encode`.
    steps
        Time steps of one inference.
    quantized
        False trains the float network of the same shape in the same way: float weights, thresholds,
        leaks and potentials.
    weight_bits
        1 (±1), 2 (ternary) or 3…8 (signed).
    state_bits
        Width of the hidden neurons' stored potentials, 2…16.
    reset
        'zero' or 'subtract', of the hidden neurons.
    leak
        The leak that training starts from, 0…1; 1 is none.
    leak_shift
        The learned leak is a multiple of 2**-leak_shift.
    leak_at
        'load' or 'store'.
    readout
        'potential' of a last layer that never fires, or 'count' of its spikes.
    readout_bits
        Width of that layer's potential, for 'potential'; 'count' uses `state_bits`.
    epochs, batch, learning_rate
        Passes over the training images, images in a batch, and the peak of the learning rate.
    settle
        Share of the epochs, at the end, in which the normalization is frozen and training sees the
        very integers that are exported.
    move, turn, stretch
        Random augmentation: pixels of movement, degrees of rotation, share of size; each ± at most.
    smoothing
        Label smoothing of the cross-entropy, 0…1.
    threads
        Processor threads of the training; None leaves the number to torch. A small network is no
        faster with several, and on a busy machine many times slower.
    """

    name: str
    data: str
    layers: tuple[Conv | Dense, ...]
    classes: int = 10
    encoding: Literal["rate", "direct"] = "rate"
    input_bits: int = 1
    steps: int = 8
    quantized: bool = True
    weight_bits: int = 4
    state_bits: int = 3
    reset: Literal["zero", "subtract"] = "zero"
    leak: float = 0.75
    leak_shift: int = 3
    leak_at: Literal["load", "store"] = "load"
    readout: Literal["potential", "count"] = "potential"
    readout_bits: int = 12
    epochs: int = 20
    batch: int = 64
    learning_rate: float = 5e-3
    settle: float = 0.25
    move: float = 0.0
    turn: float = 0.0
    stretch: float = 0.0
    smoothing: float = 0.0
    threads: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        for layer in self.layers:
            if not isinstance(layer, Conv | Dense):
                raise TypeError(f"Recipe layers must be Conv or Dense, not {layer!r}")
        _integer("Recipe classes", self.classes, 2, 1 << 16)
        _choice("Recipe encoding", self.encoding, ("rate", "direct"))
        _integer("Recipe input_bits", self.input_bits, 1, 8)
        if self.encoding == "rate" and self.input_bits != 1:
            raise ValueError(
                f"Recipe input_bits must be 1 for encoding 'rate', not {self.input_bits}"
            )
        _integer("Recipe steps", self.steps, 1, 65535)
        _integer("Recipe weight_bits", self.weight_bits, 1, 8)
        _integer("Recipe state_bits", self.state_bits, 2, 16)
        _choice("Recipe reset", self.reset, ("zero", "subtract"))
        _number("Recipe leak", self.leak, 0, 1)
        _integer("Recipe leak_shift", self.leak_shift, 0, 15)
        _choice("Recipe leak_at", self.leak_at, ("load", "store"))
        _choice("Recipe readout", self.readout, ("potential", "count"))
        _integer("Recipe readout_bits", self.readout_bits, 2, 16)
        _integer("Recipe epochs", self.epochs, 1, 1 << 20)
        _integer("Recipe batch", self.batch, 1, 1 << 20)
        if self.threads is not None:
            _integer("Recipe threads", self.threads, 1, 1024)
        for name, high in (("learning_rate", 1), ("settle", 1), ("move", 32), ("turn", 180),
                           ("stretch", 1), ("smoothing", 1)):  # fmt: skip
            _number(f"Recipe {name}", getattr(self, name), 0, high)

    @property
    def input_high(self) -> int:
        """The largest input activation."""
        return (1 << self.input_bits) - 1

    def override(self, **changes: Any) -> "Recipe":
        """Return the recipe with the changes that are not None, checked like a new one."""
        return replace(self, **{k: v for k, v in changes.items() if v is not None})

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers, strings, lists and dicts, for `from_dict`."""
        record = asdict(self)
        record["layers"] = [
            {"kind": type(layer).__name__.lower(), **asdict(layer)} for layer in self.layers
        ]
        return record

    @staticmethod
    def from_dict(record: dict[str, Any]) -> "Recipe":
        """Return the recipe that `to_dict` was called on."""
        kinds = {"conv": Conv, "dense": Dense}
        layers = []
        for layer in record["layers"]:
            settings = dict(layer)
            layers.append(kinds[settings.pop("kind")](**settings))
        return Recipe(**{**record, "layers": tuple(layers)})


def _integer(name: str, value: Any, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must be {low}…{high}, not {value}")


def _number(name: str, value: Any, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number, not {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must be {low}…{high}, not {value}")


def _choice(name: str, value: Any, options: tuple[str, ...]) -> None:
    if value not in options:
        listed = " or ".join(repr(option) for option in options)
        raise ValueError(f"{name} must be {listed}, not {value!r}")
