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
        help="'digits' (bundled with scikit-learn), a folder with the files of a data set, or "
        "NAME[:KEY=VALUE,...][@DIR]; see docs/data.md.",
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
    int, typer.Option(min=1, help="Output channels that the array adds up at the same time.")
]
UpdateLanes = Annotated[
    int, typer.Option(min=1, help="Neurons updated in a cycle; divides --lanes.")
]
WordBits = Annotated[
    int | None,
    typer.Option(min=8, help="Width of a word of the spike maps; default: what suits --board."),
]
PlanFile = Annotated[
    Path | None,
    typer.Option(
        "--plan",
        metavar="PLAN.toml",
        help="Stages, lanes and banks from a file, instead of one stage with --lanes.",
    ),
]
BoardName = Annotated[str, typer.Option(metavar="BOARD", help="'icebreaker' or 'ulx3s-85f'.")]
PartName = Annotated[
    str | None,
    typer.Option(metavar="PART", help="An FPGA by itself, such as 'xc7a35t'; not --board."),
]
