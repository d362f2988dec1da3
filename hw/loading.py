"""Load other tables into an accelerator that is already built."""

from dataclasses import replace
from typing import Any

import numpy as np

from ..export.layer import Layer
from ..export.tables import Tables
from .config import WORD_BITS, row_words, targets
from .descriptor import Descriptor
from .plan import Plan
from .stage_plan import StagePlan, pack, weight_code


class LoadError(ValueError):
    """The tables do not fit the accelerator; the message says in what."""


def words(plan: Plan, tables: Tables) -> list[int]:
    """Return the words for `Accelerator.config` that make a plan's accelerator run other tables.

    The tables must have the shape of the plan's: the same input, time steps and readout, and in
    every layer the same geometry, widths, reset, leak and store. Channels that are pruned in the
    plan must be pruned in the tables; further ones are skipped at run time: a pruned channel stays
    silent, and a lane group without a channel takes no time.

    Raises
    ------
    LoadError
        Where the plan is not loadable, or the tables differ in shape; the message names the layer
        and what must be equal.
    """
    if not plan.loadable:
        raise LoadError("Plan loadable must be True to load other tables, not False")
    _check(plan, tables)
    layers = tuple(
        replace(layer, channel_mask=laid_out.kept)
        for layer, laid_out in zip(tables.layers, plan.tables.layers, strict=True)
    )
    other = replace(plan, tables=replace(tables, layers=layers))
    found: list[int] = []
    number = 0
    for stage, new in zip(plan.stages, other.stages, strict=True):
        _check_stage(stage, new)
        for target, rows in zip(targets(stage), _images(stage, new, tables), strict=True):
            for address, row in enumerate(rows):
                found += row_words(number, address, row, target.words)
            number += 1
    return found


def _check(plan: Plan, tables: Tables) -> None:
    """Compare what the whole network has."""
    base = plan.tables
    for name in ("steps", "input", "readout"):
        if getattr(tables, name) != getattr(base, name):
            raise LoadError(
                f"Tables {name} must be {getattr(base, name)} as the accelerator has, "
                f"not {getattr(tables, name)}"
            )
    names = [layer.name for layer in base.layers]
    if [layer.name for layer in tables.layers] != names:
        raise LoadError(
            f"Tables layers must be {names} as the accelerator has, "
            f"not {[layer.name for layer in tables.layers]}"
        )
    for layer, new in zip(base.layers, tables.layers, strict=True):
        if len(layer.kept) != len(new.kept):
            raise LoadError(
                f"layer {layer.name}: channels must be {len(layer.kept)} as the accelerator has, "
                f"not {len(new.kept)}"
            )
        extra = np.flatnonzero(new.kept & ~layer.kept)
        if len(extra):
            raise LoadError(
                f"layer {layer.name}: channel {extra[0]} must be pruned as in the accelerator, "
                "which has no memory for it"
            )


def _shape(descriptor: Descriptor, layer: Layer) -> dict[str, Any]:
    """Return what the hardware of a layer depends on."""
    return {
        "channels": descriptor.channels,
        "size": (descriptor.rows, descriptor.columns),
        "pool": layer.pool,
        "synapses": descriptor.sources,
    }


def _check_stage(stage: StagePlan, new: StagePlan) -> None:
    """Compare what the hardware has in each layer, and whether every number fits."""
    for index, (a, b) in enumerate(zip(stage.descriptors, new.descriptors, strict=True)):
        shapes = [
            _shape(a, stage.tables.layers[a.number]) | {"mode": stage.layer_modes[index]},
            _shape(b, new.tables.layers[b.number]) | {"mode": new.layer_modes[index]},
        ]
        for name, value in shapes[0].items():
            if shapes[1][name] != value:
                raise LoadError(
                    f"layer {a.name}: {name} must be {value} as the accelerator has, "
                    f"not {shapes[1][name]}"
                )
    if new.update_bits > stage.update_bits or new.accumulator_bits > stage.accumulator_bits:
        raise LoadError(
            f"layers {', '.join(stage.names)}: sums must fit in {stage.update_bits} bits as the "
            f"accelerator has, not need {new.update_bits}"
        )


def _images(stage: StagePlan, new: StagePlan, tables: Tables) -> list[list[int]]:
    """Return the rows of each memory of a stage, in the order of `config.targets`."""
    images = []
    for bits, rows in new.weights.items():
        code = weight_code(rows, bits)
        for bank in range(stage.banks):
            images.append([pack(row, bits) for row in code[bank :: stage.banks].tolist()])
    parameters = []
    for field in stage.parameters:
        least, most = -(1 << (field.bits - 1)), (1 << (field.bits - 1)) - 1
        low, high = next(
            (f.values.min(), f.values.max()) for f in new.parameters if f.name == field.name
        )
        if low < least or high > most:
            raise LoadError(
                f"layers {', '.join(stage.names)}: {field.name} must be {least}…{most} to fit the "
                f"accelerator, not {low if low < least else high}"
            )
    values = {field.name: field.values for field in new.parameters}
    kept = [tables.layers[d.number].kept[stage.orders[d.name]] for d in stage.descriptors]
    values["keep"] = np.concatenate(
        [
            -((chosen >= 0) & mask[chosen]).astype(np.int64)
            for chosen, mask in zip(
                (d.lane_channels() for d in stage.descriptors), kept, strict=True
            )
        ]
    )
    for row in range(len(values["bias"])):
        word, offset = 0, 0
        for lane in range(stage.update_lanes):
            for field in stage.parameters:
                word |= pack([values[field.name][row, lane]], field.bits) << offset
                offset += field.bits
        parameters.append(word)
    images.append(parameters)
    pruned = [
        int(not mask[first : first + stage.lanes].any())
        for mask in kept
        for first in range(0, len(mask), stage.lanes)
    ]
    groups = [pruned[i : i + WORD_BITS] for i in range(0, len(pruned), WORD_BITS)]
    return [*images, [pack(bits, 1) for bits in groups]]
