"""The picture of a search: storage against accuracy of all that was tried."""

from importlib import import_module
from pathlib import Path
from typing import Any

from ...checks.files import replacing
from .fewest import FoundBits
from .points import Point

SUFFIXES = (".png", ".svg")
KIBIBIT = 1024


def draw(found: FoundBits, loss: float, path: Path, *, overwrite: bool = True) -> None:
    """Draw a search as an SVG or a PNG file, by the suffix; the same search gives the same bytes.

    Parameters
    ----------
    found
        What was found.
    loss
        Points of accuracy that may be lost.
    path
        The file.
    overwrite
        Replace a file that is there.

    Raises
    ------
    ValueError
        Where the suffix is another.
    ModuleNotFoundError
        Where matplotlib isn't installed, with what to install.
    FileExistsError
        Without `overwrite`, where the file is there.
    """
    ready(path)
    import matplotlib
    from matplotlib.figure import Figure

    # No random names, no date; and text stays text.
    style: Any = {
        "svg.hashsalt": "somagate", "svg.fonttype": "none", "axes.spines.top": False,
        "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.3,
    }  # fmt: skip
    kind = path.suffix.lower()[1:]
    dates: dict[str, Any] = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(6.4, 4), layout="constrained")
        _axes(figure.subplots(), found, loss)
        with replacing(path, overwrite=overwrite) as part:
            figure.savefig(part, format=kind, dpi=150, metadata=dates[kind])


def ready(path: Path) -> None:
    """Raise where a picture can't be drawn at all: before hours are spent on what it shows."""
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"picture must be a file in .svg or .png, not {path}")
    try:
        import_module("matplotlib")
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "matplotlib is not installed, which draws the picture: pip install 'somagate[search]'",
            name="matplotlib",
        ) from None


def _axes(axes: Any, found: FoundBits, loss: float) -> None:
    source, held = 100 * found.accuracy, [p for p in found.front if p.held_out is not None]
    axes.scatter(*_places(found.points), s=14, color="0.7", label="tried", zorder=2, gid="tried")
    axes.plot(
        *_places(found.front), "o-", color="C0", markersize=5, drawstyle="steps-post",
        label="front, searched on", gid="front",
    )  # fmt: skip
    if held:
        axes.plot(
            [p.storage_bits / KIBIBIT for p in held],
            [100 * (p.held_out or 0) for p in held],
            "x", color="C1", label="front, held out", gid="held_out",
        )  # fmt: skip
    axes.plot(
        *_places((found.chosen,)), "*", color="C3", markersize=14,
        label="chosen" if found.within else "the widest, not within the loss", gid="chosen",
    )  # fmt: skip
    axes.axhline(source, color="0.3", linewidth=1, linestyle="--", label="source")
    axes.axhline(
        source - loss, color="0.3", linewidth=1, linestyle=":", label="source less the loss"
    )
    axes.set_xlabel("weights and states, kibit")
    axes.set_ylabel("accuracy, %")
    # What is far below says nothing about the front.
    values = [*_places(found.front)[1], *(100 * (p.held_out or 0) for p in held), source - loss]
    axes.set_ylim(min(values) - 3, min(100.5, max(source, *values) + 1.5))
    axes.legend(fontsize="small", loc="lower right")


def _places(points: tuple[Point, ...]) -> tuple[list[float], list[float]]:
    return [p.storage_bits / KIBIBIT for p in points], [100 * p.accuracy for p in points]
