"""What lies between two layers of neurons, as one linear map: weights, a bias, and pools.

Linear maps behind each other are one. An average behind neurons is a sum of spikes whose 1/area
is in the next weights; one of currents is a convolution with a larger kernel. A maximum of spikes
is a pool behind the neurons, and one of currents a pool before them: these two are not the same.
"""

from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np

from .graph import Delay, Network, Node, Shape
from .ops import Affine, Conv, Flatten, Linear, Pool
from .rule import Neuron

Linears = Linear | Conv | Flatten | Affine


class LoweringError(ValueError):
    """Something that the tables can't say; one line with the layer and the way out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Path:
    """A linear map from a layer's spikes, or the input, to where the path is now.

    Attributes
    ----------
    source
        'input' or a layer of neurons.
    shape
        Of the map where the path is.
    behind
        The pool behind the source: 'max', or 'sum' of spikes.
    maps
        What follows, from the source on; `Affine` and `Flatten` among them.
    before
        A maximum of currents in front of the neurons, or None.
    maximum
        The node that it is, as the maximum of a sum is no sum of maxima.
    delay
        Steps, () or one a channel of where it is.
    """

    source: str
    shape: Shape
    behind: Pool | None = None
    maps: tuple[Linears, ...] = ()
    before: Pool | None = None
    maximum: str = ""
    delay: Any = field(default_factory=lambda: np.zeros((), np.int64))

    @property
    def weighted(self) -> bool:
        """Whether there are weights on the path."""
        return any(isinstance(op, Linear | Conv) for op in self.maps)


def paths(network: Network, name: str) -> list[Path]:
    """Return the paths that end in a layer of neurons, one for each chain of nodes."""
    return [path for source in network.node(name).sources for path in _to(network, source)]


def _to(network: Network, name: str) -> list[Path]:
    if name == "input":
        return [Path(source=name, shape=network.shapes[name])]
    node = network.node(name)
    if isinstance(node.op, Neuron):
        if node.op.threshold is None:
            raise LoweringError(
                f"layer {name}: a layer that never fires must be the last, as tables send spikes "
                "on and no potentials; give it a threshold, or leave it out"
            )
        return [Path(source=name, shape=network.shapes[name])]
    before = [path for source in node.sources for path in _to(network, source)]
    # What adds something to a sum adds it once, so the first path has it alone.
    plain = replace(node, op=_without_offset(node.op))
    return [
        _through(path, plain if number else node, network.shapes[name])
        for number, path in enumerate(before)
    ]


def _through(path: Path, node: Node, shape: Shape) -> Path:
    """Return a path that goes on through a node."""
    op = node.op
    assert not isinstance(op, Neuron)
    if isinstance(op, Delay):
        if path.maps and op.steps.size > 1 and path.delay.size > 1:
            raise LoweringError(f"node {node.name}: delays behind each other must be one a layer")
        if op.steps.any() and any(map(_offset, path.maps)):
            raise LoweringError(
                f"node {node.name}: what is delayed must come without a bias, which would be "
                "missing in the first steps alone; put the bias behind the delay"
            )
        return replace(path, delay=path.delay + op.steps)
    if path.before is not None:
        return _behind_maximum(path, node, shape)
    if isinstance(op, Pool):
        return _pooled(path, node, op, shape)
    mixes = isinstance(op, Linear | Conv) or isinstance(op, Flatten) and shape != path.shape
    if mixes and path.delay.size > 1:
        raise LoweringError(f"node {node.name}: delays of single channels must be behind weights")
    return replace(path, shape=shape, maps=(*path.maps, op))


def _without_offset(op: Any) -> Any:
    """Return a map that adds nothing to its sums, or what isn't one as it is."""
    if isinstance(op, Affine):
        return replace(op, offset=np.zeros(()))
    return replace(op, bias=None) if isinstance(op, Linear | Conv) else op


def _offset(op: Linears) -> bool:
    """Return whether a map adds something to its sums."""
    if isinstance(op, Affine):
        return bool(np.any(op.offset))
    return isinstance(op, Linear | Conv) and op.bias is not None and bool(np.any(op.bias))


def _behind_maximum(path: Path, node: Node, shape: Shape) -> Path:
    """Go on behind a maximum of currents, which only a positive factor may follow."""
    op = node.op
    if isinstance(op, Affine) and (op.scale > 0).all():
        return replace(path, maps=(*path.maps, op))
    if isinstance(op, Flatten) and shape == path.shape:
        return path
    raise LoweringError(
        f"node {node.name}: neurons must come straight behind a maximum of currents, not a "
        f"{type(op).__name__}; put the neurons before it"
    )


def _pooled(path: Path, node: Node, op: Pool, shape: Shape) -> Path:
    plain = op.stride == op.size and op.padding == (0, 0)
    fresh = not path.maps and path.behind is None and path.source != "input"
    if op.kind == "max":
        if fresh and plain and len(node.sources) == 1:
            return replace(path, behind=op, shape=shape)
        if path.weighted and plain:
            return replace(path, before=op, maximum=node.name, shape=shape)
        where = "of the input" if path.source == "input" and not path.maps else "here"
        raise LoweringError(
            f"node {node.name}: a maximum {where} must be of windows side by side, without "
            "padding, straight behind neurons or weights; make stride and size equal, or use "
            "an average"
        )
    if fresh and plain and max(op.size) <= 15 and prod(op.size) <= 255:
        maps: tuple[Linears, ...] = ()
        if op.kind == "average":
            maps = (Affine(scale=np.array(1 / prod(op.size)), offset=np.zeros(())),)
        return replace(path, behind=replace(op, kind="sum"), maps=maps, shape=shape)
    value = 1 / prod(op.size) if op.kind == "average" else 1.0
    kernel = np.full((path.shape[0], 1, *op.size), value)
    conv = Conv(weight=kernel, stride=op.stride, padding=op.padding, groups=path.shape[0])
    return replace(path, maps=(*path.maps, conv), shape=shape)
