"""The fewest bits of an imported network that keep its accuracy."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rich.console import RenderableType

from .checks import kind_of
from .export.tables import Tables
from .importing import from_nir, from_norse, from_snntorch, from_spikingjelly
from .shown import Shown, grid
from .sources import Source, module_source, nir_source

if TYPE_CHECKING:
    from .imports.search.fewest import FoundBits
    from .imports.search.points import Point

Narrow = Literal["both", "weights", "states"]


@dataclass(frozen=True, kw_only=True, eq=False)
class BitSearch(Shown):
    """What a search for the fewest bits has found.

    Attributes
    ----------
    found
        The choice, all that was tried, and the source's accuracy.
    loss
        Points of accuracy that may be lost.
    pictured
        Where the picture was drawn, or None.
    """

    found: "FoundBits"
    loss: float
    pictured: Path | None = None

    @property
    def tables(self) -> Tables:
        """The tables of the choice, with their proof on the samples held out."""
        return self.found.tables

    @property
    def within(self) -> bool:
        """Whether the choice is within the loss; where not, it is the widest bits."""
        return self.found.within

    @cached_property
    def table(self) -> list[dict[str, Any]]:
        """All that was tried, by storage, as JSON holds it."""
        ahead = {point.allowed for point in self.found.front}
        return [self._row(point, point.allowed in ahead) for point in self.found.points]

    @property
    def front(self) -> list[dict[str, Any]]:
        """What no other beats in storage and accuracy, by storage, as JSON holds it."""
        return [row for row in self.table if row["front"]]

    @property
    def verdict(self) -> str:
        """What was found, in sentences."""
        found, chosen = self.found, self.found.chosen
        largest = max(point.storage_bits for point in found.points)
        room = f"within {self.loss:g} point{'s' * (self.loss != 1)} of the source"
        if self.within:
            text = (
                f"{chosen.storage_bits:,} bits are {room}, "
                f"{largest / chosen.storage_bits:.2f} times fewer than at the widest"
            )
        else:
            text = (
                f"No bits are {room}, not even the widest, "
                f"{chosen.storage_bits:,}; allow more bits or a larger loss"
            )
        told = [(found.accuracy, chosen.accuracy, f"{found.searched} samples searched on")]
        if found.held_accuracy is not None and chosen.held_out is not None:
            told.append((found.held_accuracy, chosen.held_out, f"{found.held} samples held out"))
        lines = [
            f"{source:.2%} right in the source, {ours:.2%} in integers, on {where}"
            for source, ours, where in told
        ]
        return "\n".join([f"{text}; {len(found.points)} tables were tried", *lines])

    def shown(self) -> list[RenderableType]:
        """Return the choice by layers, the front, and the verdict."""
        found = self.found
        layers = grid("layer", "bits of a weight", "of a state")
        for name, weights, states in zip(
            found.layers, found.chosen.weights, found.chosen.states, strict=True
        ):
            layers.add_row(name, str(weights), str(states))
        ahead = grid(
            "weight/state bits, layer by layer", "storage", "searched on", "held out", "",
            caption="storage of weights and states, in bits; * is the choice",
        )  # fmt: skip
        ahead.columns[0].no_wrap = False
        for point in dict.fromkeys((*found.front, found.chosen)):
            pairs = zip(point.weights, point.states, strict=True)
            ahead.add_row(
                " ".join(f"{weights}/{states}" for weights, states in pairs),
                f"{point.storage_bits:,}",
                f"{point.accuracy:.2%}",
                "–" if point.held_out is None else f"{point.held_out:.2%}",
                "*" * (point == found.chosen),
            )
        drawn = [] if self.pictured is None else [f"Picture in {self.pictured}"]
        return [layers, ahead, self.verdict, *drawn]

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it."""
        found = self.found
        return {
            "tables": self.tables.sha256,
            "within": self.within,
            "loss": self.loss,
            "layers": list(found.layers),
            "chosen": self._row(found.chosen, found.chosen in found.front),
            "points": self.table,
            "samples": found.searched,
            "held_out": found.held,
            "accuracy_source": found.accuracy,
            "held_out_accuracy_source": found.held_accuracy,
            "picture": None if self.pictured is None else str(self.pictured),
        }

    def picture(self, path: Path | str, *, overwrite: bool = True) -> None:
        """Draw storage against accuracy of all that was tried, as .svg or .png; needs matplotlib.

        Raises
        ------
        ValueError
            Where the suffix is another.
        ModuleNotFoundError
            Where matplotlib isn't installed, with what to install.
        FileExistsError
            Without `overwrite`, where the file is there.
        """
        from .imports.search.picture import draw

        draw(self.found, self.loss, Path(path), overwrite=overwrite)

    def _row(self, point: "Point", ahead: bool) -> dict[str, Any]:
        layers = self.found.layers
        return {
            "weight_bits": dict(zip(layers, point.weights, strict=True)),
            "state_bits": dict(zip(layers, point.states, strict=True)),
            "allowed": {
                name: {"weight_bits": weights, "state_bits": states}
                for name, (weights, states) in zip(layers, point.allowed, strict=True)
            },
            "storage_bits": point.storage_bits,
            "accuracy": point.accuracy,
            "held_out_accuracy": point.held_out,
            "front": ahead,
        }


