"""The arguments and options that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

TablesFile = Annotated[
    Path, typer.Argument(metavar="TABLES", help="The .safetensors file that `export` wrote.")
]
Data = Annotated[
    str,
    typer.Option(
        metavar="DATA",
        help="'digits' (bundled with scikit-learn), or a folder with the IDX files of MNIST or "
        "Fashion-MNIST.",
    ),
]
Samples = Annotated[
    int | None, typer.Option(min=1, help="Use the first so many of the test samples.")
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite what is there.")]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout, and nothing else.")
]
Lanes = Annotated[
    int | None,
    typer.Option(min=1, help="Output channels that the array adds up at once; default: the plan's."),
]
