"""How much of a part a plan takes, before any synthesis.

Block RAMs are counted as yosys counts them, memory by memory. Logic and flip-flops are sums of
terms, such as the bits of an adder, times coefficients of the part's family; `blocks` has the
terms, `coefficients` the fit, and `benchmarks/resources.py` makes it anew.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Protocol
from weakref import WeakKeyDictionary

from ...export.tables import Tables
from ..plan.loadable import IDENTITY
from ..plan.plan import Plan
from ..plan.stage_plan import StagePlan
from ..plan.terms import Terms
from ..rtl.dealing import Broadcast, Collector, Dealer
from ..rtl.pipeline import memories as loaded
from .blocks import memory_terms, stage_blocks
from .coefficients import Cells, cells
from .memories import StoredMemory, stored_memories
from .part import Part
from .placement import PlacedMemory, large_rows, place


@dataclass(frozen=True, kw_only=True)
class Count:
    """How much of a resource is used.

    Attributes
    ----------
    name
        Of the resource, in the plural, as a sentence has it.
    used, available
        How many.
    """

    name: str
    used: int
    available: int

    @property
    def share(self) -> float:
        """Used over available."""
        return self.used / self.available if self.available else float(self.used > 0)

    @property
    def fits(self) -> bool:
        """Whether there are enough."""
        return self.used <= self.available


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What a plan takes of a part.

    Attributes
    ----------
    part
        The part.
    blocks
        Of each stage of one replica, each block by its name; 'memory' is what surrounds all of its
        memories.
    memories
        All of them, in the order of the memory map; those of the stages are of one replica.
    board
        What a board adds to the accelerator.
    replicas
        How often stages are there, and their memories.
    shared
        What several replicas have together, each block by its name.
    """

    part: Part
    blocks: tuple[Mapping[str, Cells], ...]
    memories: tuple[PlacedMemory, ...]
    board: Cells = Cells(logic=0, flip_flops=0)
    replicas: int = 1
    shared: Mapping[str, Cells] = field(default_factory=dict)

    @cached_property
    def counts(self) -> dict[str, Count]:
        """Each resource by its name, 'logic', 'flip_flops', 'block_rams', 'large_rams'.

        The last is there where a part has any.
        """
        part, replicas = self.part, self.replicas
        usages = [(self.board, 1), *((usage, 1) for usage in self.shared.values())]
        usages += [(usage, replicas) for stage in self.blocks for usage in stage.values()]
        logic = round(sum(usage.logic * times for usage, times in usages))
        flip_flops = round(sum(usage.flip_flops * times for usage, times in usages))
        memories = [(m, 1 if m.stage is None else replicas) for m in self.memories]
        block_rams = sum(memory.block_rams * times for memory, times in memories)
        large_rams = sum(memory.large_rams * times for memory, times in memories)
        large = Count(name="large RAMs", used=large_rams, available=part.large_rams[0])
        return {
            "logic": Count(name=part.logic, used=logic, available=part.logic_cells),
            "flip_flops": Count(name="flip-flops", used=flip_flops, available=part.flip_flops),
            "block_rams": Count(name="block RAMs", used=block_rams, available=part.block_rams),
            **({"large_rams": large} if part.large_rams[0] else {}),
        }

    @property
    def outside(self) -> dict[str, Cells]:
        """What there is once, each block by its name."""
        return {**self.shared, "board": self.board}

    @property
    def logic(self) -> int:
        """Logic cells or look-up tables, whatever the part counts."""
        return self.counts["logic"].used

    @property
    def flip_flops(self) -> int:
        """Flip-flops."""
        return self.counts["flip_flops"].used

    @property
    def block_rams(self) -> int:
        """Block RAMs of the part's size."""
        return self.counts["block_rams"].used

    @property
    def fits(self) -> bool:
        """Whether the part has enough of everything."""
        return all(count.fits for count in self.counts.values())

    @property
    def utilization(self) -> dict[str, float]:
        """The share of each resource that is used."""
        return {name: count.share for name, count in self.counts.items()}

    @property
    def reasons(self) -> list[str]:
        """A sentence for each resource of which the part has too little."""
        found = []
        for count in self.counts.values():
            if not count.fits:
                found.append(
                    f"{count.used:,} {count.name} are needed, but the {self.part.title} has "
                    f"{count.available:,}"
                )
        return found


_IDENTITY = StoredMemory(
    name="identity",
    words=2 * IDENTITY.depth,
    word_bits=IDENTITY.width,
    width=IDENTITY.width,
    written=True,
)
"""The hashes of the accelerator's shape, and of the tables that were loaded."""


_NOTHING = Cells(logic=0, flip_flops=0)


class Staged(Protocol):
    """A plan, as far as it matters here."""

    @property
    def stages(self) -> tuple[StagePlan, ...]:
        """The stages in order."""


