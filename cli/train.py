"""`somagate train`: a recipe in, a checkpoint out."""

import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from .options import Force, Json
from .output import one_of, show, stderr, verb


def train(
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="'digits', 'digits-dense', 'mnist', …")
    ],
    data: Annotated[
        str | None,
        typer.Option(
            metavar="DATA",
            help="Folder with the files that a recipe needs, or NAME[:KEY=VALUE,...][@DIR] with "
            "the name of its data set; see docs/data.md.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Run folder; default: runs/RECIPE.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of weights, order and augmentation.")] = 0,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the training images.")
    ] = None,
    weight_bits: Annotated[
        int | None, typer.Option(min=1, max=8, help="1 (±1), 2 (ternary) or 3…8.")
    ] = None,
    state_bits: Annotated[
        int | None, typer.Option(min=2, max=16, help="Width of a hidden neuron's potential.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Time steps of an inference.")] = None,
    fold: Annotated[
        str | None, typer.Option(metavar="I/K", help="Test on fold I of K of all samples.")
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(
            min=1, help="Of torch; default: the recipe's. More are slower on a busy machine."
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="'cpu' or 'cuda'; default: a GPU where there is one.")
    ] = None,
    fuse: Annotated[
        bool, typer.Option("--fuse", help="Compile the neurons; for long trainings on a GPU.")
    ] = False,
    float_: Annotated[
        bool, typer.Option("--float", help="Train the float network of the same shape.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an interrupted training.")
    ] = False,
    force: Force = False,
    json: Json = False,
) -> None:
    """Train a recipe's network and write a checkpoint.

    The same recipe, seed, machine and number of threads give the same weights.
    """
    with verb(json):
        result = run(
            recipe, data, out,
            {"weight_bits": weight_bits, "state_bits": state_bits, "steps": steps,
             "threads": threads},
            fold=fold, seed=seed, epochs=epochs, float_=float_, resume=resume, overwrite=force,
            device=device, fuse=fuse,
        )  # fmt: skip
    show(result, json, summary(result), f"Checkpoint in {result['checkpoint']}")


def run(
    name: str,
    data: str | None,
    out: Path | None,
    changes: dict[str, Any],
    *,
    fold: str | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Train, and return where the checkpoint lies and how good it is."""
    from ..data import Request
    from ..model import recipes
    from ..model.train import train
    from .samples import recipe_data

    recipe = recipes.load(one_of("recipe", name, recipes.names()))
    title, folder = recipe_data(data, recipe.data, name)
    if fold is not None:
        request = Request.parse(title)
        title = replace(request, options={**request.options, "fold": fold}).title
    if title != recipe.data:
        recipe = recipe.override(data=title)
    done = train(
        recipe.override(**changes),
        out,
        data_dir=folder,
        progress=stderr().is_terminal,
        tell=None if stderr().is_terminal else tell,
        **settings,
    )
    last = asdict(done.epochs[-1])
    return {
        "recipe": name,
        "checkpoint": str(done.checkpoint),
        "accuracy": done.accuracy,
        "quantized": done.recipe.quantized,
        "seed": done.seed,
        "epochs": len(done.epochs),
        "loss": last["loss"],
        "seconds": round(done.seconds, 1),
    }


def tell(line: str) -> None:
    """Print how a training goes on, where no bar can show it."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def summary(result: dict[str, Any]) -> str:
    """Return the result as a sentence."""
    from ..model import recipes
    from ..model.settings import Detect

    detector = isinstance(recipes.load(result["recipe"]).method, Detect)
    what = "mean average precision" if detector else "right"
    return f"{result['accuracy']:.2%} {what} on the test set after {result['epochs']} epochs"
