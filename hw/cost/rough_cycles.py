"""About how many cycles a plan takes, from the activity of its maps: what a search compares.

A stage's blocks work side by side, so a position takes as long as the slowest of them: the array
adds its events, the walker steps over its segments and words, the update takes its chunks. Of
several banks the slowest counts. `somagate.sim.cycles.predict` is exact instead, and needs a trace.
"""

import math
from collections.abc import Callable, Mapping

from ..plan.descriptor import Descriptor, Source
from ..plan.plan import Plan
from ..plan.stage_plan import StagePlan

_SPREAD = {1: 0.0, 2: 0.56, 4: 1.03, 8: 1.42, 16: 1.77, 32: 2.07, 64: 2.34}
"""The largest of so many normal numbers of deviation 1, on average."""


def stage_cycles(stage: StagePlan, activity: Mapping[str, float]) -> dict[str, float]:
    """Return the cycles of each layer of a stage in one time step, on average.

    Parameters
    ----------
    stage
        The layers' layout.
    activity
        Of 'input' and of each layer that another one reads, behind its pool: the share of the bits
        of its map that are 1, 0…1.
    """
    steps = stage.tables.steps
    found = {}
    for descriptor in stage.descriptors:
        gather, update = _gather(stage, descriptor, activity), stage.lanes / stage.update_lanes
        cycles = max(gather, update)
        if descriptor.name in stage.held:
            cycles = (cycles + (steps - 1) * update) / steps
        found[descriptor.name] = descriptor.positions * descriptor.groups * cycles
    return found


def interval(plan: Plan, activity: Mapping[str, float]) -> float:
    """Return the cycles from one image to the next, on average; see `stage_cycles`."""
    return between(plan, lambda stage: plan.tables.steps * stage_step(stage, activity))


def latency(plan: Plan, activity: Mapping[str, float]) -> float:
    """Return the cycles of an image that has the plan to itself, on average; see `stage_cycles`."""
    return alone(plan, lambda stage: plan.tables.steps * stage_step(stage, activity))


def between(plan: Plan, work: Callable[[StagePlan], float]) -> float:
    """Return the cycles from one image to the next, of those that each stage works on an image.

    Replicas share them out, until the words of the images are what takes longest.
    """
    # Tiles of a layer are at work at the same time; the first one has the most rows.
    each = max(work(stage) for stage in plan.heads)
    return max(each / plan.replicas, plan.sample_words) if plan.replicas > 1 else each


def alone(plan: Plan, work: Callable[[StagePlan], float]) -> float:
    """Return the same of an image that has the plan to itself."""
    works, steps = [work(stage) for stage in plan.heads], plan.tables.steps
    return plan.input_words + (sum(works) + (steps - 1) * max(works)) / steps


def transfers(plan: Plan) -> float:
    """Return about how many words are read for an image, and how many chunks are updated."""
    return sum(
        d.positions
        * d.groups
        * (
            _words(stage, d) * (1 if d.name in stage.held else plan.tables.steps)
            + stage.lanes // stage.update_lanes * plan.tables.steps
        )
        for stage in plan.stages
        for d in stage.descriptors
    )


def stage_step(stage: StagePlan, activity: Mapping[str, float]) -> float:
    """Return the cycles of one time step of a stage: it works, or takes its maps in."""
    steps = stage.tables.steps
    taken = [
        stage.map(name).words / (steps if name == "input" and stage.tables.input.constant else 1)
        for name in stage.external
    ]
    return max(sum(stage_cycles(stage, activity).values()), *taken)


def _gather(stage: StagePlan, descriptor: Descriptor, activity: Mapping[str, float]) -> float:
    """Return the cycles of a lane group's position in the walker or in the slowest bank."""
    events, words = 0.0, _words(stage, descriptor, activity)  # of a bank; of the walker
    for source in descriptor.sources:
        _, bits = _inside(descriptor, source)
        kept, _, _ = stage.stored_shape(source.name)
        bits *= kept / source.map.channels  # a bank of padding alone has no events
        events += source.map.planes * bits * activity[source.name] / min(stage.banks, kept)
    share = max(events, float(descriptor.planes))
    if stage.banks == 1:
        return max(words, share)
    # A bank that is done early waits while the sums of the position before are taken.
    taken = stage.lanes / stage.update_lanes + share / 2
    return max(words, share + _SPREAD[stage.banks] * math.sqrt(share), taken)


def _words(
    stage: StagePlan, descriptor: Descriptor, activity: Mapping[str, float] | None = None
) -> float:
    """Return the words of a lane group's position, and its segments outside of the map.

    In a stage with flags, and where the activity is given, the cycles of the finder: of each look
    one, or its words with a spike.
    """
    words = 0.0
    for source in descriptor.sources:
        inside, bits = _inside(descriptor, source)
        segments = source.kernel[0] * source.kernel[1]
        grain = math.gcd(source.span, source.map.channels, stage.word_bits)
        length = bits / inside if inside else 0.0
        each = max(1.0, (length + stage.word_bits - grain) / stage.word_bits)
        flags = stage.shape.flags
        if flags and activity is not None:
            looks = max(1.0, each / flags)
            silent = (1 - activity[source.name]) ** (length / each) if length else 1.0
            each = looks * (each / looks * (1 - silent) + silent ** (each / looks))
        words += descriptor.planes * (segments - inside) + source.map.planes * inside * each
    return words


def _inside(descriptor: Descriptor, source: Source) -> tuple[float, float]:
    """Return the segments of a position that lie inside the map, and their bits, on average."""
    form, channels = source.map, source.map.channels
    count = descriptor.rows * descriptor.row_step * descriptor.window[0]
    rows = _hits(count, source, 0, source.kernel[0], form.rows)
    # Where all channels are needed, a segment runs over the columns of the kernel.
    joined = source.kernel[1] == 1 and source.span > channels
    wide = source.span // channels if joined else source.kernel[1]
    columns = _hits(descriptor.columns * descriptor.window[1], source, 1, wide, form.columns)
    if joined:
        return rows, rows * columns * channels
    return rows * columns, rows * columns * source.span


def _hits(count: int, source: Source, axis: int, kernel: int, size: int) -> float:
    """Return how many of a kernel's rows, or columns, lie inside the map on average."""
    starts = [at * source.stride[axis] - source.padding[axis] for at in range(count)]
    inside = [max(0, min(start + kernel, size) - max(start, 0)) for start in starts]
    return sum(inside) / len(inside)
