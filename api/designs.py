"""A design: how tables lie on an accelerator, and the board or the FPGA that it is for."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import gcd
from pathlib import Path
from typing import Any

from rich.console import RenderableType

from .boards.board import Board
from .boards.core import WORD_BITS_MAX
from .boards.estimate import estimate as on_board
from .boards.estimate import limits
from .checks import integer, kind_of
from .encoded import Samples
from .export.tables import Tables
from .given import MOST_HZ, the_tables
from .hw.cost.part import Part
from .hw.cost.resources import Resources, resources
from .hw.plan import plan_file
from .hw.plan.plan import Plan
from .hw.search import room
from .hw.search.choose import choose
from .shown import Shown, grid
from .targets import observed, suited_board, target, wanted


@dataclass(frozen=True, kw_only=True, eq=False)
class Design(Shown):
    """A plan, and what it is for.

    Attributes
    ----------
    plan
        Stages, lanes, banks and memories.
    board
        The board, or None where there is only a part.
    part
        The FPGA.
    clock_hz
        The clock, in Hz; None where a part has none given.
    goal
        What the plan was chosen for; '' where it was given.
    """

    plan: Plan
    board: Board | None
    part: Part
    clock_hz: int | None
    goal: str = ""

    @property
    def tables(self) -> Tables:
        """The network."""
        return self.plan.tables

    @property
    def where(self) -> str:
        """The name of the board, or else of the part."""
        return self.board.name if self.board else self.part.name

    def resources(self, plan: Plan | None = None, part: Part | None = None) -> Resources:
        """Return what the plan, or another one, takes; on a board with its serial line."""
        plan, part = plan or self.plan, part or self.part
        return on_board(plan, self.board) if self.board else resources(plan, part)

    @property
    def limits(self) -> list[str]:
        """What of the plan the board can't have, however large its part is; see `boards`."""
        return limits(self.plan) if self.board else []

    def save(self, path: Path | str, *, overwrite: bool = True) -> None:
        """Write the plan as a TOML file, which `design` takes.

        Raises
        ------
        FileExistsError
            Without `overwrite`, where something is there.
        """
        plan_file.save(self.plan, Path(path), overwrite=overwrite)

    def shown(self) -> list[RenderableType]:
        """Return a table with a row a layer, and a sentence."""
        table = grid("layer", "stage", "tiles", "lanes", "banks", "updated", "held", "weights in")
        for number, (stage, shape) in enumerate(
            zip(self.plan.heads, self.plan.shapes, strict=True)
        ):
            for name in stage.names:
                table.add_row(
                    name,
                    str(number),
                    *map(str, (shape.tiles, shape.lanes, shape.banks, shape.update_lanes)),
                    "yes" if name in stage.held else "no",
                    {"block": "block RAM", "spram": "large RAM"}[shape.weight_memory],
                )
        clock = f" at {self.clock_hz / 1e6:.2f} MHz" if self.clock_hz else ""
        times = f", {self.plan.replicas} replicas" if self.plan.replicas > 1 else ""
        loads = ", tables can be loaded" if self.plan.loadable else ""
        words = f"words of {self.plan.word_bits} bits"
        return [table, f"Network {self.tables.name} on {self.where}{clock}, {words}{times}{loads}"]

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it."""
        return {
            "tables": self.tables.sha256,
            "board": self.board.name if self.board else None,
            "part": self.part.name,
            "clock_hz": self.clock_hz,
            "goal": self.goal,
            "plan": plan_file.to_dict(self.plan),
        }


def the_design(value: Any) -> Design:
    """Return a design, or raise `TypeError` with what makes one."""
    if not isinstance(value, Design):
        raise TypeError(
            f"design must be a Design, of somagate.plan or somagate.design, not {kind_of(value)}"
        )
    return value


def design(
    tables: Tables,
    *,
    board: str | None = None,
    part: str | None = None,
    plan: Plan | Design | Path | str | None = None,
    lanes: int | None = None,
    update_lanes: int | None = None,
    word_bits: int | None = None,
    clock_hz: int | None = None,
) -> Design:
    """Return a design whose plan is given: by a plan file, or one stage with so many lanes.

    Parameters
    ----------
    tables
        The network.
    board, part
        What it is for: a board ('icebreaker' where neither is given), or an FPGA by itself.
    plan
        A plan of these tables, a design that has it, or the path of a plan file.
    lanes, update_lanes, word_bits
        Of the one stage, where no plan is given: 16, as many as divide `lanes` up to 4, and what
        suits the board. In a file that doesn't say how wide words are, `word_bits` does.
    clock_hz
        The clock; by default the board's.

    Raises
    ------
    ValueError
        Where a name is unknown, or a number is given beside a plan that has it; the message says
        what would be right.
    PlanFileError, UnsupportedError
        Where the plan file, or the plan, does not fit the tables.
    """
    the_tables(tables)
    chosen, fpga = target(board, part)
    suited = (chosen or suited_board(fpga)).word_bits
    if plan is not None:
        for name, value in (("lanes", lanes), ("update_lanes", update_lanes)):
            if value is not None:
                raise ValueError(f"{name} must be left out where a plan is given, not {value}")
    if isinstance(plan, Design):
        plan = plan.plan
    if isinstance(plan, Plan):
        if plan.tables.sha256 != tables.sha256:
            raise ValueError(
                f"plan must be one of tables {tables.sha256[:12]}, not of "
                f"{plan.tables.sha256[:12]}: save it as a file to lay out other tables by it"
            )
        if word_bits is not None:
            raise ValueError(f"word_bits must be left out where a plan is given, not {word_bits}")
        laid_out = plan
    elif plan is not None:
        laid_out = plan_file.read(
            Path(plan), tables, word_bits=suited if word_bits is None else word_bits
        )
        if word_bits not in (None, laid_out.word_bits):
            raise ValueError(
                f"word_bits must be left out where {plan} says {laid_out.word_bits}, not be "
                f"{word_bits}"
            )
    else:
        lanes = 16 if lanes is None else lanes
        if update_lanes is not None and update_lanes > 0 and lanes % update_lanes:
            raise ValueError(f"update_lanes must divide lanes {lanes}, not be {update_lanes}")
        laid_out = Plan.single(
            tables,
            lanes=lanes,
            update_lanes=gcd(lanes, 4) if update_lanes is None else update_lanes,
            word_bits=suited if word_bits is None else word_bits,
        )
    return Design(plan=laid_out, board=chosen, part=fpga, clock_hz=_clock(clock_hz, chosen))


def plan(
    tables: Tables,
    *,
    board: str | None = None,
    part: str | None = None,
    goal: str | float = "fastest",
    data: Samples | None = None,
    activity: float | None = None,
    clock_hz: int | None = None,
    word_bits: int | None = None,
    loadable: bool = False,
    progress: Callable[[float, int], None] | None = None,
) -> Design:
    """Choose stages, lanes, banks and word width for a board or a part, and a goal.

    Parameters
    ----------
    tables
        The network.
    board, part
        As of `design`.
    goal
        'fastest' for images a second, 'latency' for one image by itself, 'smallest', or so many
        images a second with the smallest plan.
    data
        Samples to count the activity of every channel in, and to count the cycles of plans on.
    activity
        Spikes a neuron and time step where there is no data, 0…1; by default 0.1.
    clock_hz
        The clock; by default the board's.
    word_bits
        Width of a word of the spike maps; searched where it is left out.
    loadable
        Whether other tables can be loaded at run time.
    progress
        Called with the cycles of the best plan so far, and how many plans were compared.

    Raises
    ------
    DoesNotFitError
        Where no plan fits, or none is as fast as wanted.
    ValueError
        Where a name is unknown, or a number is out of range.
    UnsupportedError
        Where the hardware does not support the tables.
    """
    the_tables(tables)
    chosen, fpga = target(board, part)
    clock_hz = _clock(clock_hz, chosen)
    # Before the activity is counted, which takes longer.
    room.refuse(tables, fpga)
    aim = replace(wanted(goal, clock_hz), word_bits=word_bits, loadable=loadable)
    if chosen:
        aim = replace(aim, most_word_bits=WORD_BITS_MAX)
    rates, timing = observed(tables, data, activity)
    choice = choose(
        tables,
        fpga,
        aim,
        rates=rates,
        timing=timing,
        measure=(lambda plan, part: on_board(plan, chosen)) if chosen else resources,
        progress=progress or (lambda cycles, tried: None),
    )
    if chosen and (found := limits(choice.plan)):
        raise ValueError("; ".join(found))
    return Design(plan=choice.plan, board=chosen, part=fpga, clock_hz=clock_hz, goal=str(goal))


def _clock(clock_hz: int | None, board: Board | None) -> int | None:
    """Return the clock that is given, or else the board's."""
    if clock_hz is None:
        return board.clock_hz if board else None
    return integer("clock_hz", clock_hz, 1, MOST_HZ)
