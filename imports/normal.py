"""A source's network as layers that tables can say: synapse groups, neurons, a pool.

All factors and offsets lie in the weights and the bias then, the potential is counted from where a
reset leaves it, and every parameter is one number a channel. Nothing is rounded: run by
`somagate.imports.reference`, these layers fire as the source does.
"""

from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from .floats import Floats
from .graph import Delay, Flatten, Network, Node, Origin
from .groups import Group, channels, grouped, undilated
from .ops import Affine, Conv, Linear, Pool, Shape
from .paths import LoweringError, Path, paths
from .rule import Neuron


@dataclass(frozen=True, kw_only=True, eq=False)
class PlainLayer:
    """A layer of neurons with its synapse groups.

    Attributes
    ----------
    name
        As the source calls it.
    shape
        Of its neurons.
    groups
        The weights; without bias, and a convolution without dilation.
    neuron
        Its gain is 1, and each parameter is (channels,); the potential is counted from `origin`.
    drive
        (channels,), added to what the groups sum up; 0 but for neurons with a current.
    origin
        (channels,), in the source's units.
    pool
        Behind it: 'max' or 'sum', or None.
    """

    name: str
    shape: Shape
    groups: tuple[Group, ...]
    neuron: Neuron
    drive: Floats
    origin: Floats
    pool: Pool | None

    @property
    def before(self) -> Pool | None:
        """The maximum of currents in front of it, or None."""
        return self.groups[0].before


def normal(network: Network) -> list[PlainLayer]:
    """Return a network as layers.

    Raises
    ------
    LoweringError
        Where something in it has no such form.
    """
    found = {name: paths(network, name) for name in network.neurons}
    behind = _behind(network, found)
    layers = []
    for name, its in found.items():
        shape = network.shapes[name]
        groups = []
        for path in its:
            pool = behind.get(path.source)
            path = path if path.behind == pool else _spread(path, network.shapes[path.source])
            source = network.shapes[path.source]
            source = source if pool is None else pool.target(source)
            group = grouped(path, source, name)
            if isinstance(group.op, Conv):
                group = replace(group, op=undilated(group.op))
            groups.append(group)
        if len({group.maximum for group in groups}) > 1:
            raise LoweringError(
                f"layer {name}: a maximum of currents must be the only thing in front of neurons, "
                "as what is added behind it isn't in it; put it behind the neurons"
            )
        layers.append(_layer(network.neurons[name], name, shape, groups, behind.get(name)))
    return layers


def _behind(network: Network, found: dict[str, list[Path]]) -> dict[str, Pool]:
    """Return the pool behind each layer: the one that all readers see, if they agree."""
    pools: dict[str, Pool] = {}
    for source in network.neurons:
        seen = [p.behind for its in found.values() for p in its if p.source == source]
        different = [p for i, p in enumerate(seen) if p not in seen[:i]]
        maxima = [p for p in different if p is not None and p.kind == "max"]
        if maxima and len(different) > 1:
            raise LoweringError(
                f"layer {source}: its maximum pool must be what all layers read, not beside the "
                "spikes themselves; pool in one way, or use an average"
            )
        if len(different) == 1 and different[0] is not None:
            pools[source] = different[0]
    return pools


def _spread(path: Path, shape: Shape) -> Path:
    """Return a path whose sum behind the source is a convolution in front of its maps."""
    assert path.behind is not None and path.behind.kind == "sum"
    size = path.behind.size
    conv = Conv(weight=np.ones((shape[0], 1, *size)), stride=size, groups=shape[0])
    return replace(path, behind=None, maps=(conv, *path.maps))


