"""What a framework's module for neurons is, for `somagate.imports.modules.torch_trace`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..floats import Floats
from ..ops import Affine, Conv, Delay, Linear, Shape
from ..rule import Neuron
from .torch_layers import UnsupportedModuleError


@dataclass(frozen=True, kw_only=True, eq=False)
class Cell:
    """A layer of neurons, and what its module holds besides.

    Attributes
    ----------
    neuron
        The rule.
    recurrent
        What the spikes of the step before go through, back into the layer; None has none. An
        `Affine` is one weight a neuron.
    inner
        The weights before the neurons, where the module has them too.
    sequence
        Whether the module takes all time steps at once, as the first axis.
    potential
        Returns the potential behind the last call, of a module that never fires and puts out
        spikes all the same. None where a module that never fires puts out its potential.
    held
        The attributes that the module keeps its states in from call to call, and what they start
        from; none where it gets them from its caller alone.
    """

    neuron: Neuron
    recurrent: Linear | Conv | Affine | None = None
    inner: Linear | Conv | None = None
    sequence: bool = False
    potential: Callable[[], Any] | None = None
    held: Mapping[str, Any] = field(default_factory=dict)


def fitted(cell: Cell, shape: Shape) -> Cell:
    """Return a layer with its parameters spread over its neurons, as torch broadcasts them.

    Parameters
    ----------
    cell
        The layer.
    shape
        Of what it reads, without batch and time; a line is a map of one row.

    Raises
    ------
    UnsupportedModuleError
        Where a parameter has another length than the layer, which frameworks don't tell.
    """
    size = shape if cell.inner is None else cell.inner.target(shape)

    def spread(name: str, value: Floats | None) -> Floats | None:
        if value is None or value.size == 1:
            return None if value is None else value.reshape(())
        try:
            wide = np.broadcast_to(value, size)
        except ValueError:
            raise UnsupportedModuleError(
                f"{name} must have one value, or one for each of the {size} neurons, not the shape "
                f"{value.shape}"
            ) from None
        return np.array(wide[:, None, :] if wide.ndim == 2 else wide)

    neuron = cell.neuron
    names = ("decay", "gain", "bias", "threshold", "v_reset", "initial", "low")
    changed: dict[str, Any] = {name: spread(name, getattr(neuron, name)) for name in names}
    if neuron.current is not None:
        decay = spread("decay of the current", neuron.current.decay)
        assert decay is not None
        changed["current"] = replace(neuron.current, decay=decay)
    return replace(cell, neuron=replace(neuron, **changed))


Cells = Callable[[Any], Cell | Delay | None]
"""From a module to its neurons, or another operation of the framework, or None if it is neither.

Raises `UnsupportedModuleError` for a kind of neuron that isn't taken.
"""
