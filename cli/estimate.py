"""`somagate estimate`: what a plan takes of an FPGA and how fast it is, before any synthesis."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from .options import (
    BoardName,
    Json,
    Lanes,
    PartName,
    PlanFile,
    Samples,
    TablesFile,
    UpdateLanes,
    WordBits,
)
from .output import NO, existing, grid, one_of, show, verb

if TYPE_CHECKING:
    from ..hw.cost.part import Part
    from ..hw.cost.resources import Resources
    from ..hw.plan.plan import Plan
    from ..sim.cycles.predict import Prediction


def estimate(
    tables: TablesFile,
    board: BoardName = "icebreaker",
    part: PartName = None,
    lanes: Lanes = 16,
    update_lanes: UpdateLanes = 4,
    word_bits: WordBits = None,
    plan: PlanFile = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="DATA",
            help="'digits' or a folder of IDX files; without it, spikes are drawn at random.",
        ),
    ] = None,
    samples: Samples = 1,
    activity: Annotated[
        float,
        typer.Option(metavar="A", help="Without --data: spikes a neuron and time step, 0…1."),
    ] = 0.1,
    clock: Annotated[
        float | None, typer.Option(metavar="MHZ", help="Clock; default: the board's.")
    ] = None,
    json: Json = False,
) -> None:
    """Count resources and cycles of a plan on a board or a part, without any synthesis.

    Exits with 1 if it does not fit; what is short and what would fit is said.
    """
    with verb(json):
        existing(tables, ".safetensors")
        result = measure(
            tables,
            board,
            part,
            {"lanes": lanes, "update_lanes": update_lanes, "word_bits": word_bits, "plan": plan},
            data=data,
            samples=samples,
            activity=activity,
            clock_hz=None if clock is None else round(clock * 1e6),
        )
    show(
        result,
        json,
        resources_table(result),
        memories_table(result),
        layers_table(result),
        *summary(result),
    )
    if not result["fits"]:
        raise typer.Exit(NO)


def measure(
    path: Path,
    board_name: str,
    part_name: str | None,
    layout: dict[str, Any],
    *,
    data: str | None,
    samples: int | None,
    activity: float,
    clock_hz: int | None,
) -> dict[str, Any]:
    """Return resources, cycles and verdict; see the manual for the keys."""
    from ..boards.estimate import estimate as on_board
    from ..boards.registry import BOARDS
    from ..hw.cost.part import PARTS
    from ..hw.cost.resources import resources
    from ..hw.plan.plan_file import to_dict
    from ..hw.search.remedies import remedies
    from .plans import board_of, plan_of

    if part_name is None:
        board = board_of(board_name)
        part, clock_hz = board.family.part, clock_hz or board.clock_hz
    else:
        part = PARTS[one_of("--part", part_name, list(PARTS))]
        # The words of the maps suit the block RAMs of the family, whatever the board.
        small = part.family == "ice40"
        board = next(b for b in BOARDS.values() if (b.family.part.family == "ice40") == small)
    plan = plan_of(path, board.name, **layout)

    def count(plan: "Plan", part: "Part") -> "Resources":
        return resources(plan, part) if part_name else on_board(plan, board)

    found = count(plan, part)
    prediction = _cycles(plan, data, samples, activity)
    cycles = prediction.busy_cycles / len(prediction.cycles)
    return {
        "tables": plan.tables.sha256,
        "board": None if part_name else board.name,
        "part": part.name,
        "synthesis": part.synthesis,
        "plan": to_dict(plan),
        "fits": found.fits,
        "reasons": found.reasons,
        "remedies": remedies(plan, part, count),
        "resources": {
            name: {"unit": c.name, "used": c.used, "available": c.available, "share": c.share}
            for name, c in found.counts.items()
        },
        "blocks": [
            {
                "stage": number,
                "block": block,
                "logic": round(usage.logic),
                "flip_flops": round(usage.flip_flops),
            }
            for number, blocks in [*enumerate(found.blocks), (None, {"board": found.board})]
            for block, usage in blocks.items()
        ],
        "memories": [
            {
                "stage": memory.stage,
                "memory": memory.stored.name,
                "words": memory.stored.words,
                "word_bits": memory.stored.word_bits,
                "kind": memory.kind,
                "block_rams": memory.block_rams,
                "large_rams": memory.large_rams,
            }
            for memory in found.memories
        ],
        "data": data,
        "samples": len(prediction.cycles),
        "spikes": "data" if data else "random",
        "activity": None if data else activity,
        "steps": plan.tables.steps,
        "cycles_per_sample": round(cycles, 1),
        "clock_hz": clock_hz,
        "samples_per_second": round(clock_hz / cycles, 1) if clock_hz else None,
        "layers": [
            {
                "layer": name,
                "cycles": int(prediction.layers[name].sum()),
                "additions": int(prediction.additions[name].sum()),
                "lanes": prediction.lanes[name],
                "efficiency": float(
                    prediction.additions[name].sum()
                    / max(1, prediction.layers[name].sum() * prediction.lanes[name])
                ),
            }
            for name in prediction.layers
        ],
    }


def _cycles(plan: "Plan", data: str | None, samples: int | None, activity: float) -> "Prediction":
    """Return the prediction for samples of a data set, or for one that is made up."""
    from ..sim.cycles.predict import predict
    from ..sim.golden import golden
    from ..sim.golden.random_trace import assumed_run

    tables = plan.tables
    if data is None:
        if samples not in (None, 1):
            raise ValueError(f"--samples must come with --data, not be {samples} without it")
        return predict(plan, *assumed_run(tables, activity))
    from .samples import Encoded, test_samples

    images, _ = test_samples(tables, data, samples)
    x = Encoded(tables, images)[:]
    return predict(plan, golden.run(tables, x), x)


def resources_table(result: dict[str, Any]) -> Table:
    """Return how much of the part is used, as rich shows it."""
    table = grid("resource", "used", "of", "share")
    for usage in result["resources"].values():
        table.add_row(
            usage["unit"], f"{usage['used']:,}", f"{usage['available']:,}", f"{usage['share']:.0%}"
        )
    return table


def memories_table(result: dict[str, Any]) -> Table:
    """Return what becomes of every memory, as rich shows it."""
    names = {
        "block": "block RAM",
        "large": "large RAM",
        "distributed": "look-up tables",
        "logic": "logic",
    }
    stages = len(result["plan"]["stages"]) > 1
    table = grid("memory", "words", "bits a word", "kept in", "RAMs")
    for memory in result["memories"]:
        stage = f"_{memory['stage']}" if stages and memory["stage"] is not None else ""
        table.add_row(
            memory["memory"] + stage,
            f"{memory['words']:,}",
            f"{memory['word_bits']:,}",
            names[memory["kind"]],
            str(memory["block_rams"] or memory["large_rams"]),
        )
    return table


def layers_table(result: dict[str, Any]) -> Table:
    """Return the cycles of each layer, as rich shows it."""
    table = grid("layer", "cycles a sample", "useful additions", "per lane and cycle")
    for row in result["layers"]:
        table.add_row(
            row["layer"],
            f"{row['cycles'] / result['samples']:,.1f}",
            f"{row['additions']:,}",
            f"{row['efficiency']:.3f}",
        )
    return table


def summary(result: dict[str, Any]) -> list[str]:
    """Return the result as sentences."""
    run = (
        f"{result['samples']} test sample{'s' * (result['samples'] > 1)} of {result['data']}"
        if result["data"]
        else f"a sample of random spikes, {result['activity']:.0%} of all neurons in a time step"
    )
    speed = f"{result['cycles_per_sample']:,.1f} cycles a sample, predicted for {run}"
    if result["clock_hz"]:
        speed += (
            f"; {result['samples_per_second']:,.1f} samples a second "
            f"at {result['clock_hz'] / 1e6:.2f} MHz"
        )
    where = result["board"] or result["part"]
    verdict = "It fits" if result["fits"] else "It does NOT fit"
    lines = [speed, f"{verdict} {where}, by estimates that are about 5 % off in logic"]
    return [*lines, *(f"- {line}" for line in (*result["reasons"], *result["remedies"]))]
