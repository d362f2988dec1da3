"""The arguments and options that several verbs share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import somagate as sg
import typer

from .output import existing

if TYPE_CHECKING:
    from ..designs import Design
    from ..encoded import Samples as EncodedSamples
    from ..export.tables import Tables

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
SomeData = Annotated[
    str | None,
    typer.Option(metavar="DATA", help="Samples, as elsewhere; without it, random spikes."),
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
    typer.Option(
        min=1, help="Output channels that the array adds up at the same time; default: 16."
    ),
]
UpdateLanes = Annotated[
    int | None,
    typer.Option(min=1, help="Neurons updated in a cycle; divides --lanes; default: up to 4."),
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
        help="Stages, lanes and banks from a file, in place of --lanes and --update-lanes.",
    ),
]
BOARDS = (
    *("icebreaker", "ulx3s-12f", "ulx3s-25f", "ulx3s-45f", "ulx3s-85f", "orangecrab"),
    *("colorlight-5a-75b", "icesugar-pro", "tang-nano-9k", "tang-nano-20k"),
    *("arty-a7", "basys3"),
)
"""Those of `somagate.boards`, which help must not import: it would take Amaranth with it."""
BoardName = Annotated[
    str | None,
    typer.Option(
        metavar="BOARD",
        help=f"One of {', '.join(BOARDS)}; default: {BOARDS[0]}.",
    ),
]
PartName = Annotated[
    str | None,
    typer.Option(metavar="PART", help="An FPGA by itself, such as 'xc7a35t'; not with --board."),
]
Activity = Annotated[
    float | None,
    typer.Option(
        metavar="A", help="Without --data: spikes a neuron and time step, 0…1; default: 0.1."
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(metavar="N", help="Processes on this machine that share out the work."),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="A dask scheduler whose workers are taken instead, such as tcp://host:8786.",
    ),
]
Clock = Annotated[float | None, typer.Option(metavar="MHZ", help="Clock; default: the board's.")]
BAUD = 115200
"""That of `somagate.boards.uart`, which help must not import either."""
Baud = Annotated[int, typer.Option(min=1, help="Speed of the serial line.")]
Port = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="Of the page on 127.0.0.1; default: one that is free."),
]
NoBrowser = Annotated[
    bool, typer.Option("--no-browser", help="Print the page's address, and open no browser.")
]
LineBaud = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Speed of the serial line; default: what the report in --generated says, or else "
        "usual speeds until the board answers.",
    ),
]
Extras = Annotated[
    list[str] | None,
    typer.Option(
        "--extra",
        metavar="NAME",
        help="What the board can do beyond inferences, which takes cells: 'stream' time steps, "
        "'trace' every spike and potential, 'counters' of cycles and events, 'pixels' that it "
        "makes spikes of; repeat it for several.",
    ),
]


def designed(
    tables: "Tables", *, plan: Path | None, clock: float | None = None, **wanted: Any
) -> "Design":
    """Return the design that options ask for; `wanted` is as of `somagate.design`."""
    plan_file = existing(plan, ".toml") if plan else None
    return sg.design(tables, plan=plan_file, clock_hz=hertz(clock), **wanted)


def some_samples(
    tables: "Tables", data: str | None, samples: int | None, default: int | None
) -> "EncodedSamples | None":
    """Return so many samples of a data set, or None where none is named; without a default all."""
    if data is not None:
        return sg.samples(tables, data, default if samples is None else samples)
    if samples is not None:
        raise ValueError(f"--samples must come with --data, not be {samples} without it")
    return None


def by_layer(option: str, text: str) -> dict[str, int]:
    """Return bits such as '4', 'fc2=3' or '4,fc2=3' by layer; '*' are all that aren't named."""
    found: dict[str, int] = {}
    for part in text.split(","):
        name, _, bits = part.strip().rpartition("=")
        name = name.strip() or "*"
        if not bits.strip().isdecimal() or name in found:
            raise ValueError(
                f"{option} must be bits, such as 4, or those of layers too, each once, such as "
                f"4,fc2=3, not {text!r}"
            )
        found[name] = int(bits)
    return found


def hertz(clock: float | None) -> int | None:
    """Return a clock in Hz that was given in MHz."""
    if clock is None:
        return None
    if not 1e-6 <= clock <= 10_000:
        raise ValueError(f"--clock must be 0.000001…10000 MHz, not {clock}")
    return round(clock * 1e6)
