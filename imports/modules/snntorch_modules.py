"""snnTorch's neurons, as version 1.0 computes them; docs: snntorch.readthedocs.io."""

from typing import Any

import numpy as np
import snntorch
from torch import nn

from ..floats import Floats
from ..ops import Affine
from ..rule import Current, Neuron, Reset
from .torch_layers import UnsupportedModuleError, array, layer
from .torch_neurons import Cell

TAKEN = "Leaky, RLeaky, Synaptic and RSynaptic"
VERSION = str(getattr(snntorch, "__version__", "unknown"))
_SPIKING = (snntorch.SpikingNeuron, snntorch.LeakyParallel)


def cell(module: Any) -> Cell | None:
    """Return a module of snnTorch as neurons, or None where it is something else.

    Raises
    ------
    UnsupportedModuleError
        Where it is another neuron than those taken, or a setting of it isn't.
    """
    if not isinstance(module, _SPIKING):
        return None
    kind = type(module)
    if kind not in (snntorch.Leaky, snntorch.RLeaky, snntorch.Synaptic, snntorch.RSynaptic):
        raise UnsupportedModuleError(
            f"neurons must be snnTorch's {TAKEN}, not {kind.__name__}; train with one of those"
        )
    for name, wanted in (("inhibition", False), ("state_quant", False)):
        if getattr(module, name, wanted):
            raise UnsupportedModuleError(f"{kind.__name__} {name} must be {wanted}, not set")
    factor = array(module.graded_spikes_factor)
    if (factor != 1).any():
        raise UnsupportedModuleError(
            f"{kind.__name__} graded_spikes_factor must be 1, not {factor}; scale the next layer's "
            "weights instead"
        )
    current = None
    if kind in (snntorch.Synaptic, snntorch.RSynaptic):
        current = Current(decay=_decay(module.alpha))
    recurrent = None
    if kind in (snntorch.RLeaky, snntorch.RSynaptic):
        recurrent = _recurrent(module)
    return Cell(
        neuron=Neuron(
            threshold=_flat(array(module.threshold)),
            decay=_decay(module.beta),
            comparator=">",
            reset=_reset(module, kind),
            current=current,
        ),
        recurrent=recurrent,
        held={name: 0.0 for name in ("spk", "syn", "mem") if hasattr(module, name)},
    )


def _reset(module: Any, kind: type) -> Reset:
    name = module.reset_mechanism
    delay = bool(getattr(module, "reset_delay", True))
    # RSynaptic takes the flag and doesn't look at it.
    delay = delay or kind is snntorch.RSynaptic
    if name == "subtract":
        return "delayed" if delay else "undelayed"
    if name == "zero" and delay and kind is not snntorch.Leaky:
        return "blank"
    return "zero" if name == "zero" else "none"


def _decay(value: Any) -> Floats:
    return _flat(np.clip(array(value), 0, 1))


def _flat(value: Floats) -> Floats:
    """Return a parameter without the axis that batches need."""
    return value[0] if value.ndim in (2, 4) and len(value) == 1 else value


def _recurrent(module: Any) -> Any:
    if isinstance(module.recurrent, nn.Linear | nn.Conv2d):
        return layer(module.recurrent, ())
    value = _flat(array(module.recurrent.V))
    return Affine(scale=value, offset=np.zeros(()))
