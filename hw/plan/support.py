"""What the accelerator does not have, refused by name."""

from collections.abc import Sequence
from itertools import accumulate

from ...export.tables import Layer, Tables
from .descriptor import as_map
from .stage_shape import MAX_TILES, StageShape


class UnsupportedError(ValueError):
    """The tables need hardware that does not exist; every reason is in the message."""


def reasons(tables: Tables, layer: Layer) -> list[str]:
    """Return why a layer can't be generated, a sentence each with the way out; empty if it can."""
    return (
        [tables.pruned_class] if layer.name == tables.readout.layer and tables.pruned_class else []
    )


def refuse(tables: Tables) -> None:
    """Raise `UnsupportedError` naming every layer and reason, or return."""
    lines = [
        f"layer {layer.name}: {reason}"
        for layer in tables.layers
        for reason in reasons(tables, layer)
    ]
    if lines:
        raise UnsupportedError("; ".join(lines))


def refuse_tiles(tables: Tables, shapes: Sequence[StageShape]) -> None:
    """Raise `UnsupportedError` naming the first layer that can't have its stage's tiles."""
    firsts = accumulate((shape.layers for shape in shapes), initial=0)
    for shape, first in zip(shapes, firsts, strict=False):
        most, why = most_tiles(tables, first)
        if shape.tiles > most:
            raise UnsupportedError(
                f"layer {tables.layers[first].name}: tiles must be at most {most}, not "
                f"{shape.tiles}, as {why}; take more lanes, banks or replicas instead"
            )


def most_tiles(tables: Tables, number: int) -> tuple[int, str]:
    """Return how many tiles a layer can have at most, and why not more."""
    layer = tables.layers[number]
    _, rows, _ = as_map(tables.map_shapes[layer.name])
    if layer.name == tables.readout.layer:
        return 1, "it is read out"
    if any(group.source == layer.name for group in layer.synapses):
        return 1, "it reads its own map"
    return min(rows, MAX_TILES), f"its map has {rows} row{'s' * (rows > 1)}"


def unstreamable(tables: Tables, replicas: int = 1) -> str:
    """Return in a sentence why an accelerator of tables can't stream, or ''.

    A layer may see a source no further back than an inference is long: so many maps aren't kept.
    And time steps that follow each other can't be dealt out.
    """
    if replicas > 1:
        return (
            f"replicas must be 1 in an accelerator that streams, not {replicas}: each time step "
            "finds the potentials that the one before has left, on the same replica"
        )
    for layer in tables.layers:
        for group in layer.synapses:
            lag = group.delay + (group.source == layer.name)
            constant = group.source == "input" and tables.input.constant
            most = 0 if constant else tables.steps - 1
            if lag > most:
                return (
                    f"layer {layer.name} must see {group.source} at most {most} steps late in an "
                    f"accelerator that streams, not {lag}: no more of its maps are kept, as many "
                    "as tables have steps"
                )
    return ""
