"""Which maps a layer reads, and the shapes that follow from it."""

import math
from dataclasses import dataclass

from .recipe import Conv, Dense, Recipe
from .settings import Detect
from .synapses import Cells, Group

Shape = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class SourceMap:
    """A map that layers can read.

    Attributes
    ----------
    shape
        (channels, rows, columns) or (elements,).
    high
        Its largest element.
    """

    shape: tuple[int, ...]
    high: int = 1


def neurons(settings: Conv | Dense, source: Shape) -> Shape:
    """Return the shape of a layer's neurons; those that no pool window covers do not exist."""
    if isinstance(settings, Dense):
        return (settings.neurons,)
    size = [n // settings.pool for n in _outputs(settings, source)]
    if min(size) < 1:
        raise ValueError(f"{settings} must fit its source {source}, which it does not")
    return (settings.channels, size[0] * settings.pool, size[1] * settings.pool)


def pooled(settings: Conv | Dense, shape: Shape) -> Shape:
    """Return the shape of the map behind the pool of neurons of a shape."""
    if isinstance(settings, Dense):
        return shape
    return (shape[0], shape[1] // settings.pool, shape[2] // settings.pool)


def groups(
    settings: Conv | Dense, sources: list[SourceMap], recipe: Recipe, *, last: bool
) -> list[Group]:
    """Return the synapse groups of a layer that have weights of their own."""
    bits = settings.weight_bits or recipe.weight_bits
    special = settings.weight_bits is None
    if last:
        bits = recipe.readout_weight_bits or recipe.weight_bits
        special = recipe.readout_weight_bits is None
    source = sources[-1]
    if last and isinstance(recipe.method, Detect) and recipe.method.kernel is not None:
        return [_cells(recipe.method, source, recipe, bits=bits, special=special)]
    if isinstance(settings, Dense):
        shape: Shape = (settings.neurons, math.prod(source.shape))
        return [Group(shape, recipe, bits=bits, one=source.high, special=special)]
    shape = (settings.channels, source.shape[0], settings.kernel, settings.kernel)
    found = [
        Group(shape, recipe, bits=bits, special=special, stride=settings.stride,
              padding=settings.padding, one=source.high)
    ]  # fmt: skip
    shortcut = settings.shortcut
    if shortcut is not None and shortcut.kernel:
        target = _outputs(settings, source.shape)
        source = _behind(sources, shortcut.back)
        kernel, padding = shortcut.kernel, shortcut.kernel // 2
        size = [(n + 2 * padding - kernel) // shortcut.stride + 1 for n in source.shape[1:]]
        if size != target:
            raise ValueError(
                f"Shortcut must produce {target[0]}×{target[1]} neurons as the layer has, "
                f"not {size[0]}×{size[1]}; change its kernel or its stride"
            )
        shape = (settings.channels, source.shape[0], kernel, kernel)
        found.append(
            Group(shape, recipe, bits=bits, special=special, back=shortcut.back,
                  stride=shortcut.stride, padding=padding, one=source.high)
        )  # fmt: skip
    return found


def _cells(method: Detect, source: SourceMap, recipe: Recipe, *, bits: int, special: bool) -> Group:
    grid, kernel = method.grid, method.kernel
    assert kernel is not None
    if source.shape[1:] != (grid.rows, grid.columns):
        raise ValueError(
            f"Detect kernel must be None unless the last map has the {grid.rows}×{grid.columns} "
            f"cells of the grid; its shape is {source.shape}"
        )
    return Cells(source.shape, grid.values, kernel, recipe, bits=bits, one=source.high,
                 special=special)  # fmt: skip


def identity(settings: Conv | Dense, sources: list[SourceMap]) -> int | None:
    """Return how far back the source of a shortcut without a convolution lies; None: no such."""
    if isinstance(settings, Dense) or settings.shortcut is None or settings.shortcut.kernel:
        return None
    source = _behind(sources, settings.shortcut.back)
    target = (settings.channels, *_outputs(settings, sources[-1].shape))
    if source.shape != target:
        raise ValueError(
            f"Shortcut source must have the shape {target} of the layer's neurons, "
            f"not {source.shape}; set kernel=1"
        )
    return settings.shortcut.back


def _outputs(settings: Conv, source: Shape) -> list[int]:
    """Return rows and columns of a convolution's outputs, those beyond the pool included."""
    return [(n + 2 * settings.padding - settings.kernel) // settings.stride + 1 for n in source[1:]]


def _behind(sources: list[SourceMap], back: int) -> SourceMap:
    if back > len(sources):
        raise ValueError(f"Shortcut back must be at most {len(sources)} here, not {back}")
    source = sources[-back]
    if len(source.shape) != 3:
        raise ValueError(
            f"Shortcut source must have shape (channels, rows, columns), not {source.shape}"
        )
    return source
