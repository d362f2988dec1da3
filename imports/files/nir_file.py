"""NIR files: read leniently, checked by us, and never by NIR's own reader.

Exporters differ: they leave fields out, write scalars for vectors, other types, edges in any order,
batch and time in the input's shape. All that is taken; what isn't sound is one line that names
file, node, field, value, and what would be right.
"""

from math import prod
from pathlib import Path

import numpy as np

from ..floats import Floats
from ..graph import Delay, Flatten, Network, Node, Origin, Shape
from ..rule import Neuron
from . import hdf5, nir_rules
from .hdf5 import Fields, NirFileError, short
from .nir_graph import Graph
from .nir_nodes import FIELDS, must_be_known, op
from .nir_rules import NEURONS, Stated

TORCH = (".pth", ".pt", ".ckpt")
"""How files of torch's weights end."""


def read(
    path: Path | str,
    stated: Stated | None = None,
    readout: str | None = None,
    voters: int = 1,
) -> Network:
    """Return the network in a NIR file.

    Parameters
    ----------
    path
        The file.
    stated
        What the file doesn't say; by default nothing is stated.
    readout, voters
        How the last layer answers, and by how many neurons a class; a readout of None is by its
        potential where it never fires.

    Raises
    ------
    NirFileError
        Where the file isn't sound, something in it isn't taken, or more has to be stated.
    OSError
        Where it can't be read.
    """
    path = Path(path)
    stated = stated or Stated()
    if path.suffix in TORCH:
        raise NirFileError(
            f"{path}: must be a NIR file, not torch's weights, which hold no thresholds and no "
            "rule; build the network, load_state_dict into it, and pass it to sg.from_snntorch, "
            "from_spikingjelly or from_norse"
        )
    return _Reader(hdf5.read(path), stated).network(readout, voters)


