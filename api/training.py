"""Training of a recipe."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType

from .data import Request
from .data.chosen import recipe_data
from .given import needs_torch
from .shown import Shown
from .targets import one_of

if TYPE_CHECKING:
    from .model.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Trained(Shown):
    """A training that is done.

    Attributes
    ----------
    recipe
        Its recipe's name.
    checkpoint
        The file that `from_checkpoint` takes.
    accuracy
        On the test set; a detector's mean average precision.
    quantized
        False of a float network.
    seed, epochs, loss, seconds
        Of the training; the loss is the last epoch's.
    detector
        Whether it finds boxes.
    """

    recipe: str
    checkpoint: Path
    accuracy: float
    quantized: bool
    seed: int
    epochs: int
    loss: float
    seconds: float
    detector: bool = False

    @property
    def summary(self) -> str:
        """The accuracy in a sentence."""
        what = "mean average precision" if self.detector else "right"
        return f"{self.accuracy:.2%} {what} on the test set after {self.epochs} epochs"

    def shown(self) -> list[RenderableType]:
        """Return the accuracy, and where the checkpoint is."""
        return [self.summary, f"Checkpoint in {self.checkpoint}"]

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it."""
        content = asdict(self) | {"checkpoint": str(self.checkpoint)}
        del content["detector"]
        return content


def train(
    recipe: "str | Path | Recipe",
    out: Path | str | None = None,
    *,
    data: Path | str | None = None,
    fold: str | None = None,
    floating: bool = False,
    weight_bits: int | None = None,
    state_bits: int | None = None,
    steps: int | None = None,
    threads: int | None = None,
    seed: int = 0,
    epochs: int | None = None,
    device: str | None = None,
    fuse: bool = False,
    resume: bool = False,
    overwrite: bool = False,
    progress: bool = False,
    tell: Callable[[str], None] | None = None,
) -> Trained:
    """Train a recipe's network and write a checkpoint; needs torch.

    Parameters
    ----------
    recipe
        The name of a recipe, such as 'digits'; the path of a Python file that sets ``RECIPE``; or
        a `somagate.model.Recipe`.
    out
        The run's folder; by default runs/RECIPE.
    data
        The folder with the files that the recipe needs, or `NAME[:KEY=VALUE,…][@DIR]` with the
        name of its data set.
    fold
        'I/K': test on fold I of K of all samples.
    floating
        Train the float network of the same shape.
    weight_bits, state_bits, steps, threads
        In place of the recipe's.
    seed, resume, overwrite
        As of `somagate.model.train.train`.
    epochs
        In place of the recipe's.
    device, fuse
        As of `somagate.model.train.Machine`.
    progress, tell
        As of `somagate.model.train.Told`.

    Raises
    ------
    ValueError
        Where there is no such recipe, a setting is out of range, or is given where it is not used.
    ModuleNotFoundError
        Where torch isn't installed, with what to install.
    DataError, RunError
        Where the data or the run's folder is not what it must be.
    """
    needs_torch("train")
    from .model import recipes
    from .model.recipe import Recipe
    from .model.settings import Detect
    from .model.train import Machine, Told
    from .model.train import train as run

    if isinstance(recipe, Recipe):
        chosen = recipe
    elif isinstance(recipe, Path) or recipe.endswith(".py"):
        chosen = recipes.read(Path(recipe))
    else:
        chosen = recipes.find(one_of("recipe", recipe, recipes.names()))
    if floating:
        for name, bits in (("weight_bits", weight_bits), ("state_bits", state_bits)):
            if bits is not None:
                raise ValueError(f"{name} must be left out for a float network, not {bits}")
    title, folder = recipe_data(None if data is None else str(data), chosen.data, chosen.name)
    if fold is not None:
        request = Request.parse(title)
        title = replace(request, options={**request.options, "fold": fold}).title
    if title != chosen.data:
        chosen = chosen.override(data=title)
    chosen = chosen.override(
        weight_bits=weight_bits, state_bits=state_bits, steps=steps, threads=threads, epochs=epochs
    )
    if floating and chosen.quantized:
        chosen = chosen.floating()
    done = run(
        chosen,
        None if out is None else Path(out),
        data_dir=folder,
        seed=seed,
        resume=resume,
        overwrite=overwrite,
        machine=Machine(device=device, fuse=fuse),
        told=Told(progress=progress, tell=tell),
    )
    return Trained(
        recipe=chosen.name,
        checkpoint=done.checkpoint,
        accuracy=done.accuracy,
        quantized=done.recipe.quantized,
        seed=done.seed,
        epochs=len(done.epochs),
        loss=done.epochs[-1].loss,
        seconds=round(done.seconds, 1),
        detector=isinstance(chosen.method, Detect),
    )
