"""The layers of a recipe: their kinds, sizes, pools and shortcuts. Without torch."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from ..checks.arguments import choice, integer, optional


@dataclass(frozen=True, kw_only=True)
class Shortcut:
    """A second synapse group of a layer, from a map further back: a residual connection.

    Attributes
    ----------
    back
        How far back its source lies, in layers: 1 is the map just before the layer, 2 the one
        before that, which is the input of a block of two layers.
    kernel
        0 adds the elements of that map to the neurons at their own places, which must be as many.
        1 or more is a convolution with its own weights, padded by kernel // 2.
    stride
        Of that convolution.
    """

    back: int = 2
    kernel: int = 0
    stride: int = 1

    def __post_init__(self) -> None:
        integer("Shortcut back", self.back, 2, 255)
        integer("Shortcut kernel", self.kernel, 0, 15)
        integer("Shortcut stride", self.stride, 1, 15)
        if not self.kernel and self.stride > 1:
            raise ValueError(
                f"Shortcut stride must be 1 without a kernel, not {self.stride}; set kernel=1"
            )


@dataclass(frozen=True, kw_only=True)
class Conv:
    """A layer of spiking neurons behind a convolution, and the pool behind them.

    Attributes
    ----------
    channels
        Output channels.
    kernel, stride, padding
        Of rows and columns alike.
    pool
        Rows and columns of a pool window; 1 is no pool.
    pool_kind
        'max', an OR of spikes, or 'sum', their count: an average without its division.
    weight_bits, state_bits
        In place of the recipe's.
    shortcut
        A residual connection, or None.
    """

    channels: int
    kernel: int = 3
    stride: int = 1
    padding: int = 1
    pool: int = 1
    pool_kind: Literal["max", "sum"] = "max"
    weight_bits: int | None = None
    state_bits: int | None = None
    shortcut: Shortcut | None = None

    def __post_init__(self) -> None:
        for name, low in (("channels", 1), ("kernel", 1), ("stride", 1), ("padding", 0),
                          ("pool", 1)):  # fmt: skip
            integer(f"Conv {name}", getattr(self, name), low, 65535 if name == "channels" else 15)
        choice("Conv pool_kind", self.pool_kind, ("max", "sum"))
        optional("Conv weight_bits", self.weight_bits, 1, 8)
        optional("Conv state_bits", self.state_bits, 2, 16)
        if not isinstance(self.shortcut, Shortcut | None):
            raise TypeError(f"Conv shortcut must be a Shortcut or None, not {self.shortcut!r}")

    @property
    def area(self) -> int:
        """The largest element of the map behind the pool."""
        return self.pool**2 if self.pool_kind == "sum" else 1

    def __str__(self) -> str:
        """Return the settings that shape the map."""
        return (
            f"Conv(channels={self.channels}, kernel={self.kernel}, stride={self.stride}, "
            f"padding={self.padding}, pool={self.pool})"
        )


@dataclass(frozen=True, kw_only=True)
class Dense:
    """A layer of spiking neurons that each see the whole map before them.

    Attributes
    ----------
    neurons
        Number of neurons.
    weight_bits, state_bits
        In place of the recipe's.
    """

    neurons: int
    weight_bits: int | None = None
    state_bits: int | None = None

    def __post_init__(self) -> None:
        integer("Dense neurons", self.neurons, 1, 1 << 20)
        optional("Dense weight_bits", self.weight_bits, 1, 8)
        optional("Dense state_bits", self.state_bits, 2, 16)


def to_dict(layer: Conv | Dense) -> dict[str, Any]:
    """Return plain numbers and strings, for `from_dict`."""
    return {"kind": type(layer).__name__.lower(), **asdict(layer)}


def from_dict(record: dict[str, Any]) -> Conv | Dense:
    """Return the layer that `to_dict` was called on."""
    settings = {key: value for key, value in record.items() if key != "kind"}
    if record["kind"] == "dense":
        return Dense(**settings)
    shortcut = settings.get("shortcut")
    return Conv(**{**settings, "shortcut": Shortcut(**shortcut) if shortcut else None})
