"""Networks of our torch modules as `Tables`, and tables as such networks, to train them further."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from ..model.fold import Form
from ..model.neuron_rule import CurrentRule, TrainingRule
from ..model.own.lif import LI, LIF
from ..model.own.net import LayerNet
from ..model.own.neurons import Extras, Neurons
from ..model.own.structure import Answer, OwnLayer, Pooled
from ..model.own.synapses import QuantConv2d, QuantLinear, Residual, Synapses
from .neuron import Current, Leak, Neuron, Shift, Store, Ternary
from .synapse import Convolution, Dense, Identity, SynapseGroup
from .tables import Input, Layer, Pool, Readout, Tables

_EXACT = 1 << 53
"""What float64 holds every integer below."""


def tables(layers: Sequence[OwnLayer], *, name: str, steps: int, given: Input) -> Tables:
    """Return the tables of layers of ours, the last of which answers.

    Parameters
    ----------
    layers
        In the order of execution.
    name, steps, given
        Of the tables: their name, time steps and input.

    Raises
    ------
    ValueError
        Where tables can't hold a layer, with its name.
    """
    made = tuple(_layer(layer) for layer in layers)
    fires = layers[-1].neurons.fires
    readout = Readout(layer=made[-1].name, kind="count" if fires else "potential")
    return Tables(name=name, steps=steps, input=given, layers=made, readout=readout)


def _layer(layer: OwnLayer) -> Layer:
    with _evaluated(layer.neurons, *(group for group, _ in layer.synapses)):
        try:
            pool = layer.pool
            return Layer(
                name=layer.name,
                synapses=tuple(_group(group, source) for group, source in layer.groups),
                neuron=_neuron(layer.neurons),
                pool=None if pool is None else Pool(kind=pool.kind, size=pool.size, of=pool.of),
                channel_mask=layer.neurons.mask.cpu().numpy() > 0,
            )
        except (TypeError, ValueError) as error:
            text = str(error)
            told = text if text.startswith("layer ") else f"layer {layer.name}: {text}"
            raise ValueError(told) from None


@contextmanager
def _evaluated(*modules: nn.Module) -> Iterator[None]:
    """Have modules in evaluation while the block runs."""
    inner = [each for module in modules for each in module.modules()]
    modes = [module.training for module in inner]
    for module in inner:
        module.training = False
    try:
        with torch.no_grad():
            yield
    finally:
        for module, mode in zip(inner, modes, strict=True):
            module.training = mode


def _ints(value: torch.Tensor) -> Any:
    return value.detach().cpu().numpy().astype(np.int64)


def _group(group: Synapses, source: str) -> SynapseGroup:
    weights = _ints(group.integers())
    if isinstance(group, QuantConv2d):
        return Convolution(
            source=source, weights=weights, bits=group.bits, stride=group.stride,
            padding=group.padding, groups=group.groups, delay=group.delay,
        )  # fmt: skip
    kind = Identity if isinstance(group, Residual) else Dense
    return kind(source=source, weights=weights, bits=group.bits, delay=group.delay)


def _neuron(neurons: Neurons) -> Neuron:
    rule, constants = neurons.rule, neurons.constants()

    def wide(value: torch.Tensor | None) -> Any:
        return None if value is None else _ints(value.expand(neurons.channels))

    store: Store = Shift(bits=rule.bits, shift=rule.shift)
    if rule.ternary:
        store = Ternary(level=wide(constants.level), boundary=wide(constants.boundary))
    threshold = wide(constants.threshold)
    amount = None
    if rule.reset in ("subtract", "undelayed"):
        amount = threshold if constants.amount is None else wide(constants.amount)
    current = None
    if rule.current is not None and constants.current_multiplier is not None:
        kept = rule.current
        current = Current(
            store=Shift(bits=kept.bits, shift=kept.shift),
            leak=_leak(kept, constants.current_multiplier),
            late=kept.late,
        )
    return Neuron(
        bias=wide(constants.bias),
        threshold=threshold,
        store=store,
        reset=rule.reset,
        amount=amount,
        leak=_leak(rule, constants.multiplier),
        mask_negative=rule.mask_negative,
        gain=rule.gain,
        lower_bound=wide(constants.lower_bound),
        spike_bits=rule.most_spikes.bit_length(),
        current=current,
    )


def _leak(rule: TrainingRule | CurrentRule, multiplier: torch.Tensor) -> Leak:
    return Leak(
        multiplier=_ints(multiplier), shift=rule.leak_shift, at=rule.leak_at,
        rounding="up" if rule.leak_up else "down",
    )  # fmt: skip


def network(tables: Tables) -> LayerNet:
    """Return tables as a network to train further; it fires as golden does.

    Raises
    ------
    ValueError
        Where torch's numbers can't hold what a layer computes, with its name.
    """
    layers = tuple(_own(tables, layer) for layer in tables.layers)
    readout = tables.readout
    answer = Answer(
        layer=readout.layer, kind=readout.kind, over=readout.over, voters=readout.voters
    )
    net = LayerNet(layers, steps=tables.steps, answer=answer)
    net.origin = tables
    return net.eval()


def exported(net: LayerNet) -> Tables:
    """Return the tables that a network of `network` is now, without their source's proof."""
    origin: Tables = net.origin
    return replace(origin, layers=tuple(_layer(layer) for layer in net.structure), source=None)


