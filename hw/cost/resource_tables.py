"""What a design takes of a part, as tables and as JSON holds it."""

from typing import Any

from rich.table import Table

from ...shown import grid
from ..plan.plan import Plan
from .resources import Resources

KEPT_IN = {
    "block": "block RAM",
    "large": "large RAM",
    "distributed": "look-up tables",
    "logic": "logic",
}


def counts_table(resources: Resources) -> Table:
    """Return how much of the part is used."""
    table = grid("resource", "used", "of", "share")
    for count in resources.counts.values():
        table.add_row(count.name, f"{count.used:,}", f"{count.available:,}", f"{count.share:.0%}")
    return table


def memories_table(plan: Plan, resources: Resources) -> Table:
    """Return what becomes of every memory."""
    stages = len(plan.stages) > 1
    times = resources.replicas > 1
    table = grid("memory", "words", "bits a word", "kept in", "RAMs", *["times"] * times)
    for memory in resources.memories:
        suffix = f"_{memory.stage}" if stages and memory.stage is not None else ""
        table.add_row(
            memory.stored.name + suffix,
            f"{memory.stored.words:,}",
            f"{memory.stored.word_bits:,}",
            KEPT_IN[memory.kind],
            str(memory.block_rams or memory.large_rams),
            *[str(1 if memory.stage is None else resources.replicas)] * times,
        )
    return table


def resources_dict(resources: Resources) -> dict[str, Any]:
    """Return what is used of each resource, by which blocks, and every memory, for JSON."""
    return {
        "resources": {
            name: {"unit": c.name, "used": c.used, "available": c.available, "share": c.share}
            for name, c in resources.counts.items()
        },
        "replicas": resources.replicas,
        "blocks": [
            {
                "stage": number,
                "block": block,
                "logic": round(usage.logic),
                "flip_flops": round(usage.flip_flops),
            }
            for number, blocks in [*enumerate(resources.blocks), (None, resources.outside)]
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
            for memory in resources.memories
        ],
    }
