"""How large the blocks are that gather a layer's sums, from the walker to the array."""

from ..plan.stage_plan import StagePlan
from ..rtl.gather.walk_layout import LOOPS, WalkLayout
from .memories import used_lanes
from .terms import Terms, address_bits, bits_of, field_bits, most_planes, varying


def walker(plan: StagePlan) -> Terms:
    """Return the terms of the walker."""
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
        "address": address_bits(plan),
        "bit": widths["bits"],
        "word": word,
        "row": plan.word_row_bits,
        "counts": sum(count.bit_length() for count in counts),
        "steps": steps,
        "varying": varying(layers) + sum(
            varying(some[i] for some in sources if i < len(some)) for i in range(most)
        ),
        "sources": (most - 1) * place,
        "planes": bits_of(most_planes(plan)) if most_planes(plan) > 1 else 0,
        "skips": plan.most_groups if plan.loadable else 0,
        "one": 1,
    }  # fmt: skip


def fetcher(plan: StagePlan) -> Terms:
    """Return the terms of the fetcher."""
    grains = plan.word_bits // plan.grain
    widest = max(plan.map(name).row_words for name in plan.read_maps)
    fields = plan.word_row_bits + field_bits(plan)
    return {
        # A comparison with a constant is cheap while both numbers fit one look-up table.
        "mask": grains * (grains > 1),
        "mask_5": grains * (grains == 32),
        "mask_6": grains * (grains > 32),
        "bits": plan.word_bits,
        "address": address_bits(plan),
        "words": bits_of(widest) * (widest > 1),
        "row": plan.word_row_bits,
        "fields": plan.banks * fields,
        "spread": plan.banks if plan.banks > 1 else 0,
        "one": 1,
    }


def queue(plan: StagePlan) -> Terms:
    """Return the terms of the queues of words and of pooled maps."""
    fields = plan.word_row_bits + field_bits(plan)
    pooled = plan.update_lanes * plan.count_bits + 2
    return {
        "word": plan.word_bits + plan.banks * fields,
        "pooled": pooled,
        "banks": plan.banks,
        "one": 1,
    }


def scanner(plan: StagePlan) -> Terms:
    """Return the terms of the scanner."""
    size = plan.word_bits // plan.banks
    parts = max(1, size // 4)
    exact = plan.row_grain == plan.word_bits
    return {
        "bits": plan.word_bits,
        "number": plan.banks * parts * (parts - 1).bit_length(),
        "row": plan.banks * plan.word_row_bits,
        "add": 0 if exact else plan.banks * plan.weight_row_bits,
        "fields": plan.banks * field_bits(plan),
        "banks": plan.banks,
    }


def array(plan: StagePlan) -> Terms:
    """Return the terms of the array of all banks."""
    banks = [used_lanes(plan, bank) for bank in range(plan.banks)]
    lanes, bits, width = sum(banks), plan.accumulator_bits, plan.update_lanes
    weight = max(plan.weight_depths)
    signed = any(s.map.activation.signed for d in plan.descriptors for s in d.sources)
    busy = sum(used > 0 for used in banks)
    chosen = sum(min(used, width) for used in banks)
    return {
        "row": lanes * weight,
        "add": lanes * bits,
        "double": lanes * bits * (most_planes(plan) > 1),
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