def _configurable(plan: Staged) -> bool:
    """Return whether the accelerator has a configuration stream; see `Plan.configurable`."""
    return any(stage.weights_load for stage in plan.stages)


def shared_terms(plan: Staged) -> dict[str, Terms]:
    """Return the terms of what several replicas have together; nothing, of a plan with one."""
    if not isinstance(plan, Plan) or plan.replicas == 1:
        return {}
    found = {"dealer": Dealer.terms(plan), "collector": Collector.terms(plan)}
    if _configurable(plan):
        found["broadcast"] = Broadcast.terms(plan, loaded(plan))
    return found


def terms(plan: Staged, part: Part) -> Iterator[dict[str, Terms]]:
    """Yield the terms of each stage's blocks; those of all memories are under 'memory'.

    What the accelerator has once is with the first stage, and with a stage what loads it.
    """
    for stage, exports in _exports(plan):
        yield _stage_terms(stage, exports, part, _has_identity(plan, stage))


def _exports(plan: Staged) -> Iterator[tuple[StagePlan, int]]:
    """Yield each stage, and how many of its maps later ones read."""
    for stage in plan.stages:
        read = {
            name for other in plan.stages if other.first > stage.first for name in other.external
        }
        yield stage, sum(name in read for name in stage.names)


def _has_identity(plan: Staged, stage: StagePlan) -> bool:
    """Return whether the hashes, which the accelerator has once, are counted with a stage."""
    return stage is plan.stages[0] and _configurable(plan)


def _stage_terms(stage: StagePlan, exports: int, part: Part, identity: bool) -> dict[str, Terms]:
    """Return the terms of a stage's blocks and of its memories."""
    found = stage_blocks(stage, exports)
    memory: Terms = {}
    for stored in (*stored_memories(stage), *[_IDENTITY] * identity):
        of_weights = stored.name.startswith("weights")
        rows = large_rows(stored, part)
        for width in stored.slices:
            values = (
                {"rows": (rows - 1) * width}
                if rows
                else memory_terms(
                    part,
                    width=width,
                    depth=stored.words,
                    written=stored.written,
                    block=stored.block,
                )
            )
            for name, value in values.items():
                # What joins the rows of a weight memory ends in the array's registers.
                block = found["array"] if of_weights and name == "rows" else memory
                block[name] = block.get(name, 0) + value
        if not of_weights:
            memory["out"] = memory.get("out", 0) + stored.width
    found["memory"] = memory
    return found


class _StageCost(NamedTuple):
    """What a stage takes."""

    cells: dict[str, Cells]
    memories: list[StoredMemory]


_KNOWN: WeakKeyDictionary[Tables, dict[tuple[object, ...], _StageCost]] = WeakKeyDictionary()
"""What stages take that were looked at before: a search looks at a stage in many plans."""


def _stage_cost(stage: StagePlan, exports: int, part: Part, identity: bool) -> _StageCost:
    """Return what a stage takes, as it was found before where it is known."""
    orders = [(name, order.tobytes()) for name, order in sorted(stage.orders.items())]
    key = (
        *(part, exports, identity, stage.first, stage.shape, stage.tile, stage.loadable),
        *(stage.word_bits, stage.pad, *sorted(stage.buffers.items()), *orders),
    )
    known = _KNOWN.setdefault(stage.tables, {})
    if key not in known:
        found = _stage_terms(stage, exports, part, identity)
        known[key] = _StageCost(
            {block: cells(part.family, block, values) for block, values in found.items()},
            stored_memories(stage),
        )
    return known[key]


def resources(plan: Staged, part: Part) -> Resources:
    """Return what a plan takes of a part. Fast: nothing is packed or generated.

    Raises
    ------
    MissingCoefficientError
        Where a term of the plan's blocks was never fitted.
    """
    blocks: list[Mapping[str, Cells]] = []
    memories: list[PlacedMemory] = []
    replicas = plan.replicas if isinstance(plan, Plan) else 1
    shared = {
        block: cells(part.family, block, values) for block, values in shared_terms(plan).items()
    }
    for number, (stage, exports) in enumerate(_exports(plan)):
        found = _stage_cost(stage, exports, part, _has_identity(plan, stage))
        mine = dict(found.cells)
        if replicas > 1 and "configurator" in mine:
            known, more = shared.get("configurator", _NOTHING), mine.pop("configurator")
            shared["configurator"] = Cells(
                logic=known.logic + more.logic, flip_flops=known.flip_flops + more.flip_flops
            )
        blocks.append(mine)
        memories += [place(number, stored, part) for stored in found.memories]
    if _configurable(plan):
        memories.append(place(None, _IDENTITY, part))
    placed = tuple(memory for memory in memories if memory.stored.width)
    return Resources(
        part=part, blocks=tuple(blocks), memories=placed, replicas=replicas, shared=shared
    )