class _Reader:
    def __init__(self, root: Fields, stated: Stated) -> None:
        self._root = root
        self._stated = stated
        self._graph = Graph(root)
        self._notes: list[str] = []

    def network(self, readout: str | None, voters: int) -> Network:
        root = self._root
        graph = self._graph
        for name, kind in graph.kinds.items():
            must_be_known(kind, graph.groups[name])
        fields = {
            name: self._fields(kind, graph.groups[name])
            for name, kind in graph.kinds.items()
            if kind in NEURONS
        }
        stated = self._stated
        source = stated.source or nir_rules.detect(graph.kinds, fields)
        try:
            source = nir_rules.required(
                source, stated, {kind for kind in graph.kinds.values() if kind in NEURONS}
            )
        except ValueError as error:
            raise root.error(str(error)) from None
        neurons = {name: self._neuron(name, fields[name], source) for name in fields}
        nodes, shape, feeds = self._nodes(neurons, source)
        answer = self._answer(nodes, feeds)
        nodes = self._needed(nodes, answer)
        if source == "sinabs" and stated.v_min is None:
            self._notes.append("v_min isn't in the file: potentials have no lower bound")
        version = root.text("version") if "version" in root else "unknown"
        potential = neurons[answer].threshold is None
        try:
            found = Network(
                input_shape=shape,
                nodes=tuple(nodes),
                readout=readout or ("potential" if potential else "count"),
                voters=voters,
                origin=Origin(framework=f"nir ({source})", version=version),
                notes=tuple(self._notes),
            )
        except ValueError as error:
            raise root.error(str(error)) from None
        self._must_fit(found.shapes[answer])
        return found

    def _fields(self, kind: str, node: Fields) -> dict[str, Floats]:
        """Return the parameters of a layer of neurons, of one shape or one value each."""
        found = {name: node.numbers(name, (0, 1, 2, 3)) for name in FIELDS[kind] if name in node}
        # Of a line, (channels, columns) is a map of one row.
        found = {n: v[:, None, :] if v.ndim == 2 else v for n, v in found.items()}
        if len({value.shape for value in found.values() if value.size > 1}) > 1:
            told = ", ".join(f"{n} {v.shape}" for n, v in found.items() if v.size > 1)
            raise node.error(f"fields must have one shape, or one value each, not {told}")
        for name in ("tau", "tau_mem", "tau_syn"):
            if name in found and found[name].min() <= 0:
                raise node.error(
                    f"{name} must be a time constant above 0, in seconds, not {found[name].min():g}"
                )
        if self._stated.source is None and "r" in found and found["r"].min() <= 0:
            raise node.error(
                f"r must be above 0, as exporters write it, not {found['r'].min():g}; pass source= "
                "where it is meant so"
            )
        return found

    def _neuron(self, name: str, fields: dict[str, Floats], source: str) -> Neuron:
        node, kind = self._graph.groups[name], self._graph.kinds[name]
        needed = {"IF": ("r", "v_threshold"), "LIF": ("tau", "r", "v_threshold")}
        needed |= {"CubaLIF": ("tau_syn", "tau_mem", "r", "v_threshold"), "LI": ("tau", "r")}
        needed |= {"CubaLI": ("tau_syn", "tau_mem", "r"), "I": ("r",)}
        for missing in [n for n in needed[kind] if n not in fields]:
            raise node.error(f"{kind} must have the field {missing!r}, but has {sorted(fields)}")
        try:
            return nir_rules.neuron(kind, fields, source, self._stated)
        except (TypeError, ValueError) as error:
            raise node.error(str(error)) from None

    def _nodes(
        self, neurons: dict[str, Neuron], source: str
    ) -> tuple[list[Node], Shape, tuple[str, ...]]:
        """Return the nodes in order, the input's shape, and what the Output reads.

        Nodes that only pass on are left out.
        """
        graph = self._graph
        sources, start, end = graph.sources, graph.start, graph.end
        late = graph.late(set(neurons))
        shape = self._input_shape(start, sources)
        shapes = {start: shape}
        stands: dict[str, tuple[str, ...]] = {start: ("input",)}
        nodes: list[Node] = []
        for name in graph.order(late):
            kind = graph.kinds[name]
            if kind in ("Input", "Output"):
                found = dict.fromkeys(s for feed in sources[name] for s in stands.get(feed, ()))
                stands.setdefault(name, tuple(found))
                known = [shapes[feed] for feed in sources[name] if feed in shapes]
                shapes.setdefault(name, known[0] if known else shape)
                continue
            feeds: dict[str, None] = {}
            for feed in sources[name]:
                if (feed, name) in late:
                    delayed = f"{feed}.delayed"
                    if all(node.name != delayed for node in nodes):
                        step = Delay(steps=np.array(1))
                        nodes.append(Node(name=delayed, op=step, sources=(feed,)))
                    feeds[delayed] = None
                else:
                    feeds |= dict.fromkeys(stands[feed])
            known = [shapes[f] for f in sources[name] if f in shapes]
            made = neurons.get(name)
            group = graph.groups[name]
            if made is None:
                dt = self._stated.dt or nir_rules.STEPS.get(source, 1.0)
                step_op = op(kind, group, known[0] if known else shape, dt)
                nodes.append(Node(name=name, op=step_op, sources=tuple(feeds)))
                if known and not isinstance(step_op, Neuron):
                    try:
                        shapes[name] = step_op.target(known[0])
                    except ValueError as error:
                        raise group.error(str(error)) from None
            else:
                nodes.append(Node(name=name, op=made, sources=tuple(feeds)))
                if known:
                    shapes[name] = known[0]
            stands[name] = (name,)
        return nodes, shape, stands[end]

    def _must_fit(self, shape: Shape) -> None:
        """Raise where the Output's shape isn't that of what it reads, batch and time before it."""
        node = self._graph.groups[self._graph.end]
        if "shape" not in node:
            return
        told = node.integers("shape", (0, 1))
        if prod(shape) not in (prod(told[start:]) for start in range(len(told))):
            raise node.error(
                f"shape must be that of what the Output reads, {shape}, not {told}; batch and time "
                "may be before it"
            )

    def _answer(self, nodes: list[Node], feeds: tuple[str, ...]) -> str:
        """Return the layer of neurons that the Output reads; flattening doesn't change it."""
        if len(feeds) != 1:
            raise self._root.error(
                f"its Output must read one layer of neurons, not {len(feeds)}: "
                f"{', '.join(short(feed) for feed in feeds[:8])}"
            )
        known = {node.name: node for node in nodes}
        (name,) = feeds
        while name in known and isinstance(known[name].op, Flatten):
            if len(known[name].sources) > 1:
                break
            (name,) = known[name].sources
        if name not in known or not isinstance(known[name].op, Neuron):
            kind = self._graph.kinds.get(name, "Input")
            raise self._root.error(
                f"its Output must read a layer of neurons, not {short(name)!r}, of type {kind}; "
                "put an LI behind it, which answers by its potential, or let it read the spikes"
            )
        return name

    def _needed(self, nodes: list[Node], answer: str) -> list[Node]:
        """Return the nodes that the answer depends on, the layer that answers last."""
        known = {node.name: node for node in nodes}
        needed: dict[str, None] = {}
        waiting = [answer]
        while waiting:
            name = waiting.pop()
            if name in known and name not in needed:
                needed[name] = None
                waiting += known[name].sources
        left = [
            node.name
            for node in nodes
            if node.name not in needed and not isinstance(node.op, Flatten)
        ]
        if left:
            names = ", ".join(short(name) for name in left[:8])
            self._notes.append(f"the Output doesn't depend on these, which are left out: {names}")
        return [node for node in nodes if node.name in needed]

    def _input_shape(self, name: str, sources: dict[str, list[str]]) -> Shape:
        node = self._graph.groups[name]
        shape = node.integers("shape", (1,))
        if min(shape) < 1 or len(shape) > 5:
            raise node.error(f"shape must be sizes of 1 or more, not {shape}")
        first = next((n for n, feeds in sources.items() if name in feeds), name)
        if self._graph.kinds[first] in ("Linear", "Affine") and len(shape) > 1:
            columns = self._graph.groups[first].numbers("weight", (2,)).shape[1]
            if columns == shape[-1] and columns != int(np.prod(shape, dtype=object)):
                self._notes.append(f"the Input's shape {shape} is taken as {columns} elements")
                return (columns,)
        if len(shape) > 3:
            self._notes.append(f"the Input's shape {shape} is taken without its first sizes")
            shape = shape[-3:]
        return (shape[0], 1, shape[1]) if len(shape) == 2 else shape


__all__ = ["NirFileError", "Stated", "read"]
