"""From a file of tables and a few options to the plan of an accelerator."""

from pathlib import Path

from ..boards.board import Board
from ..boards.registry import BOARDS
from ..export.tables import Tables
from ..hw.plan import plan_file
from ..hw.plan.plan import Plan
from .output import existing, one_of


def board_of(name: str) -> Board:
    """Return the board called `name`, or raise naming all."""
    return BOARDS[one_of("--board", name, sorted(BOARDS))]


def plan_of(
    path: Path,
    board: str,
    lanes: int,
    update_lanes: int,
    word_bits: int | None = None,
    plan: Path | None = None,
) -> Plan:
    """Return the plan of the tables in a file, from a plan file or with what suits a board."""
    tables = Tables.load(existing(path, ".safetensors"))
    if plan is not None:
        return plan_file.load(existing(plan, ".toml"), tables, word_bits=board_of(board).word_bits)
    return Plan.single(
        tables,
        lanes=lanes,
        update_lanes=update_lanes,
        word_bits=word_bits or board_of(board).word_bits,
    )


def generated_plan(path: Path, folder: Path) -> tuple[Plan, Path, Tables | None]:
    """Return the plan of the accelerator in `folder`, its Verilog, and the tables to load into it.

    Where it takes a configuration stream, the plan is its own, and other tables in `path` are
    loaded; the last is None where they are the same. Otherwise the plan is that of the tables in
    `path`, on as many lanes as the accelerator has.
    """
    verilog = folder / "somagate.v"
    known = plan_file.manifest(folder)
    if not verilog.is_file():
        raise ValueError(
            f"{folder} must be a folder that `somagate generate` wrote, but has no {verilog.name}"
        )
    tables = Tables.load(existing(path, ".safetensors"))
    if known.get("shape_sha256") and known["tables_sha256"] != tables.sha256:
        return plan_file.built(folder), verilog, tables
    return plan_file.built(folder, tables), verilog, None
