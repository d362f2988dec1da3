"""NIR files: read leniently, checked by us, and never by NIR's own reader.

Exporters differ: they leave fields out, write scalars for vectors, other types, edges in any order,
batch and time in the input's shape. All that is taken; what isn't sound is one line that names
file, node, field, value, and what would be right.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..floats import Floats
from ..graph import Delay, Network, Node, Origin, Shape
from ..rule import Neuron
from . import hdf5, nir_rules
from .circles import circles
from .hdf5 import Group, NirFileError, short
from .nir_nodes import op
from .nir_rules import NEURONS, Stated

MOST_EDGES = 1 << 16
TORCH = (".pth", ".pt", ".ckpt")
"""How files of torch's weights end."""
FIELDS = ("r", "tau", "tau_mem", "tau_syn", "v_leak", "v_threshold", "v_reset", "w_in")


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


@dataclass
class _Graph:
    """All nodes of a file and of the graphs in it, by names such as 'lif.w_rec'."""

    groups: dict[str, Group] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    edges: set[tuple[str, str]] = field(default_factory=set)


class _Reader:
    def __init__(self, root: Group, stated: Stated) -> None:
        self._root = root
        self._stated = stated
        self._graph = _Graph()
        self._notes: list[str] = []

    def network(self, readout: str | None, voters: int) -> Network:
        root = self._root
        if "node" not in root:
            raise root.error("must hold a NIR graph called 'node', but holds none")
        self._collect(root.group("node"), "")
        graph = self._graph
        fields = {
            name: self._fields(graph.groups[name])
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
        nodes, shape = self._nodes(neurons, source)
        if source == "sinabs" and stated.v_min is None:
            self._notes.append("v_min isn't in the file: potentials have no lower bound")
        version = root.text("version") if "version" in root else "unknown"
        potential = all(neuron.threshold is None for neuron in list(neurons.values())[-1:])
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
        return found

    def _collect(self, graph: Group, prefix: str) -> tuple[list[str], list[str]]:
        """Take in a graph and those in it; return the names of its inputs and outputs."""
        if "nodes" not in graph:
            raise graph.error("a graph must have 'nodes', but has none")
        nodes, found = graph.group("nodes"), self._graph
        inner: dict[str, tuple[list[str], list[str]]] = {}
        inputs, outputs = [], []
        for name in nodes.names():
            full = f"{prefix}{name}"
            node = nodes.group(name, f"node {short(full)}")
            kind = node.text("type") if "type" in node else ""
            if kind == "NIRGraph":
                inner[name] = self._collect(node, f"{full}.")
                continue
            found.groups[full], found.kinds[full] = node, kind
            if len(found.kinds) > 4096:
                raise graph.error("all graphs together must have at most 4096 nodes")
            if kind == "Input":
                inputs.append(full)
            elif kind == "Output":
                outputs.append(full)
            inner[name] = ([full], [full])
        if "edges" not in graph:
            raise graph.error(
                "a graph must have 'edges', but has none: the export of it didn't end; export again"
            )
        edges = graph.texts("edges", 2)
        if len(edges) > MOST_EDGES:
            raise graph.error(f"edges must be at most {MOST_EDGES}, not {len(edges)}")
        for source, target in edges:
            for end in (source, target):
                if end not in inner:
                    raise graph.error(f"edges must join nodes, not {short(end)!r}, which is none")
            found.edges |= {(a, b) for a in inner[source][1] for b in inner[target][0]}
        return inputs, outputs

    def _fields(self, node: Group) -> dict[str, Floats]:
        found = {name: node.numbers(name, (0, 1, 2, 3)) for name in FIELDS if name in node}
        # Of a line, (channels, columns) is a map of one row.
        return {n: v[:, None, :] if v.ndim == 2 else v for n, v in found.items()}

    def _neuron(self, name: str, fields: dict[str, Floats], source: str) -> Neuron:
        node, kind = self._graph.groups[name], self._graph.kinds[name]
        needed = {"IF": ("r", "v_threshold"), "LIF": ("tau", "r", "v_threshold")}
        needed |= {"CubaLIF": ("tau_syn", "tau_mem", "r", "v_threshold"), "LI": ("tau", "r")}
        needed |= {"CubaLI": ("tau_syn", "tau_mem", "r"), "I": ("r",)}
        for missing in [n for n in needed[kind] if n not in fields]:
            raise node.error(f"{kind} must have the field {missing!r}, but has {sorted(fields)}")
        shapes = {value.shape for value in fields.values() if value.size > 1}
        if len(shapes) > 1:
            told = ", ".join(f"{n} {v.shape}" for n, v in fields.items() if v.size > 1)
            raise node.error(f"fields must have one shape, or one value each, not {told}")
        try:
            return nir_rules.neuron(kind, fields, source, self._stated)
        except (TypeError, ValueError) as error:
            raise node.error(str(error)) from None

    def _nodes(self, neurons: dict[str, Neuron], source: str) -> tuple[list[Node], Shape]:
        """Return the nodes in order, without those that only pass on, and the input's shape."""
        graph = self._graph
        sources: dict[str, list[str]] = {name: [] for name in graph.kinds}
        for a, b in sorted(graph.edges):
            sources[b].append(a)
        inputs = [n for n, kind in graph.kinds.items() if kind == "Input" and not sources[n]]
        if len(inputs) != 1:
            raise self._root.error(f"must have one Input, not {len(inputs)}")
        late = self._late(sources, set(neurons))
        order = self._order(sources, late, inputs[0])
        shape = self._input_shape(inputs[0], sources)
        shapes = {inputs[0]: shape}
        stands: dict[str, tuple[str, ...]] = {inputs[0]: ("input",)}
        nodes: list[Node] = []
        for name in order:
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
        return nodes, shape

    def _late(
        self, sources: dict[str, list[str]], neurons: set[str]
    ) -> set[tuple[str, str]]:  # fmt: skip
        """Return the edges that feed back, which carry the spikes of the step before."""
        late = set()
        for circle in circles(sources):
            inside = sorted(circle & neurons)
            if len(inside) != 1:
                names = ", ".join(sorted(circle)[:8])
                what = "none" if not inside else " and ".join(inside[:4])
                raise self._root.error(
                    f"a circle must hold one layer of neurons, whose spikes feed back a step "
                    f"later, but that of {names} holds {what}"
                )
            late |= {(inside[0], n) for n in circle if inside[0] in sources[n]}
        return late

    def _order(
        self, sources: dict[str, list[str]], late: set[tuple[str, str]], first: str
    ) -> list[str]:
        """Return the names of what the input reaches, behind their sources."""
        for name, feeds in sources.items():
            if not feeds and name != first:
                raise self._graph.groups[name].error("must have an edge that leads to it")
        order, done, waiting = [first], {first}, [n for n in sources if n != first]
        while waiting:
            ready = [n for n in waiting if all(f in done or (f, n) in late for f in sources[n])]
            assert ready  # circles are cut
            order += ready
            done.update(ready)
            waiting = [n for n in waiting if n not in done]
        return order

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
