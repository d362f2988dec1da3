"""The figures of a point: roughly of all of them, and by following samples of the best."""

import json
from collections.abc import Mapping
from dataclasses import replace
from math import ceil
from typing import Any

from ...boards.estimate import limits
from ...hw.cost.rough_cycles import interval, latency, transfers
from ...hw.plan import plan_file
from ...hw.plan.plan import MAX_REPLICAS, Plan
from ...hw.search.choice import LOGIC_LIMIT, has_room
from ...hw.search.repeat import most_replicas
from ...sim.cycles.predict import predict
from ...sim.cycles.timing import steady
from .draw import FILL, Point
from .setting import Network, Setting, Target

Row = dict[str, Any]
"""A point as the file has it, by column."""
FOLLOWED = 2_000_000
"""Words and chunks an image up to which a plan's samples are followed."""


def rough(setting: Setting, point: Point) -> Row:
    """Return a point's plan, what it takes, and about how many cycles."""
    target, network = setting.targets[point.target], setting.networks[point.network]
    plan = _filled(point.laid_out(network), target, network, point.replicas)
    used, shapes = target.resources(plan), plan.shapes
    counts, reasons = used.counts, [*used.reasons, *(limits(plan) if target.on_board else [])]
    if not reasons and not has_room(used):
        logic = counts["logic"]
        reasons.append(
            f"{logic.used:,} {logic.name} are {logic.share:.0%} of the {target.part.title}'s, "
            f"which can't be placed well beyond {LOGIC_LIMIT:.0%}"
        )
    cycles = interval(plan, network.activity)
    large = counts.get("large_rams")
    return {
        "number": point.number,
        "target": target.name,
        "network": point.network,
        "weight_bits": network.weight_bits,
        "state_bits": network.state_bits,
        "accuracy": network.accuracy,
        "additions_per_image": _additions(plan, network),
        "stages": len(shapes),
        "arrays": plan.replicas * sum(shape.tiles for shape in shapes),
        "adders": plan.replicas * sum(s.tiles * s.lanes * s.banks for s in shapes),
        "word_bits": plan.word_bits,
        "replicas": plan.replicas,
        "plan": json.dumps(plan_file.to_dict(plan), separators=(",", ":")),
        "fits": int(not reasons),
        "why_not": "; ".join(reasons),
        "logic_cells": used.logic,
        "logic_share": used.utilization["logic"],
        "flip_flops": used.flip_flops,
        "block_rams": used.block_rams,
        "block_ram_share": used.utilization["block_rams"],
        "large_rams": large.used if large else 0,
        "rough_cycles_per_image": float(cycles),
        "rough_latency_cycles": float(latency(plan, network.activity)),
    }


def followed(row: Row) -> bool:
    """Return whether a point's cycles are exact; an interrupted run has some that aren't, yet."""
    return row["exact_cycles_per_image"] is not None


def exact(setting: Setting, row: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return a plan's cycles from image to image and of one by itself, or None where too large.

    They are those of the network's few samples, back to back, once the first is through.
    """
    network = setting.networks[row["network"]]
    plan = plan_file.from_dict(json.loads(row["plan"]), network.tables)
    one = replace(plan, replicas=1)
    if transfers(one) > FOLLOWED:
        return None
    told = predict(one, network.trace, network.x)
    return steady(plan, told), float(told.cycles[0])


def _filled(plan: Plan, target: Target, network: Network, replicas: int) -> Plan:
    """Return a plan with as many replicas as wanted, or as there is room for."""
    if replicas != FILL:
        return plan
    # No more than the words of images can come in for.
    most = min(MAX_REPLICAS, max(1, ceil(interval(plan, network.activity) / plan.sample_words)))
    fitting = most_replicas(plan, target.part, target.resources, most=most)
    return replace(plan, replicas=max(1, fitting))


def _additions(plan: Plan, network: Network) -> float:
    """Return the useful additions an image; a layer whose sums are held adds in the first step."""
    held = {name for stage in plan.heads for name in stage.held}
    return sum(
        first if name in held else every for name, (every, first) in network.additions.items()
    )
