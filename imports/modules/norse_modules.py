"""Norse's neurons, as version 1.1 computes them. Norse is LGPL: it is imported, never copied."""

from importlib import metadata
from typing import Any

import numpy as np
from norse.torch.functional.reset import reset_subtract, reset_value
from norse.torch.module import iaf, leaky_integrator, leaky_integrator_box, lif, lif_box

from ..floats import Floats
from ..ops import Linear
from ..rule import Current, Neuron
from .torch_layers import UnsupportedModuleError, array
from .torch_neurons import Cell

TAKEN = (
    "IAFCell, LIFBoxCell, LIFCell, LIF, LIFRecurrentCell, LIFRecurrent, LIBoxCell, LICell, "
    "LILinearCell, LI"
)
VERSION = metadata.version("norse")
_BOXES = (lif_box.LIFBoxCell, leaky_integrator_box.LIBoxCell)
_SEQUENCES = (lif.LIF, lif.LIFRecurrent, leaky_integrator.LI)
_RECURRENT = (lif.LIFRecurrentCell, lif.LIFRecurrent)
_SILENT = (
    leaky_integrator.LICell, leaky_integrator.LILinearCell, leaky_integrator.LI,
    leaky_integrator_box.LIBoxCell,
)  # fmt: skip


def cell(module: Any) -> Cell | None:
    """Return a module of Norse as neurons, or None where it is something else.

    Raises
    ------
    UnsupportedModuleError
        Where it is another neuron than those taken, or a setting of it isn't.
    """
    kind = type(module)
    if not kind.__module__.startswith("norse.torch.module") or not hasattr(module, "p"):
        return None
    known = (iaf.IAFCell, lif_box.LIFBoxCell, lif.LIFCell, *_SEQUENCES, *_RECURRENT, *_SILENT)
    if kind not in known:
        raise UnsupportedModuleError(
            f"neurons must be Norse's {TAKEN}, not {kind.__name__}; train with one of those"
        )
    p = module.p
    recurrent = inner = current = None
    if kind in _RECURRENT:
        inner = Linear(weight=array(module.input_weights))
        recurrent = Linear(weight=array(module.recurrent_weights))
    if kind is leaky_integrator.LILinearCell:
        inner = Linear(weight=array(module.input_weights))
    if kind is iaf.IAFCell:
        part, rest = np.zeros(()), np.zeros(())
    else:
        part, rest = _rate(module, "tau_mem_inv"), _number(p.v_leak)
        if kind not in _BOXES:
            current = Current(decay=1 - _rate(module, "tau_syn_inv"))
    method = getattr(p, "reset_method", reset_value)
    if method not in (reset_value, reset_subtract):
        raise UnsupportedModuleError(
            f"{kind.__name__} reset_method must be reset_value or reset_subtract, not {method}"
        )
    silent = kind in _SILENT
    if not silent and not np.isfinite(_number(p.v_th)).all():
        raise UnsupportedModuleError(
            f"{kind.__name__} v_th must be finite, not {np.max(_number(p.v_th))}; to read "
            "potentials take neurons that never fire, LICell, LIBoxCell or LI"
        )
    return Cell(
        neuron=Neuron(
            threshold=None if silent else _number(p.v_th),
            decay=1 - part,
            gain=np.ones(()) if kind is iaf.IAFCell else part,
            bias=part * rest,
            comparator=">",
            reset="none" if silent else "zero" if method is reset_value else "subtract",
            v_reset=np.zeros(()) if silent else _number(p.v_reset),
            initial=rest,
            current=current,
        ),
        recurrent=recurrent,
        inner=inner,
        sequence=kind in _SEQUENCES,
    )


def _rate(module: Any, name: str) -> Floats:
    """Return dt/τ, as the product that Norse multiplies by."""
    return np.asarray(module.dt * _number(getattr(module.p, name)))


def _number(value: Any) -> Floats:
    return array(value) if hasattr(value, "detach") else np.array(float(value))
