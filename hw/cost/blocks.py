"""How large each block of a stage is, in numbers that its logic grows with; see `terms`."""

from ..plan.loadable import WORD_BITS, targets
from ..plan.stage_plan import StagePlan
from . import gather_terms, update_terms
from .memory_mapping import map_memory
from .part import Part
from .terms import Terms, address_bits, bits_of


def stage_blocks(plan: StagePlan, exports: int) -> dict[str, Terms]:
    """Return the terms of a stage's blocks, without its memories; `exports` maps are sent on."""
    found = {
        "sequencer": _sequencer(plan),
        "loader": _loader(plan),
        "walker": gather_terms.walker(plan),
        "fetcher": gather_terms.fetcher(plan),
        "queue": gather_terms.queue(plan),
        "scanner": gather_terms.scanner(plan),
        "array": gather_terms.array(plan),
        "update": update_terms.update(plan),
        "stage": _routes(plan, exports),
    }
    if plan.held:
        found["currents"] = {
            "left": bits_of(plan.held_words),
            "sums": plan.update_lanes * plan.accumulator_bits,
        }
    if exports or any(name in plan.read_maps for name in plan.names):
        found["pool"] = update_terms.pool(plan)
        found["packer"] = update_terms.packer(plan)
    if plan.tables.readout.layer in plan.names:
        found["readout"] = update_terms.readout(plan)
    if plan.weights_load:
        found["configurator"] = _configurator(plan)
    return found


def memory_terms(part: Part, *, width: int, depth: int, written: bool, block: bool) -> Terms:
    """Return the terms of a memory and the register behind it."""
    if not width:
        return {}
    # Nobody needs the old word where one is written while it is read; see `hw.rtl.memory`.
    mapped = map_memory(part, width=width, depth=depth, written=written, block=block, checked=False)
    terms: Terms = {"rows": (mapped.rows - 1) * width}
    if mapped.kind == "logic":
        if written:
            terms = {"written_bits": width * depth, "written_width": width}
        else:
            # What look-up tables of four and of six inputs take for it.
            terms = {f"rom_{size}": width * -(-depth // size) for size in (16, 64)}
            terms["rom_width"] = width
    elif mapped.kind == "distributed":
        terms |= {"luts": mapped.units, "read": width, "rows_read": mapped.rows}
    return terms


def _sequencer(plan: StagePlan) -> Terms:
    steps = bits_of(max(2, plan.tables.steps))
    index = (plan.count - 1).bit_length()
    return {"steps": steps, "index": index, "external": len(plan.external), "layers": plan.count}


def _loader(plan: StagePlan) -> Terms:
    terms = {"address": 0, "place": 0, "planes": 0, "buffers": 0, "one": 0}
    for name in plan.external:
        source = plan.map(name)
        terms["address"] += address_bits(plan)
        terms["place"] += bits_of(max(2, source.plane_words))
        terms["planes"] += (source.planes > 1) * bits_of(source.words)
        terms["buffers"] += plan.map_buffers(name)
        terms["one"] += 1
    return dict(terms)


def _routes(plan: StagePlan, exports: int) -> Terms:
    own = sum(name in plan.read_maps for name in plan.names)
    sources = len(plan.external) + (own > 0)
    groups = sum(d.groups for d in plan.descriptors)
    return {
        "writes": (sources - 1) * plan.word_bits,
        "addresses": (sources - 1) * address_bits(plan),
        "bases": len(plan.map_bases) - 1,
        "exports": exports,
        "groups": groups if plan.loadable else 0,
        "one": 1,
    }


def _configurator(plan: StagePlan) -> Terms:
    memories = targets(plan)
    most = max(target.words for target in memories)
    return {
        "data": most * WORD_BITS,
        "address": max(target.address_bits for target in memories),
        "memories": len(memories),
        "one": 1,
    }