def _layer(
    neuron: Neuron, name: str, shape: Shape, groups: list[Group], pool: Pool | None
) -> PlainLayer:
    def of(parameter: str, value: Floats) -> Floats:
        return channels(parameter, value, shape, name)

    gain, decay = of("gain", neuron.gain), of("decay", neuron.decay)
    drive = gain * sum((group.bias for group in groups), np.zeros(shape[0]))
    bias = of("bias", neuron.bias)
    if neuron.current is None:
        bias, drive = bias + drive, np.zeros(shape[0])
    initial = of("initial", neuron.initial)
    origin = of("v_reset", neuron.v_reset) if neuron.reset == "zero" else initial
    if (origin != initial).any():
        raise LoweringError(
            f"layer {name}: potentials must start from v_reset, {origin[0]:g}, not from "
            f"{initial[0]:g}: the tables count from where they start; set both to the same"
        )
    if origin.any() and neuron.reset in ("blank", "undelayed"):
        raise LoweringError(
            f"layer {name}: potentials must start from 0 where the reset is {neuron.reset!r}, "
            f"not from {origin[0]:g}"
        )
    threshold = None if neuron.threshold is None else of("threshold", neuron.threshold)
    amounts = neuron.reset in ("subtract", "delayed")
    if amounts and origin.any():
        raise LoweringError(
            f"layer {name}: potentials must start from 0 where a threshold is subtracted, not "
            f"from {origin[0]:g}"
        )
    current = neuron.current
    if current is not None:
        current = replace(current, decay=of("decay of the current", current.decay))
    made = Neuron(
        threshold=None if threshold is None else threshold - origin,
        decay=decay,
        bias=bias + (decay - 1) * origin,
        comparator=neuron.comparator,
        reset=neuron.reset,
        low=None if neuron.low is None else of("low", neuron.low) - origin,
        most=neuron.most,
        current=current,
    )
    scaled = tuple(replace(g, op=times(g.op, gain), bias=np.zeros(shape[0])) for g in groups)
    return PlainLayer(
        name=name, shape=shape, groups=scaled, neuron=made, drive=drive, origin=origin, pool=pool
    )


def times(op: Linear | Conv | Affine, factor: Floats) -> Linear | Conv | Affine:
    """Return weights times a factor of each target channel, (channels,)."""
    if isinstance(op, Affine):
        return Affine(scale=op.scale * factor, offset=np.zeros(()))
    return replace(op, weight=op.weight * factor.reshape(-1, *(1,) * (op.weight.ndim - 1)))


def weights(op: Linear | Conv | Affine) -> Floats:
    """Return the weights, target channels first."""
    return op.scale if isinstance(op, Affine) else op.weight


def network_of(layers: list[PlainLayer], source: Network) -> Network:
    """Return layers of a source as a network again, for the reference to run."""
    input_shape = source.input_shape
    nodes: dict[str, Node] = {}
    shapes = {"input": input_shape} | {layer.name: layer.shape for layer in layers}

    def add(name: str, op: Any, *sources: str) -> str:
        nodes.setdefault(name, Node(name=name, op=op, sources=sources))
        return name

    for layer in layers:
        ends = []
        for index, group in enumerate(layer.groups):
            at, shape = group.source, shapes[group.source]
            if group.behind is not None:
                at, shape = add(f"{at}.pool", group.behind, at), group.behind.target(shape)
            if np.any(group.delay) and np.size(group.delay) == 1:
                at = add(f"{at}.delay{int(np.max(group.delay))}", Delay(steps=group.delay), at)
            if isinstance(group.op, Linear) and len(shape) > 1:
                at = add(f"{at}.flat", Flatten(), at)
            at = add(f"{layer.name}.{index}", group.op, at)
            if np.size(group.delay) > 1:
                at = add(f"{at}.delay", Delay(steps=group.delay), at)
            ends.append(at)
        if layer.before is not None:
            ends = [add(f"{layer.name}.max", layer.before, *ends)]
        if layer.drive.any():
            offset = Affine(scale=np.ones(()), offset=layer.drive)
            both = add(f"{layer.name}.sum", Affine(scale=np.ones(()), offset=np.zeros(())), *ends)
            ends = [add(f"{layer.name}.drive", offset, both)]
        add(layer.name, layer.neuron, *ends)
    return Network(
        input_shape=input_shape, nodes=tuple(nodes.values()), readout=source.readout,
        voters=source.voters, origin=Origin(framework="somagate"),
    )  # fmt: skip


def sites(layer: PlainLayer) -> int:
    """Return the neurons of a channel."""
    return prod(layer.shape[1:])
