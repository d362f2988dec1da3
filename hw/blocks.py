"""How large each block of a stage is, in numbers that its logic grows with.

A term is a width, or a count of widths: an adder of n bits is n, a multiplexer of m inputs of n
bits (m − 1) · n. `somagate.hw.resources` multiplies terms with coefficients of the part's family,
which were fitted to real syntheses.
"""

from collections.abc import Iterable
from typing import Any

from .config import WORD_BITS, targets
from .mapping import map_memory
from .part import Part
from .stage_plan import StagePlan
from .stored import used_lanes
from .walker import LOOPS, WalkLayout

Terms = dict[str, float]


def bits_of(count: int) -> int:
    """Return the width of a number below `count`."""
    return max(1, (count - 1).bit_length())


def varying(values: Iterable[dict[str, Any]]) -> int:
    """Return how many bits of some layers' numbers differ from layer to layer."""
    columns: dict[tuple[str, int], list[int]] = {}
    for value in values:
        for name, number in value.items():
            numbers = number if isinstance(number, list) else [number]
            for index, n in enumerate(numbers):
                columns.setdefault((name, index), []).append(int(n))
    found = 0
    for column in columns.values():
        same = column[0]
        change = 0
        for n in column:
            change |= n ^ same
        found += (change if change >= 0 else ~change).bit_count()
    return found


def stage_blocks(plan: StagePlan, exports: int) -> dict[str, Terms]:
    """Return the terms of a stage's blocks, without its memories; `exports` maps are sent on."""
    found = {
        "sequencer": _sequencer(plan),
        "loader": _loader(plan),
        "walker": _walker(plan),
        "fetcher": _fetcher(plan),
        "queue": _queue(plan),
        "scanner": _scanner(plan),
        "array": _array(plan),
        "update": _update(plan),
        "stage": _routes(plan, exports),
    }
    if plan.held:
        found["currents"] = {"left": bits_of(plan.held_words), "sums": _sum_bits(plan)}
    if exports or any(name in plan.read_maps for name in plan.names):
        found["pool"] = _pool(plan)
        found["packer"] = _packer(plan)
    if plan.tables.readout.layer in plan.names:
        found["readout"] = _readout(plan)
    if plan.loadable:
        found["configurator"] = _configurator(plan)
    return found


def memory_terms(part: Part, *, width: int, depth: int, written: bool, block: bool) -> Terms:
    """Return the terms of a memory and the register behind it."""
    if not width:
        return {}
    # Nobody needs the old word where one is written while it is read; see `hw.memory`.
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


def _sum_bits(plan: StagePlan) -> int:
    return plan.update_lanes * plan.accumulator_bits


def _counts(plan: StagePlan) -> int:
    """Return the width of the widest count that the layers send."""
    return max(plan.map(name).planes for name in plan.names)


def _planes(plan: StagePlan) -> int:
    return max(descriptor.planes for descriptor in plan.descriptors)


def _fields(plan: StagePlan) -> int:
    """Return the bits that a word or an event has beside its row and its bits."""
    signed = any(s.map.activation.signed for d in plan.descriptors for s in d.sources)
    return (len(plan.weight_depths) - 1).bit_length() + signed + (_planes(plan) > 1) + 1


def _address_bits(plan: StagePlan) -> int:
    return bits_of(plan.map_words)


def _sequencer(plan: StagePlan) -> Terms:
    steps = bits_of(max(2, plan.tables.steps))
    index = (plan.count - 1).bit_length()
    return {"steps": steps, "index": index, "external": len(plan.external), "layers": plan.count}


def _loader(plan: StagePlan) -> Terms:
    terms = {"address": 0, "place": 0, "planes": 0, "buffers": 0, "one": 0}
    for name in plan.external:
        source = plan.map(name)
        terms["address"] += _address_bits(plan)
        terms["place"] += bits_of(max(2, source.plane_words))
        terms["planes"] += (source.planes > 1) * bits_of(source.words)
        terms["buffers"] += plan.map_buffers(name)
        terms["one"] += 1
    return dict(terms)


