"""Load other tables into an accelerator that is already built."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...export.tables import Tables, signed_bits
from . import parameters
from .embed import MismatchError, embed, unchanged
from .loadable import IDENTITY, WORD_BITS, memory_words, targets
from .memories import memories
from .plan import Plan
from .stage_plan import StagePlan
from .support import UnsupportedError, refuse
from .weight_rows import pack


class LoadError(ValueError):
    """The tables do not fit the accelerator; the message says in what."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Load:
    """Tables as an accelerator takes them.

    Attributes
    ----------
    words
        For `Accelerator.config`.
    plan
        What the accelerator then runs: the plan it was built from, with other tables in its shape.
    tables
        The tables in the accelerator's shape; what is missing there is pruned.
    slots
        As of `somagate.hw.plan.embed.Embedding`.
    """

    words: list[int]
    plan: Plan
    tables: Tables
    slots: dict[str, NDArray[np.int64]]


def load(plan: Plan, tables: Tables) -> Load:
    """Lay out tables for an accelerator that was built from a plan.

    They may have the shape of the plan's tables or a smaller one: fewer channels, narrower weights,
    fewer time steps; see `embed`. The input's shape, geometry, reset, leak, store and mask of
    negative potentials must be equal. A channel that is missing or pruned stays silent, and a lane
    group without a channel takes no time. The plan's own tables stay as they are laid out; a plan
    that is not loadable takes no others, if it takes any.

    Raises
    ------
    LoadError
        Where they don't fit; the message has both tables' hashes, names the layer, what it must be
        and what it is.
    """
    try:
        return _load(plan, tables)
    except (MismatchError, UnsupportedError) as error:
        raise LoadError(
            f"tables {tables.sha256[:12]} do not fit the accelerator of {plan.tables.sha256[:12]}: "
            f"{error}"
        ) from None


def words(plan: Plan, tables: Tables) -> list[int]:
    """Return the words for `Accelerator.config` that make it run other tables; see `load`.

    The last memory is the tables' SHA-256.

    Raises
    ------
    LoadError
        Where the tables don't fit the plan.
    """
    return load(plan, tables).words


def _load(plan: Plan, tables: Tables) -> Load:
    if not plan.configurable:
        raise MismatchError("Plan loadable must be True to load tables, not False")
    if not plan.loadable and tables.sha256 != plan.tables.sha256:
        raise MismatchError("Plan loadable must be True to load other tables than its own")
    refuse(tables)
    own = tables.sha256 == plan.tables.sha256
    embedding = unchanged(plan.tables) if own else embed(plan.tables, tables, plan.channels)
    other = plan if own else _laid_out(plan, embedding.tables)
    found: list[int] = []
    number = 0
    for stage, new in zip(plan.stages, other.stages, strict=True):
        if plan.loadable:
            _check_stage(stage, new)
        images = _images(stage, new, embedding.tables)
        for target in targets(stage):
            found += memory_words(number, target, images[target.name])
            number += 1
    found += memory_words(number, IDENTITY, list(bytes.fromhex(tables.sha256)))
    return Load(words=found, plan=other, tables=embedding.tables, slots=embedding.slots)


def _laid_out(plan: Plan, embedded: Tables) -> Plan:
    """Return the plan with other tables in its shape, where it has all the channels of its own."""
    layers = tuple(
        replace(layer, channel_mask=laid_out.kept)
        for layer, laid_out in zip(embedded.layers, plan.tables.layers, strict=True)
    )
    return replace(plan, tables=replace(embedded, layers=layers))


def _check_stage(stage: StagePlan, new: StagePlan) -> None:
    """Compare what the hardware does in each layer, and whether every number fits."""
    for name, mode, other in zip(stage.names, stage.layer_modes, new.layer_modes, strict=True):
        if mode != other:
            raise MismatchError(f"layer {name}: mode must be {mode}, not {other}")
    for bits, needed in (
        (stage.accumulator_bits, max(map(new.tables.accumulator_bits, new.names))),
        (stage.bounds.sum_bits, max(signed_bits(*_extremes(new, name)) for name in new.names)),
        (stage.update_bits, signed_bits(*new.bounds.reached)),
    ):
        if needed > bits:
            raise MismatchError(
                f"layers {', '.join(stage.names)}: sums must fit in {bits} bits, not need {needed}"
            )


def _extremes(stage: StagePlan, name: str) -> tuple[int, int]:
    """Return the smallest and the largest sum that a layer's update takes."""
    low, high = stage.tables.sum_bounds(name)
    return int(low.min()), int(high.max())


def _images(stage: StagePlan, new: StagePlan, tables: Tables) -> dict[str, list[int]]:
    """Return the rows of each memory of a stage, by its name among `loadable.targets`."""
    images = {
        memory.name: memory.contents()
        for memory in memories(new)
        if memory.filled == "load" and memory.contents
    }
    if not stage.loadable:
        return images
    for field in stage.parameters:
        least, most = -(1 << (field.bits - 1)), (1 << (field.bits - 1)) - 1
        low, high = next(
            (f.values.min(), f.values.max()) for f in new.parameters if f.name == field.name
        )
        if low < least or high > most:
            raise MismatchError(
                f"layers {', '.join(stage.names)}: {field.name} must be {least}…{most}, "
                f"not {low if low < least else high}"
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
    images["parameters"] = parameters.words(
        [replace(field, values=values[field.name]) for field in stage.parameters]
    )
    pruned = [
        int(skipped)
        for descriptor, mask in zip(stage.descriptors, kept, strict=True)
        for skipped in descriptor.pruned_groups(mask)
    ]
    groups = [pruned[i : i + WORD_BITS] for i in range(0, len(pruned), WORD_BITS)]
    images["groups"] = [*(pack(bits, 1) for bits in groups), tables.steps - 1]
    return images
