"""Networks of your own, made of the quantized layers of `somagate.model`: to tables, and back."""

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from .checks import kind_of, optional
from .export.neuron import Activation
from .export.tables import Input, Tables
from .given import needs_torch, the_tables
from .sim import golden

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .model.own.net import LayerNet
    from .model.own.trace import Traced


def to_torch(tables: Tables) -> "LayerNet":
    """Return tables as a torch network of our layers, to train further; needs torch.

    In evaluation mode it fires exactly as golden does with the tables. `from_torch` makes tables of
    it again.

    Parameters
    ----------
    tables
        Imported, or of your own training.

    Returns
    -------
    A `torch.nn.Module` that takes maps (steps, batch, *input shape), integers as golden's, and
    returns (batch, classes): spike counts, or last potentials in units. It is in evaluation mode.

    Raises
    ------
    ValueError
        Where torch's numbers can't hold what a layer computes, with its name.
    """
    needs_torch("to_torch")
    from .export.torch_net import network

    return network(the_tables(tables))


def from_torch(
    net: Any, sample: Any = None, *, name: str | None = None, input_bits: int | None = None
) -> Tables:
    """Return the tables of a network made of our layers, which `somagate.model` has; needs torch.

    The network is called once with `sample`, in evaluation mode, and read from that call: any
    `forward`, with a loop over time or over all steps at once, residual and recurrent too. Golden
    has to fire then as it did, in every neuron and step.

    Parameters
    ----------
    net
        The module, trained; it stays as it is. Or one of `to_torch`.
    sample
        What it is called with, a tensor of some samples. What its layers read of it must be whole
        numbers; where they read the same in every step, the input is sent once a sample. For a
        network of `to_torch` it can be left out.
    name
        Of the tables; that of the class, if left out.
    input_bits
        Of an element of the input, 1…8, if the sample doesn't hold the largest.

    Raises
    ------
    UntracedError
        Where a module isn't ours, or a call can't be followed, with its name or its line.
    TypeError, ValueError
        Where the tables can't hold something, with the layer's name.
    """
    needs_torch("from_torch")
    from .export import torch_net
    from .model.own.net import LayerNet
    from .model.own.trace import trace

    bits = optional("input_bits", input_bits, 1, 8)
    if isinstance(net, LayerNet):
        for what, value in (("sample", sample), ("name", name), ("input_bits", bits)):
            if value is not None:
                raise ValueError(
                    f"{what} must be left out for a network of to_torch, which knows its tables, "
                    f"not {kind_of(value)}"
                )
        return torch_net.exported(net)
    traced = trace(net, sample)
    maps = _integers(traced.inputs)
    plain = re.sub(r"\W", "_", name or type(net).__name__, flags=re.ASCII)
    made = torch_net.tables(
        traced.layers, name=plain, steps=traced.steps, given=_input(maps, bits)
    )  # fmt: skip
    _compare(made, traced, maps)
    return made


def _integers(inputs: Any) -> "NDArray[np.int64]":
    found = inputs.detach().cpu().double().numpy()
    whole = np.rint(found)
    if not np.array_equal(found, whole) or whole.min() < -128 or whole.max() > 255:
        raise ValueError(
            "the input that layers read must be whole numbers, 0…255 or -128…127, not "
            f"{found.min():g}…{found.max():g}; multiply and round it in forward, or before"
        )
    integers: NDArray[np.int64] = whole.astype(np.int64)
    return integers


def _input(maps: "NDArray[np.int64]", bits: int | None) -> Input:
    """Return the input that maps (steps, samples, *input shape) are of."""
    low, high = int(maps.min()), int(maps.max())
    constant = len(maps) > 1 and high > 0 and bool((maps == maps[:1]).all())
    needed = max(high, -low - 1).bit_length() + 1 if low < 0 else max(1, high.bit_length())
    if bits is not None and bits < needed:
        raise ValueError(f"input_bits must be {needed}…8 for this sample, not {bits}")
    bits = bits or needed
    activation = Activation()
    if low < 0 or constant:
        activation = Activation(kind="value", bits=bits, signed=low < 0)
    elif bits > 1:
        activation = Activation(kind="count", bits=bits)
    direct = constant and low >= 0
    return Input(
        shape=maps.shape[2:],
        activation=activation,
        constant=constant,
        encoding="direct" if direct else "frames",
        maximum=activation.high if direct else 255,
    )


def _compare(tables: Tables, traced: "Traced", maps: "NDArray[np.int64]") -> None:
    """Raise `ValueError` where golden fires otherwise than the network did, or answers so."""
    trace = golden.run(tables, maps)
    for layer in traced.layers:
        if not layer.neurons.fires:
            continue
        theirs = traced.made[layer.name].detach().cpu().numpy()
        ours = trace.spikes[layer.name]
        kept = tuple(slice(0, size) for size in ours.shape)
        differs = np.argwhere(ours != theirs[kept])
        if len(differs):
            step, sample, *place = (int(i) for i in differs[0])
            raise ValueError(
                f"layer {layer.name}: tables must fire as the network does, but don't in step "
                f"{step}, sample {sample}, at {tuple(place)}; take the layers of somagate.model as "
                "they are"
            )
    if traced.output is None:
        return
    output, last = traced.output.detach().cpu().double().numpy(), tables.readout.layer
    counted = tables.readout.kind == "count"
    if output.size == tables.steps * trace.output.size and len(output) == tables.steps:
        output = output.sum(0) if counted else output[-1]
    if output.size != trace.output.size or len(output) != len(trace.output):
        raise ValueError(
            f"the output must be that of the last neurons, {last}, of shape {trace.output.shape} "
            f"or of every step, not {tuple(traced.output.shape)}; put LIF or LI behind what comes "
            "last"
        )
    answers = output.reshape(trace.output.shape).argmax(1)
    if not np.array_equal(answers, trace.prediction):
        what = "spike counts" if counted else "potential after the last step"
        raise ValueError(
            f"the largest output must be that of the {what} of the last layer, {last}, but "
            f"{int((answers != trace.prediction).sum())} of {len(answers)} samples are answered "
            "otherwise; return that, or one class a neuron"
        )
