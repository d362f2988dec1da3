"""Images a second, and useful additions a cycle, against the share of the chip.

    python -m benchmarks.chip FOLDER

For four networks of `examples/` and three parts it asks `somagate plan` for plans from the smallest
to the fastest, and predicts their cycles, exactly, on test samples; FOLDER holds `mnist` and
`fashion_mnist`. It writes chip.md, chip.json and two pictures, and goes on where it was
interrupted. A plan takes up to a minute.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import somagate
import somagate.hw
import somagate.sim
from somagate.hw.cost.part import PARTS
from somagate.hw.search.room import DoesNotFitError

from benchmarks.chip.report import NETWORKS, PART_CLOCKS, pictures, report
from benchmarks.lib import output

RATES = (1 / 256, 1 / 64, 1 / 16, 1 / 4)
"""Of the fastest plan's images a second, those that are asked for too."""
SAMPLES = 4


def planned(network: str, part: str, goal: str, folder: Path) -> dict[str, Any] | None:
    """Return what a plan takes and does, or None where none fits."""
    tables = somagate.load(Path("examples") / f"{network}.safetensors")
    data = somagate.samples(tables, NETWORKS[network].format(folder), count=SAMPLES)
    clock_hz = PART_CLOCKS[part]
    try:
        design = somagate.plan(tables, part=part, goal=goal, data=data, clock_hz=clock_hz)
    except DoesNotFitError:
        return None
    found = somagate.estimate(design, data)
    additions = sum(row["additions"] for row in found.layers) / SAMPLES
    shares = found.resources.utilization
    # From one image to the next, as four images by themselves are mostly the filling of the stages.
    assert found.interval is not None
    per_second = clock_hz / found.interval
    return {
        "goal": goal,
        "per_second": per_second,
        "additions": additions * per_second / clock_hz,
        "logic": shares["logic"],
        "block_rams": shares["block_rams"],
        "plan": design.to_dict()["plan"],
    }


def measured(network: str, part: str, folder: Path, kept: output.Kept) -> list[dict[str, Any]]:
    """Return the plans of a network on a part, from the smallest to the fastest."""

    def one(goal: str) -> dict[str, Any] | None:
        of = {"network": network, "part": part, "goal": goal}
        found: dict[str, Any] | None = kept.get(
            "plan", of, lambda: planned(network, part, goal, folder)
        )
        return found

    fastest = one("fastest")
    if fastest is None:
        return []
    rates = [f"{fastest['per_second'] * share:.0f}" for share in RATES]
    plans = [one(goal) for goal in ("smallest", *rates)]
    return sorted([*filter(None, plans), fastest], key=lambda plan: plan["per_second"])


def main() -> None:
    """Measure, and write the table and the pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="of the folders mnist and fashion_mnist")
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/chip"))
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    arguments = parser.parse_args()
    kept = output.Kept(
        arguments.out / "kept",
        output.sources(somagate.hw, somagate.sim, sys.modules[__name__]),
    )
    result = {
        network: {
            part: measured(network, part, arguments.folder, kept)
            for part in PARTS
            if part in PART_CLOCKS
        }
        for network in NETWORKS
    }
    output.write(arguments.out, "chip", result, report(result), as_json=arguments.json)
    pictures(arguments.out, result)


if __name__ == "__main__":
    main()
