"""How good the search for a plan is: the fastest one beside random ones that fit the part.

    python -m benchmarks.hardware.search TABLES --data NAME@FOLDER

Random plans draw stages, lanes, banks, update lanes, flags, tiles and words, and take as many
replicas as the part has room for. All of them are compared by the predicted cycles from image to
image of the same samples. It ends with 1 where a random plan is more than 3 % faster than the one
that was chosen.
"""

import argparse
import json
import sys
import time
from dataclasses import replace
from math import ceil, gcd
from pathlib import Path
from typing import Any

import numpy as np
import somagate as sg
from somagate.export.tables import Tables
from somagate.hw.cost.part import PARTS, Part
from somagate.hw.cost.resources import resources
from somagate.hw.plan.plan import MAX_REPLICAS, Plan
from somagate.hw.plan.stage_shape import StageShape
from somagate.hw.plan.support import most_tiles
from somagate.hw.search.choose import choose
from somagate.hw.search.repeat import most_replicas
from somagate.hw.search.wanted import Wanted
from somagate.sim.cycles.timing import TraceTiming
from somagate.sim.golden import golden
from somagate.sim.golden.activity import channel_rates

MARGIN = 1.03
"""The cycles of the chosen plan may be so many times those of the best random one."""


def drawn(tables: Tables, rng: np.random.Generator) -> Plan | None:
    """Return a random plan, or None where the numbers drawn make none."""
    shapes, left = [], len(tables.layers)
    while left:
        layers = int(rng.integers(1, left + 1)) if rng.random() < 0.3 else 1
        first = len(tables.layers) - left
        most = max(int(layer.kept.sum()) for layer in tables.layers[first : first + layers])
        lanes = max(1, ceil(most / int(rng.choice([1, 1, 1, 2, 2, 3, 4, 8]))))
        lanes += lanes % 2
        update = gcd(lanes, int(2 ** rng.integers(0, 6)))
        tiles = int(rng.choice([1, 1, 2, 3, 4])) if layers == 1 else 1
        shape = StageShape(
            layers=layers,
            lanes=lanes,
            update_lanes=update,
            banks=int(2 ** rng.integers(0, 4)),
            flags=int(rng.choice([0, 0, 1, 2])),
            tiles=min(tiles, most_tiles(tables, first)[0]),
        )
        shapes.append(shape)
        left -= layers
    try:
        return Plan(tables=tables, shapes=tuple(shapes), word_bits=int(2 ** rng.integers(3, 9)))
    except ValueError:
        return None


def filled(plan: Plan, part: Part) -> Plan | None:
    """Return a plan with as many replicas as a part has room for."""
    replicas = most_replicas(plan, part, resources, most=MAX_REPLICAS)
    return replace(plan, replicas=replicas) if replicas else None


def compared(tables: Tables, data: Any, part: Part, count: int) -> dict[str, Any]:
    """Return the cycles of the chosen plan, and of the best of random ones."""
    x = data.x
    trace = golden.run(tables, x)
    timing = TraceTiming(tables, trace, x)

    def cycles(plan: Plan) -> float:
        told = timing.interval(replace(plan, replicas=1))
        assert told is not None
        return max(told / plan.replicas, float(plan.sample_words))

    start = time.process_time()
    rates = channel_rates(tables, trace, x)
    chosen = choose(tables, part, Wanted(goal="fastest"), rates=rates, timing=timing)
    seconds = time.process_time() - start
    rng = np.random.default_rng(0)
    found: list[float] = []
    while len(found) < count:
        plan = drawn(tables, rng)
        fits = filled(plan, part) if plan else None
        if fits:
            found.append(cycles(fits))
    return {
        "tables": tables.name,
        "part": part.name,
        "chosen": chosen.cycles,
        "best": min(found),
        "median": float(np.median(found)),
        "random": count,
        "seconds": round(seconds, 1),
    }


def main() -> None:
    """Compare, and print a line or JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tables", type=Path)
    parser.add_argument("--data", required=True, help="four test samples of it are followed")
    parser.add_argument("--part", default="lfe5u-85f", choices=sorted(PARTS))
    parser.add_argument("--count", type=int, default=200, help="random plans (default: 200)")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    tables = sg.load(arguments.tables)
    data = sg.samples(tables, arguments.data, count=4)
    result = compared(tables, data, PARTS[arguments.part], arguments.count)
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        print(
            f"{result['tables']} on {result['part']}: {result['chosen']:,.0f} cycles an image "
            f"chosen in {result['seconds']} s of a processor; best of {result['random']} random "
            f"plans {result['best']:,.0f}, median {result['median']:,.0f}"
        )
    sys.exit(result["chosen"] > MARGIN * result["best"])


if __name__ == "__main__":
    main()
