"""A network as its source has it: float64 numbers, in whatever framework it was trained.

Readers of files and modules make one; `somagate.imports.reference` runs it as the framework would,
and `somagate.imports.lower` makes integers of it.
"""

from dataclasses import dataclass, field, fields
from functools import cached_property
from hashlib import sha256
from math import prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..checks.arguments import choice, integer
from ..export.layer import LARGEST_MAP
from .floats import Floats
from .ops import Affine, Conv, Delay, Flatten, Linear, Op, Pool, Shape, spread
from .rule import Current, Neuron

__all__ = [
    "Affine", "Conv", "Current", "Delay", "Flatten", "Linear", "Network", "Neuron", "Node", "Op",
    "Origin", "Pool", "Recording", "Shape",
]  # fmt: skip

INPUT = "input"
READOUTS = ("count", "first", "potential", "largest", "sum", "every")
"""By spikes: how many, or which comes first. By potentials: of the last step, the largest, their
sum, or every step's."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a network is from.

    Attributes
    ----------
    framework
        Such as 'snntorch', or 'nir (snntorch)' of a file.
    version
        Of the framework that is installed, or of the library that wrote the file.
    """

    framework: str
    version: str = "unknown"


@dataclass(frozen=True, kw_only=True, eq=False)
class Node:
    """One operation.

    Attributes
    ----------
    name
        Unique; as the source calls it.
    op
        What it does with the sum of its sources.
    sources
        'input' or names of nodes; several are added up.
    """

    name: str
    op: Op
    sources: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """What a framework's own modules put out while their network was read.

    Attributes
    ----------
    samples
        float64 (steps, batch, *input shape), what the network got.
    spikes
        By layer of neurons that fire: bool (steps, batch, *shape).
    """

    samples: Floats
    spikes: dict[str, NDArray[np.bool_]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """A network of nodes, in an order in which they can be computed.

    Attributes
    ----------
    input_shape
        (channels, rows, columns) or (elements,).
    nodes
        Each behind its sources, but for those of a `Delay` of a step or more.
    readout
        How the last layer answers, of `READOUTS`.
    voters
        Neurons a class, next to each other, whose values are added up.
    steps
        Time steps of an inference, where the source says it; None otherwise.
    constant
        The source gives its network the same input in every step.
    layout
        What samples' first axes are: 'steps' and batch, or 'batch' and steps.
    axes
        Of a sample in one step, as the source has them; 0 are those of `input_shape`.
    origin
        Where it is from.
    notes
        Sentences about what reading it assumed.
    recorded
        The spikes of its own modules; None where it is of a file.

    Raises
    ------
    ValueError
        Where a name is there twice or unknown, a circle has no delay, a shape doesn't fit, or a
        parameter has another length than its layer.
    """

    input_shape: Shape
    nodes: tuple[Node, ...]
    readout: str = "count"
    voters: int = 1
    steps: int | None = None
    constant: bool = False
    layout: Literal["steps", "batch"] = "steps"
    axes: int = 0
    origin: Origin = field(default_factory=lambda: Origin(framework="none"))
    notes: tuple[str, ...] = ()
    recorded: Recording | None = None

    def __post_init__(self) -> None:
        choice("Network readout", self.readout, READOUTS)
        choice("Network layout", self.layout, ("steps", "batch"))
        if len(self.input_shape) not in (1, 3) or min(self.input_shape) < 1:
            raise ValueError(
                "Network input_shape must be (channels, rows, columns) or (elements,), "
                f"not {self.input_shape}"
            )
        names = [INPUT, *(node.name for node in self.nodes)]
        known = set(names)
        if len(known) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"Network nodes must have names of their own, not {twice!r} twice")
        for node in self.nodes:
            for source in node.sources:
                if source not in known:
                    raise ValueError(f"node {node.name}: source {source!r} must be a node")
            if not node.sources:
                raise ValueError(f"node {node.name} must have a source, not none")
        object.__setattr__(self, "nodes", tuple(ordered(self.nodes)))
        _ = self.shapes
        if not self.neurons:
            raise ValueError("Network must have a layer of neurons, not none")
        count = self.shapes[self.output][0]
        if count % integer("voters", self.voters, 1, 65535):
            raise ValueError(
                f"voters must divide the {count} neurons of layer {self.output}, "
                f"not be {self.voters}"
            )

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """Shape of each node's output, and of 'input'."""
        shapes = {INPUT: self.input_shape}
        waiting = list(self.nodes)
        while waiting:
            # A delay that feeds back has the shape of what it feeds, which isn't known before.
            node = next(n for n in waiting if any(source in shapes for source in n.sources))
            waiting.remove(node)
            try:
                shapes[node.name] = _target(node, [shapes[s] for s in node.sources if s in shapes])
            except ValueError as error:
                raise ValueError(f"node {node.name}: {error}") from None
        for node in self.nodes:
            for source in node.sources:
                if shapes[source] != shapes[node.sources[0]]:
                    raise ValueError(
                        f"node {node.name}: sources must have one shape, not "
                        f"{shapes[node.sources[0]]} and {shapes[source]} of {source!r}"
                    )
        return shapes

    @cached_property
    def neurons(self) -> dict[str, Neuron]:
        """The layers of neurons, by name, in order."""
        return {node.name: node.op for node in self.nodes if isinstance(node.op, Neuron)}

    @property
    def output(self) -> str:
        """The last layer of neurons, which answers."""
        return list(self.neurons)[-1]

    def node(self, name: str) -> Node:
        """Return the node called `name`."""
        return next(node for node in self.nodes if node.name == name)

    @cached_property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 over all numbers and choices."""
        answer = (self.readout, self.voters) if self.voters > 1 else (self.readout,)
        contents = sha256(repr((self.input_shape, *answer)).encode())
        for node in self.nodes:
            contents.update(repr((node.name, node.sources, type(node.op).__name__)).encode())
            current = node.op.current if isinstance(node.op, Neuron) else None
            for part in (node.op, *([current] if current else [])):
                for each in fields(part):
                    value = getattr(part, each.name)
                    if isinstance(value, np.ndarray):
                        contents.update(f"{each.name}{value.dtype}{value.shape}".encode())
                        contents.update(value.tobytes())
                    elif not isinstance(value, Current):
                        contents.update(f"{each.name}={value!r}".encode())
        return contents.hexdigest()


def _target(node: Node, sources: list[Shape]) -> Shape:
    source = sources[0]
    if isinstance(node.op, Neuron):
        for name, value in node.op.parameters().items():
            spread(f"parameter {name}", value, source)
        return source
    shape = node.op.target(source)
    if prod(shape) > LARGEST_MAP:
        raise ValueError(f"a map must have at most {LARGEST_MAP} elements, not {prod(shape)}")
    return shape


def instant(node: Node) -> bool:
    """Whether a node needs its sources' output of the same step."""
    return not (isinstance(node.op, Delay) and node.op.steps.min() >= 1)


def ordered(nodes: tuple[Node, ...]) -> list[Node]:
    """Return nodes behind their sources of the same step, those that are so already as they are.

    Raises
    ------
    ValueError
        Where they go round in a circle without a delay.
    """
    done, waiting = {INPUT}, list(nodes)
    result: list[Node] = []
    while waiting:
        count = len(result)
        for node in waiting:
            if not instant(node) or done.issuperset(node.sources):
                result.append(node)
                done.add(node.name)
        if len(result) == count:
            names = ", ".join(sorted(n.name for n in waiting)[:8])
            raise ValueError(f"nodes must not form a circle without a delay, as {names} do")
        waiting = [n for n in waiting if n.name not in done]
    return result