def _walker(plan: StagePlan) -> Terms:
    layers = [WalkLayout.layer_values(d) for d in plan.descriptors]
    sources = [[WalkLayout.source_values(plan, d, s) for s in d.sources] for d in plan.descriptors]
    flat = [source for some in sources for source in some]
    word = max(max(abs(s["first_word"]), s["plane_words"]) for s in flat).bit_length() + 3
    bit = max(max(abs(s["first_bit"]), s["row_bits"], s["segment_bits"]) for s in flat)
    widths = {"words": word, "bits": bit.bit_length() + 3, "weight_rows": plan.word_row_bits}
    counts = [max(layer[name] for layer in layers) for name in LOOPS[3:]]
    counts += [max(s[name] for s in flat) for name in LOOPS[:2]]
    active = 0
    steps = 0
    for name, width in widths.items():
        values = set()
        for layer, some in zip(layers, sources, strict=True):
            for s in some:
                limits = {"kernel_columns": s["kernel_columns"], "kernel_rows": s["kernel_rows"]}
                limits |= {"planes": layer["planes"], **{n: layer[n] for n in LOOPS[3:]}}
                values |= {s[name][i] for i, n in enumerate(LOOPS) if limits[n] or i == 7}
        steps += width * (len(values) - 1)
        active = max(active, len(values))
    most = max(len(some) for some in sources)
    place = sum(widths.values())
    return {
        "place": place,
        "address": _address_bits(plan),
        "bit": widths["bits"],
        "word": word,
        "row": plan.word_row_bits,
        "counts": sum(count.bit_length() for count in counts),
        "steps": steps,
        "varying": varying(layers) + sum(
            varying(some[i] for some in sources if i < len(some)) for i in range(most)
        ),
        "sources": (most - 1) * place,
        "planes": bits_of(_planes(plan)) if _planes(plan) > 1 else 0,
        "skips": plan.most_groups if plan.loadable else 0,
        "one": 1,
    }  # fmt: skip


def _fetcher(plan: StagePlan) -> Terms:
    grains = plan.word_bits // plan.grain
    widest = max(plan.map(name).row_words for name in plan.read_maps)
    fields = plan.word_row_bits + _fields(plan)
    return {
        # A comparison with a constant is cheap while both numbers fit one look-up table.
        "mask": grains * (grains > 1),
        "mask_5": grains * (grains == 32),
        "mask_6": grains * (grains > 32),
        "bits": plan.word_bits,
        "address": _address_bits(plan),
        "words": bits_of(widest) * (widest > 1),
        "row": plan.word_row_bits,
        "fields": plan.banks * fields,
        "spread": plan.banks if plan.banks > 1 else 0,
        "one": 1,
    }


def _queue(plan: StagePlan) -> Terms:
    fields = plan.word_row_bits + _fields(plan)
    pooled = plan.update_lanes * _counts(plan) + 2
    return {
        "word": plan.word_bits + plan.banks * fields,
        "pooled": pooled,
        "banks": plan.banks,
        "one": 1,
    }