def _own(tables: Tables, layer: Layer) -> OwnLayer:
    low, high = tables.update_bounds(layer.name)
    reach = int(max(np.abs(low).max(), np.abs(high).max()))
    neuron = layer.neuron
    widest = max(neuron.leak.shift, neuron.current.leak.shift if neuron.current else 0)
    if reach << widest >= _EXACT:
        raise ValueError(
            f"layer {layer.name}: sums times the leak must be below 2**53, which torch's float64 "
            f"holds, not reach {reach} · 2**{widest}; take fewer bits of weights or of the leak"
        )
    back = [_synapses(group) for group in layer.synapses if group.source == layer.name]
    pool = layer.pool
    return OwnLayer(
        name=layer.name,
        synapses=tuple(
            (_synapses(group), group.source)
            for group in layer.synapses
            if group.source != layer.name
        ),
        neurons=_neurons(layer, back),
        pool=None if pool is None else Pooled(kind=pool.kind, size=pool.size, of=pool.of),
    )


def _synapses(group: SynapseGroup) -> Synapses:
    """Return synapses whose float weights are these integers, at the size of new ones."""
    weights, bits = np.asarray(group.weights), group.bits
    made: Synapses
    if isinstance(group, Convolution):
        made = QuantConv2d(
            weights.shape[1] * group.groups, weights.shape[0], group.kernel, group.stride,
            group.padding, group.groups, bits=bits,
        )  # fmt: skip
    elif isinstance(group, Identity):
        made = Residual(len(weights), bits=bits)
    else:
        made = QuantLinear(weights.shape[1], weights.shape[0], bits=bits)
    made.delay = group.delay
    size = float(np.sqrt(np.mean(np.square(weights, dtype=np.float64)))) or 1.0
    fan_in = max(1, int(np.prod(weights.shape[1:])))
    exponent = int(np.rint(-np.log2(size * np.sqrt(fan_in))))
    with torch.no_grad():
        made.weight.copy_(torch.from_numpy(np.ldexp(weights.astype(np.float64), exponent)))
        made.quantizer.get_parameter("step").fill_(float(exponent))
    return made


def _neurons(layer: Layer, back: list[Synapses]) -> Neurons:
    neuron, leak = layer.neuron, layer.neuron.leak
    store, current, fires = neuron.store, neuron.current, neuron.threshold is not None

    def wide(value: Any) -> torch.Tensor | None:
        return None if value is None else torch.from_numpy(np.array(value, np.float64))

    threshold = np.zeros(0) if neuron.threshold is None else np.asarray(neuron.threshold)
    positive = not fires or bool(threshold.min() > 0)
    rule = TrainingRule(
        bits=store.bits,
        shift=0,
        reset=neuron.reset,
        leak_at=leak.at,
        leak_shift=0 if isinstance(store, Ternary) else leak.shift,
        leak_up=leak.rounding == "up",
        ternary=isinstance(store, Ternary),
        mask_negative=neuron.mask_negative,
        gain=neuron.gain,
        most_spikes=neuron.most_spikes,
        current=None if current is None else CurrentRule(
            bits=current.store.bits, shift=current.store.shift, leak_at=current.leak.at,
            leak_shift=current.leak.shift, leak_up=current.leak.rounding == "up",
            late=current.late,
        ),
    )  # fmt: skip
    form = Form(
        leak_shift=leak.shift, ternary=rule.ternary, window=not positive, positive=positive
    )  # fmt: skip
    tied = neuron.amount is None or np.array_equal(neuron.amount, threshold)
    extras = Extras(
        offset=wide(neuron.bias),
        level=wide(store.level) if isinstance(store, Ternary) else None,
        boundary=wide(store.boundary) if isinstance(store, Ternary) else None,
        amount=None if tied else wide(neuron.amount),
        lower_bound=wide(neuron.lower_bound),
        current_multiplier=wide(current.leak.multiplier) if current else None,
    )
    made = (LIF if fires else LI).of(
        neuron.channels, rule, form, recurrent=back, extras=extras
    )  # fmt: skip
    rows = [np.square(np.asarray(g.weights, np.float64)).reshape(neuron.channels, -1).sum(1)
            for g in layer.synapses]  # fmt: skip
    unit = np.maximum(np.abs(threshold), 1) if fires else max(1.0, float(np.sqrt(sum(rows)).mean()))
    with torch.no_grad():
        made.unit = torch.as_tensor(np.asarray(unit, np.float64))
        made.shift.fill_(store.shift if isinstance(store, Shift) else 0)
        made.mask.copy_(torch.from_numpy(layer.kept.astype(np.float32)))
        share = torch.as_tensor(np.asarray(leak.multiplier / (1 << leak.shift), np.float64))
        made.leak = nn.Parameter(share.float(), requires_grad=fires and leak.shift > 0)
        if made.theta is not None:
            made.theta.copy_(torch.from_numpy(threshold / unit))
    return made
