"""`somagate train`: a recipe in, a checkpoint out."""

import sys
from pathlib import Path
from typing import Annotated

import somagate as sg
import typer

from .options import Force, Json
from .output import show, stderr, verb


def train(
    recipe: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE",
            help="'digits', 'digits-dense', 'mnist', …, or a Python file that sets RECIPE.",
        ),
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
        result = sg.train(
            recipe, out, data=data, fold=fold, floating=float_, weight_bits=weight_bits,
            state_bits=state_bits, steps=steps, threads=threads, seed=seed, epochs=epochs,
            device=device, fuse=fuse, resume=resume, overwrite=force,
            progress=stderr().is_terminal, tell=None if stderr().is_terminal else tell,
        )  # fmt: skip
    show(result, json)


def tell(line: str) -> None:
    """Print how a training goes on, where no bar can show it."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