def _scanner(plan: StagePlan) -> Terms:
    size = plan.word_bits // plan.banks
    parts = max(1, size // 4)
    exact = plan.row_grain == plan.word_bits
    return {
        "bits": plan.word_bits,
        "number": plan.banks * parts * (parts - 1).bit_length(),
        "row": plan.banks * plan.word_row_bits,
        "add": 0 if exact else plan.banks * plan.weight_row_bits,
        "fields": plan.banks * _fields(plan),
        "banks": plan.banks,
    }


def _array(plan: StagePlan) -> Terms:
    banks = [used_lanes(plan, bank) for bank in range(plan.banks)]
    lanes, bits, width = sum(banks), plan.accumulator_bits, plan.update_lanes
    weight = max(plan.weight_depths)
    signed = any(s.map.activation.signed for d in plan.descriptors for s in d.sources)
    busy = sum(used > 0 for used in banks)
    chosen = sum(min(used, width) for used in banks)
    return {
        "row": lanes * weight,
        "add": lanes * bits,
        "double": lanes * bits * (_planes(plan) > 1),
        "negate": lanes * weight * signed,
        "widths": lanes * weight * (len(plan.weight_depths) - 1),
        "lanes": lanes,
        "choose": bits * (lanes - chosen),
        "chosen": bits * chosen,
        "muxed": bits * chosen * (plan.lanes > width),
        "sum": bits * width * (busy - 1),
        "summed": bits * width * (plan.banks > 1),
        "banks": plan.banks,
    }


def _update(plan: StagePlan) -> Terms:
    width, bits = plan.update_lanes, plan.update_bits
    fields = {field.name: field.bits for field in plan.parameters}
    terms: Terms = dict.fromkeys(
        ("leak", "product", "subtract", "store", "dropped", "ternary", "loaded"), 0.0
    )
    for mode in plan.modes:
        state = mode.bits + mode.shift if mode.shift is not None else fields.get("level", 0)
        terms["loaded"] += width * state
        inside = state if mode.leak_at == "load" else bits
        if mode.leak_at != "never":
            if mode.leak_multiplier is None:
                terms["product"] += width * inside * fields["multiplier"]
            else:
                ones = mode.leak_multiplier.bit_count()
                wide = inside + mode.leak_multiplier.bit_length()
                terms["leak"] += width * max(0, ones - 1) * wide
        if mode.reset == "subtract":
            terms["subtract"] += width * bits
        if mode.shift is None:
            terms["ternary"] += width * bits
        else:
            dropped = max(0, bits - mode.shift - mode.bits)
            terms["store"] += width * mode.bits * bool(dropped)
            terms["dropped"] += width * dropped
    layers = [_update_values(plan, index) for index in range(plan.count)]
    counters = {name: max(layer[name] for layer in layers) for name in layers[0]}
    depths = [bits_of(max(2, depth)) for depth in plan.state_words.values()]
    late = sum(n for name, n in fields.items() if name not in ("bias", "level"))
    late += any(mode.mask_negative for mode in plan.modes)
    return terms | {
        "u": width * bits,
        "sum": width * plan.accumulator_bits,
        "bias": width * fields["bias"],
        "late": width * late,
        "modes": width * bits * (len(plan.modes) - 1),
        "lanes": width,
        "keep": width * plan.loadable,
        "counters": sum(count.bit_length() for count in counters.values()),
        "varying": varying(layers),
        "parameters": bits_of(max(2, sum(d.chunks for d in plan.descriptors))),
        "potentials": sum(depths),
        "memories": len(depths),
        "one": 1,
    }


def _update_values(plan: StagePlan, index: int) -> dict[str, int]:
    d = plan.descriptors[index]
    return {
        "rows": d.rows - 1,
        "columns": d.columns - 1,
        "groups": d.groups - 1,
        "window": d.window[0] * d.window[1] - 1,
        "chunk": plan.lanes // plan.update_lanes - 1,
    }


def _pool(plan: StagePlan) -> Terms:
    windows = any(d.window != (1, 1) for d in plan.descriptors)
    counts = _counts(plan)
    adds = any(d.counts for d in plan.descriptors)
    return {
        "so_far": plan.lanes * counts * windows,
        "lanes": plan.update_lanes,
        "adds": plan.update_lanes * counts * adds,
    }


def _packer(plan: StagePlan) -> Terms:
    counts, width = _counts(plan), plan.update_lanes
    mapped = [plan.map(name) for name in plan.names]
    gaps = any(plan.has_gaps(name) for name in plan.names)
    words = max(m.words for m in mapped)
    return {
        "filling": plan.word_bits * counts,
        "slots": bits_of(plan.word_bits // width),
        "place": bits_of(words),
        "join": width * counts * gaps,
        "shift": width * counts * gaps * (width - 1).bit_length(),
        "joiner": gaps,
        "pad": gaps * plan.pad.bit_length() * (plan.pad > 1),
        "one": 1,
    }


def _readout(plan: StagePlan) -> Terms:
    bits, width = plan.readout_bits, plan.update_lanes
    counted = plan.tables.readout.kind == "count"
    turns = -(-plan.classes // width)
    return {
        "values": width * bits,
        "bits": bits,
        "index": bits_of(plan.classes),
        "ring": counted * turns * width * (bits - 1),
        "one": 1,
    }


def _routes(plan: StagePlan, exports: int) -> Terms:
    own = sum(name in plan.read_maps for name in plan.names)
    sources = len(plan.external) + (own > 0)
    groups = sum(d.groups for d in plan.descriptors)
    return {
        "writes": (sources - 1) * plan.word_bits,
        "addresses": (sources - 1) * _address_bits(plan),
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
