"""What a design takes of a part, as tables and as JSON holds it."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from rich.table import Table

from ...shown import grid
from ..plan.plan import Plan
from .placement import PlacedMemory
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


def alike(plan: Plan, resources: Resources) -> Iterator[tuple[str, PlacedMemory, int]]:
    """Yield each memory once that stages have alike: its name with theirs, and how often it is."""
    found: dict[tuple[object, ...], list[PlacedMemory]] = {}
    for memory in resources.memories:
        stored = memory.stored
        key = (stored.name, stored.words, stored.word_bits, memory.kind, memory.block_rams,
               memory.large_rams, memory.stage is None)  # fmt: skip
        found.setdefault(key, []).append(memory)
    for memories in found.values():
        first = memories[0]
        stages = [memory.stage for memory in memories if memory.stage is not None]
        suffix = f"_{_ranges(stages)}" if stages and len(plan.stages) > 1 else ""
        times = resources.replicas * len(stages) if stages else 1
        yield first.stored.name + suffix, first, times


def memories_table(plan: Plan, resources: Resources) -> Table:
    """Return what becomes of every memory; what several stages have alike is one line."""
    found = list(alike(plan, resources))
    times = any(count > 1 for _, _, count in found)
    table = grid("memory", "words", "bits a word", "kept in", "RAMs", *["times"] * times)
    for name, memory, count in found:
        table.add_row(
            name,
            f"{memory.stored.words:,}",
            f"{memory.stored.word_bits:,}",
            KEPT_IN[memory.kind],
            str(memory.block_rams or memory.large_rams),
            *[str(count)] * times,
        )
    return table


def _ranges(numbers: list[int]) -> str:
    """Return rising numbers with those in a row as 'first…last'."""
    told: list[str] = []
    for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        row = [number for _, number in run]
        told.append(f"{row[0]}…{row[-1]}" if len(row) > 1 else f"{row[0]}")
    return ", ".join(told)


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
