"""SpikingJelly's neurons, as version 2.0 computes them: spikingjelly.activation_based.neuron."""

from importlib import metadata
from typing import Any

import numpy as np
from spikingjelly.activation_based import encoding, layer, neuron

from ..floats import Floats
from ..ops import Delay
from ..rule import Current, Neuron
from .torch_layers import UnsupportedModuleError, array
from .torch_neurons import Cell

TAKEN = "IFNode, LIFNode, ParametricLIFNode and CUBALIFNode"
VERSION = metadata.version("spikingjelly")


def cell(module: Any) -> Cell | Delay | None:
    """Return a module of SpikingJelly as neurons or a delay, or None where it is something else.

    Raises
    ------
    UnsupportedModuleError
        Where it is another neuron than those taken, or has what the contract can't say.
    """
    kind = type(module)
    if kind is layer.Delay:
        return Delay(steps=np.array(module.delay_steps))
    own = kind.__module__.startswith("spikingjelly.activation_based.neuron")
    if not own and not isinstance(module, neuron.BaseNode | neuron.SimpleBaseNode):
        _refuse(module)
        return None
    nodes = (neuron.IFNode, neuron.LIFNode, neuron.ParametricLIFNode, neuron.CUBALIFNode)
    if kind not in nodes:
        raise UnsupportedModuleError(
            f"neurons must be SpikingJelly's {TAKEN}, not {kind.__name__}; train with one of those"
        )
    rest = np.array(0.0 if module.v_reset is None else module.v_reset)
    decay, gain, current = np.ones(()), np.ones(()), None
    if kind is neuron.CUBALIFNode:
        decay, current = np.array(module.v_decay), Current(decay=np.array(module.c_decay))
    elif kind is not neuron.IFNode:
        part = _part(module)
        decay = 1 - part
        gain = part if module.decay_input else gain
    bias = np.zeros(()) if kind is neuron.CUBALIFNode else (1 - decay) * rest
    silent = np.isinf(module.v_threshold) and module.v_threshold > 0
    if silent and module.v_reset is None:
        raise UnsupportedModuleError(
            "v_reset must be a number where v_threshold is infinite, not None: SpikingJelly "
            "subtracts 0 times infinity then, which is no number"
        )
    return Cell(
        neuron=Neuron(
            threshold=None if silent else np.array(module.v_threshold),
            decay=decay,
            gain=gain,
            bias=bias,
            reset="none" if silent else "subtract" if module.v_reset is None else "zero",
            v_reset=rest,
            initial=rest,
            current=current,
        ),
        sequence=module.step_mode == "m",
        potential=(lambda: module.v) if silent else None,
        held={"v": rest} | ({"c": 0.0} if current else {}),
    )


def _part(module: Any) -> Floats:
    """Return 1/τ."""
    if isinstance(module, neuron.ParametricLIFNode):
        return array(module.w.sigmoid())
    return np.array(1 / module.tau)


def _refuse(module: Any) -> None:
    if isinstance(module, layer.VotingLayer):
        raise UnsupportedModuleError(
            "VotingLayer must be left out of the network, as the answer is added up behind it; "
            f"pass voters={module.voting_size}"
        )
    if isinstance(module, encoding.StatelessEncoder | encoding.StatefulEncoder):
        raise UnsupportedModuleError(
            f"{type(module).__name__} must be outside of the network; give it the encoded input"
        )
    containers = (
        layer.LinearRecurrentContainer, layer.ElementWiseRecurrentContainer, layer.SynapseFilter,
        layer.NeuNorm, layer.MultiDimensionalAttention, layer.TemporalWiseAttention,
    )  # fmt: skip
    if isinstance(module, containers):
        raise UnsupportedModuleError(
            f"{type(module).__name__} must not be in the network, as it isn't taken"
        )
