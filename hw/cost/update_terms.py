"""How large the blocks are that update a layer's neurons and send what they did."""

from ..plan.stage_plan import StagePlan
from .terms import Terms, bits_of, varying


def update(plan: StagePlan) -> Terms:
    """Return the terms of the update."""
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


def pool(plan: StagePlan) -> Terms:
    """Return the terms of the pool."""
    windows = any(d.window != (1, 1) for d in plan.descriptors)
    counts = plan.count_bits
    adds = any(d.counts for d in plan.descriptors)
    return {
        "so_far": plan.lanes * counts * windows,
        "lanes": plan.update_lanes,
        "adds": plan.update_lanes * counts * adds,
    }


def packer(plan: StagePlan) -> Terms:
    """Return the terms of the packer."""
    counts, width = plan.count_bits, plan.update_lanes
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


def readout(plan: StagePlan) -> Terms:
    """Return the terms of the readout."""
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
