"""`somagate plan`: choose stages, lanes and banks for a board and a goal, and write a plan file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from .estimate import measure, memories_table, resources_table, summary
from .options import BoardName, Force, Json, PartName, Samples, TablesFile, WordBits
from .output import existing, grid, one_of, replaceable_file, show, stderr, verb

if TYPE_CHECKING:
    from ..export.tables import Tables
    from ..hw.cost.part import Part
    from ..hw.search.choose import Choice

GOALS = ("smallest", "fastest")


def plan(
    tables: TablesFile,
    board: BoardName = "icebreaker",
    part: PartName = None,
    goal: Annotated[
        str,
        typer.Option(metavar="GOAL", help="'smallest', 'fastest', or images a second."),
    ] = "fastest",
    data: Annotated[
        str | None,
        typer.Option(metavar="DATA", help="Samples to take the activity of every channel from."),
    ] = None,
    samples: Samples = 4,
    activity: Annotated[
        float, typer.Option(metavar="A", help="Without --data: spikes a neuron and time step, 0…1.")
    ] = 0.1,
    clock: Annotated[
        float | None, typer.Option(metavar="MHZ", help="Clock; default: the board's.")
    ] = None,
    word_bits: WordBits = None,
    loadable: Annotated[
        bool, typer.Option("--loadable", help="Other tables can be loaded at run time.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File to write; default: 'plan.toml' beside TABLES."),
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Choose a plan of tables for a board or a part, and write it as a plan file.

    The file is for --plan of generate, verify, estimate and build, and may be edited.
    Example: somagate plan TABLES --board ulx3s-85f --goal fastest --data digits
    """
    with verb(json):
        existing(tables, ".safetensors")
        path = replaceable_file(out or tables.with_name("plan.toml"), force)
        with stderr().status("searching") as status:
            result = choose_and_write(
                tables,
                path,
                board,
                part,
                goal,
                data=data,
                samples=samples,
                activity=activity,
                clock_hz=None if clock is None else round(clock * 1e6),
                word_bits=word_bits,
                loadable=loadable,
                overwrite=force,
                tell=lambda cycles, tried: status.update(
                    f"searching: {cycles:,.0f} cycles an image, {tried} plans compared"
                ),
            )
    show(
        result,
        json,
        stages_table(result),
        resources_table(result),
        memories_table(result),
        *summary(result),
        f"Plan in {result['file']}",
    )


def choose_and_write(
    path: Path,
    out: Path,
    board_name: str,
    part_name: str | None,
    goal: str,
    *,
    data: str | None,
    samples: int | None,
    activity: float,
    clock_hz: int | None,
    word_bits: int | None,
    loadable: bool,
    overwrite: bool,
    tell: Any,
) -> dict[str, Any]:
    """Choose, write the file and return what `estimate` says of it; see the manual for the keys."""
    from ..boards.estimate import estimate as on_board
    from ..checks.files import write
    from ..export.tables import Tables
    from ..hw.cost.part import PARTS
    from ..hw.cost.resources import resources
    from ..hw.plan.plan_file import dump, to_dict
    from ..hw.search.choose import choose
    from .plans import board_of

    tables = Tables.load(path)
    measure_on = resources
    if part_name is None:
        board = board_of(board_name)
        chosen_part, clock_hz = board.family.part, clock_hz or board.clock_hz

        def measure_on(plan: Any, part: "Part") -> Any:
            return on_board(plan, board)

    else:
        chosen_part = PARTS[one_of("--part", part_name, list(PARTS))]
    choice: Choice = choose(
        tables,
        chosen_part,
        goal=_cycles(goal, clock_hz),
        rates=_rates(tables, data, samples, activity),
        measure=measure_on,
        word_bits=word_bits,
        loadable=loadable,
        progress=tell,
    )
    write(out, dump(choice.plan), overwrite=overwrite)
    found = measure(
        path,
        board_name,
        part_name,
        {"lanes": 16, "update_lanes": 4, "word_bits": None, "plan": out},
        data=data,
        samples=samples if data else None,
        activity=activity,
        clock_hz=clock_hz,
    )
    return found | {"goal": goal, "plan": to_dict(choice.plan), "file": str(out)}


def _cycles(goal: str, clock_hz: int | None) -> Any:
    """Return a goal as `choose` takes it."""
    if goal in GOALS:
        return goal
    try:
        rate = float(goal)
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise ValueError(f"--goal must be 'smallest', 'fastest' or images a second, not {goal!r}")
    if not clock_hz:
        raise ValueError("--clock must be given for images a second on a part without a board")
    return clock_hz / rate


def _rates(
    tables: "Tables", data: str | None, samples: int | None, activity: float
) -> dict[str, Any]:
    """Return the share of ones of every channel's bits, in test samples or at random."""
    from ..sim.golden import golden
    from ..sim.golden.activity import channel_rates
    from ..sim.golden.random_trace import assumed_run
    from .samples import Encoded, test_samples

    if data is None:
        rates = channel_rates(tables, *assumed_run(tables, activity))
        return {name: float(rate.mean()) for name, rate in rates.items()}
    images, _ = test_samples(tables, data, samples)
    x = Encoded(tables, images)[:]
    return channel_rates(tables, golden.run(tables, x), x)


def stages_table(result: dict[str, Any]) -> Table:
    """Return which layers run where, and what they cost, as rich shows it."""
    table = grid("layer", "stage", "lanes", "banks", "updated", "cycles", "per lane and cycle")
    rows = iter(result["layers"])
    for number, stage in enumerate(result["plan"]["stages"]):
        for _ in range(stage["layers"]):
            row = next(rows)
            table.add_row(
                row["layer"],
                str(number),
                *(str(stage[key]) for key in ("lanes", "banks", "update_lanes")),
                f"{row['cycles'] / result['samples']:,.1f}",
                f"{row['efficiency']:.3f}",
            )
    return table
