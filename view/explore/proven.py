"""The best points proven: their Verilog against golden, and their bitstreams."""

import json
from functools import partial
from pathlib import Path
from typing import Any

from ...boards.build import BuildParameters
from ...boards.build import build as build_for
from ...boards.core import NONE, accelerator_for
from ...boards.flow import BuildError
from ...hw.plan import plan_file
from ...hw.plan.plan import Plan
from ...sim.verify.settings import Setup
from ...sim.verify.verify import verify
from ...workers import Pool
from .figures import Row
from .run import Told, best
from .setting import Setting
from .store import Store

EQUAL, PASSES = "equal", "passes"
"""What `verified` and `built` say where all is well."""


def proven(
    setting: Setting, store: Store, pool: Pool, told: Told, *, verified: int, built: int,
    folder: Path,
) -> None:  # fmt: skip
    """Verify and build the best points of each target, and keep what came of it.

    Parameters
    ----------
    setting, store, pool, told
        As of `run.explored`, which has been through.
    verified, built
        How many of each target; open tools build for all of them where any is built.
    folder
        For the bitstreams, one folder a point.
    """
    rows = store.rows()
    left = [row for row in best(setting, rows, verified) if row["verified"] is None]
    for number, found in enumerate(pool.each(_verified, left, shared=(setting,))):
        store.change({left[number]["number"]: found})
        told("points verified", number + 1, len(left))
    left = [row for row in best(setting, rows, built) if row["built"] is None]
    make = partial(_built, folder=folder)
    for number, found in enumerate(pool.each(make, left, shared=(setting,))):
        store.change({left[number]["number"]: found})
        told("points built", number + 1, len(left))


def bitstream(row: Row) -> str:
    """Return what came of building a point, as a table says it: a clock, or what is wrong."""
    if row["built"] != PASSES:
        return str(row["built"] or "–")
    return f"{row['fmax_mhz']:.1f} MHz"


def plan_of(setting: Setting, row: Row) -> Plan:
    """Return the plan of a point."""
    tables = setting.networks[row["network"]].tables
    return plan_file.from_dict(json.loads(row["plan"]), tables)


def _verified(setting: Setting, row: Row) -> Row:
    verdict = verify(plan_of(setting, row), setting.proof, setup=Setup(workers=1), predict=0)
    return {
        "verified": EQUAL if verdict.equal else verdict.summary,
        "verified_samples": verdict.samples,
        "verified_cycles_per_image": verdict.cycles_per_sample,
    }


def _built(setting: Setting, row: Row, *, folder: Path) -> Row:
    target = next(one for one in setting.targets if one.name == row["target"])
    board: Any = target.board
    accelerator = accelerator_for(plan_of(setting, row), NONE)
    parameters = BuildParameters(clock_hz=target.clock_hz)
    try:
        report = build_for(accelerator, board, folder / str(row["number"]), parameters)
    except BuildError as error:
        return {"built": " ".join(str(error).split())[:500]}
    slow = f"the slowest path allows {report.fmax_hz / 1e6:.2f} MHz"
    return {
        "built": PASSES if report.passed else slow,
        "fmax_mhz": round(report.fmax_hz / 1e6, 2),
    }
