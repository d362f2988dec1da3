"""Settings of the training methods, as frozen records. Without torch."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from ..checks.arguments import choice, integer, number, optional
from ..data.boxes import Grid


@dataclass(frozen=True, kw_only=True)
class Prune:
    """Channel pruning of SpQuant-SNN; see `somagate.model.methods.prune`.

    Attributes
    ----------
    epochs
        Of training with dynamic masks, before those of the recipe, which train with static ones.
    mass
        Share of a sample's activity that its kept channels hold, 0…1.
    weight
        Of the predictors' loss.
    rate
        A channel stays that is kept for at least this share of samples and steps, 0…1.
    negative
        A channel goes whose mean stored potential lies below minus this, in levels.
    """

    epochs: int = 10
    mass: float = 0.85
    weight: float = 1.0
    rate: float = 0.5
    negative: float = 0.8

    def __post_init__(self) -> None:
        integer("Prune epochs", self.epochs, 1, 1 << 20)
        for name, high in (("mass", 1), ("weight", 1000), ("rate", 1), ("negative", 1)):
            number(f"Prune {name}", getattr(self, name), 0, high)


@dataclass(frozen=True, kw_only=True)
class SigmoidSum:
    """Weights by a sum of sigmoids; see `somagate.model.quantizers.sigmoid_sum`.

    Attributes
    ----------
    epochs
        Of training with float weights, before those of the recipe, which train quantized ones.
    rise
        What the temperature rises by an epoch.
    cap
        The highest temperature.
    """

    epochs: int = 10
    rise: float = 20.0
    cap: float = 2000.0

    def __post_init__(self) -> None:
        integer("SigmoidSum epochs", self.epochs, 1, 1 << 20)
        number("SigmoidSum rise", self.rise, 1e-3, 1e6)
        number("SigmoidSum cap", self.cap, 1e-3, 1e6)


@dataclass(frozen=True, kw_only=True)
class Attention:
    """Attention-guided compression; see `somagate.model.methods.attention`.

    Attributes
    ----------
    teacher_epochs, student_epochs
        Of training the uncompressed meta-model and the compressed network, both with ReLUs, before
        those of the recipe, which train the spiking network.
    learning_rate
        The peak in these.
    density
        Share of weights that are kept, 0…1, of all pruned groups together.
    pruned
        'weight' by weight, or 'channel' by source channel.
    exchange, spiking_exchange
        Share of the kept weights that move in the first epoch of the compressed network's training,
        and of the spiking network's; it falls to 0.
    attention
        Weight of the loss between the attention maps.
    distillation
        Share of the teacher's logits in the loss, 0…1.
    temperature
        Of these logits.
    percentile, scale
        A first threshold is this percentile, 0…100, of what the neurons receive, times `scale`.
    """

    teacher_epochs: int = 10
    student_epochs: int = 10
    learning_rate: float = 1e-3
    density: float = 0.1
    pruned: Literal["weight", "channel"] = "weight"
    exchange: float = 0.5
    spiking_exchange: float = 0.5
    attention: float = 1000.0
    distillation: float = 0.5
    temperature: float = 4.0
    percentile: float = 99.7
    scale: float = 0.3

    def __post_init__(self) -> None:
        for name in ("teacher_epochs", "student_epochs"):
            integer(f"Attention {name}", getattr(self, name), 1, 1 << 20)
        for name, low, high in (
            ("learning_rate", 0, 1), ("density", 1e-4, 1), ("exchange", 0, 1),
            ("spiking_exchange", 0, 1),
            ("attention", 0, 1e6), ("distillation", 0, 1), ("temperature", 0.1, 100),
            ("percentile", 50, 100), ("scale", 0.01, 10),
        ):  # fmt: skip
            number(f"Attention {name}", getattr(self, name), low, high)
        choice("Attention pruned", self.pruned, ("weight", "channel"))


@dataclass(frozen=True, kw_only=True)
class Detect:
    """Training of a detector; see `somagate.model.methods.detection`.

    Attributes
    ----------
    grid
        Of its outputs, as many as the recipe's classes.
    kernel
        All cells have the same weights, and each sees this many places of the last map along each
        axis, its own in the middle: an odd number. The map must have a place for each cell. None:
        each cell sees the whole map by weights of its own.
    least, most
        Of the measuring: boxes of a lower score are left out, and those that overlap a surer one by
        more.
    """

    grid: Grid
    kernel: int | None = None
    least: float = 0.05
    most: float = 0.6

    def __post_init__(self) -> None:
        if not isinstance(self.grid, Grid):
            raise TypeError(f"Detect grid must be a Grid, not {self.grid!r}")
        optional("Detect kernel", self.kernel, 1, 15)
        if self.kernel is not None and self.kernel % 2 == 0:
            raise ValueError(f"Detect kernel must be odd, not {self.kernel}")
        number("Detect least", self.least, 0, 1)
        number("Detect most", self.most, 0, 1)


Method = Prune | SigmoidSum | Attention | Detect

_KINDS = {
    "prune": Prune,
    "sigmoid-sum": SigmoidSum,
    "attention": Attention,
    "detect": Detect,
}


def to_dict(method: Method | None) -> dict[str, Any] | None:
    """Return plain numbers and strings, for `from_dict`."""
    if method is None:
        return None
    kind = next(name for name, record in _KINDS.items() if isinstance(method, record))
    return {"kind": kind, **asdict(method)}


def from_dict(record: dict[str, Any] | None) -> Method | None:
    """Return the settings that `to_dict` was called on."""
    if record is None:
        return None
    fields = {key: value for key, value in record.items() if key != "kind"}
    if "grid" in fields:
        fields["grid"] = Grid(**fields["grid"])
    found: Method = _KINDS[record["kind"]](**fields)
    return found