def search_bits(
    importer: Callable[..., Tables],
    *source: Any,
    loss: float = 1.0,
    narrow: Narrow = "both",
    held_out: float = 0.5,
    workers: int | None = None,
    scheduler: str | None = None,
    picture: Path | str | None = None,
    progress: Callable[[int, int], None] | None = None,
    **settings: Any,
) -> BitSearch:
    """Search the fewest bits of each layer that keep a network's accuracy when it is imported.

    From the widest bits, the weights or states of one layer are narrowed at a time: those that save
    the most bits for the least accuracy. Of all tables that are tried, the smallest within the loss
    are the choice. What is found is the same whatever the workers.

    Parameters
    ----------
    importer
        `from_nir`, `from_snntorch`, `from_spikingjelly` or `from_norse`.
    source
        What it is called with: a file; or a module, and a batch of samples.
    loss
        Points of accuracy that may be lost against the source in float.
    narrow
        'weights', 'states', or 'both'; what isn't narrowed keeps its bits.
    held_out
        Share of the samples, drawn by a fixed seed, that the search doesn't see; what is found is
        measured on them too. The tables' proof is on them.
    workers
        Processes on this machine, by default 1. More need dask, and a script whose work is behind
        ``if __name__ == "__main__":``.
    scheduler
        Address of a dask scheduler whose workers are taken instead, such as 'tcp://host:8786'.
    picture
        A file for storage against accuracy of all that was tried, .svg or .png, which is replaced;
        needs matplotlib.
    progress
        Called with the bits that are decided, and all of them.
    settings
        Those of the importer. `labels` has to be there; `weight_bits` and `state_bits` are the
        widest that are tried, by default 8 and 16; `exact` doesn't go.

    Raises
    ------
    TypeError, ValueError
        Where the importer is none, or a setting is out of range.
    WorkersError
        Where the scheduler doesn't answer, has no workers, or a worker dies.
    UnsupportedModuleError, NirFileError, LoweringError
        As of the importer.
    """
    from .imports.search.fewest import Aim, fewest_bits
    from .workers import pool

    if picture is not None:
        from .imports.search.picture import ready

        ready(Path(picture))
    aim = Aim(loss=loss, narrow=narrow, held_out=held_out)
    network, wanted = _source(importer, source, settings)
    with pool(count=workers, scheduler=scheduler) as its:
        result = fewest_bits(network, wanted, aim, its, progress or (lambda done, total: None))
    drawn = None if picture is None else Path(picture)
    searched = BitSearch(found=result, loss=loss, pictured=drawn)
    if drawn is not None:
        searched.picture(drawn)
    return searched


FRAMEWORKS: dict[Callable[..., Tables], str] = {
    from_norse: "norse",
    from_snntorch: "snntorch",
    from_spikingjelly: "spikingjelly",
}


def _source(importer: Any, source: tuple[Any, ...], settings: dict[str, Any]) -> Source:
    """Return what an importer would import."""
    if importer is not from_nir and importer not in FRAMEWORKS:
        raise TypeError(
            "importer must be from_nir, from_snntorch, from_spikingjelly or from_norse, not "
            f"{kind_of(importer)}"
        )
    given = signature(importer).bind(*source, **settings)
    if importer is not from_nir:
        net, sample = given.args
        return module_source(FRAMEWORKS[importer], net, sample, given.kwargs)
    from .imports.files.nir_writer import contained

    (path,) = given.args
    if contained(path) is not None:
        raise ValueError(
            f"{path} must be a network of a framework to be searched, but holds somagate's own "
            "tables, which are taken as they are"
        )
    return nir_source(path, **given.kwargs)
