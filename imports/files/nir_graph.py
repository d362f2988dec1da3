"""The graph of a NIR file: its nodes and edges, those of the graphs in it included."""

from dataclasses import dataclass, field
from functools import cached_property

from .circles import circles
from .hdf5 import Fields, short

MOST_EDGES = 1 << 16


@dataclass
class Graph:
    """All nodes of a file and of the graphs in it, by names such as 'lif.w_rec'.

    Attributes
    ----------
    root
        The file.
    groups, kinds
        Fields and type of each node.
    edges
        Pairs of names, source and target.
    outputs
        The file's own Outputs, without those of the graphs in it.

    Raises
    ------
    NirFileError
        Where the file holds no graph, or one that isn't sound.
    """

    root: Fields
    groups: dict[str, Fields] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    edges: set[tuple[str, str]] = field(default_factory=set)
    outputs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if "node" not in self.root:
            raise self.root.error("must hold a NIR graph called 'node', but holds none")
        _, self.outputs = self._collect(self.root.group("node"), "")

    @cached_property
    def sources(self) -> dict[str, list[str]]:
        """What each node reads, by name."""
        found: dict[str, list[str]] = {name: [] for name in self.kinds}
        for a, b in sorted(self.edges):
            found[b].append(a)
        return found

    @cached_property
    def start(self) -> str:
        """The name of the one Input that nothing leads to."""
        inputs = [n for n, kind in self.kinds.items() if kind == "Input" and not self.sources[n]]
        if len(inputs) != 1:
            raise self.root.error(f"must have one Input, not {len(inputs)}")
        return inputs[0]

    @property
    def end(self) -> str:
        """The name of the file's one Output."""
        if len(self.outputs) != 1:
            told = [
                f"{short(name)} of {', '.join(map(short, self.sources[name][:8])) or 'nothing'}"
                for name in self.outputs[:8]
            ]
            raise self.root.error(
                f"must have one Output, which reads the layer that answers, not "
                f"{len(self.outputs)}{': ' * bool(told)}{'; '.join(told)}"
                f"{'; take out those of branches that nothing depends on' * bool(told)}"
            )
        return self.outputs[0]

    def _collect(self, graph: Fields, prefix: str) -> tuple[list[str], list[str]]:
        """Take in a graph and those in it; return the names of its inputs and outputs."""
        if "nodes" not in graph:
            raise graph.error("a graph must have 'nodes', but has none")
        nodes = graph.group("nodes")
        inner: dict[str, tuple[list[str], list[str]]] = {}
        inputs, outputs = [], []
        for name in nodes.names():
            full = f"{prefix}{name}"
            node = nodes.group(name, f"node {short(full)}")
            kind = node.text("type") if "type" in node else ""
            if kind == "NIRGraph":
                inner[name] = self._collect(node, f"{full}.")
                continue
            self.groups[full], self.kinds[full] = node, kind
            if len(self.kinds) > 4096:
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
            self.edges |= {(a, b) for a in inner[source][1] for b in inner[target][0]}
        return inputs, outputs

    def late(self, neurons: set[str]) -> set[tuple[str, str]]:
        """Return the edges that feed back, which carry the spikes of the step before."""
        late = set()
        for circle in circles(self.sources):
            inside = sorted(circle & neurons)
            if len(inside) != 1:
                names = ", ".join(sorted(circle)[:8])
                what = "none" if not inside else " and ".join(inside[:4])
                raise self.root.error(
                    f"a circle must hold one layer of neurons, whose spikes feed back a step "
                    f"later, but that of {names} holds {what}"
                )
            late |= {(inside[0], n) for n in circle if inside[0] in self.sources[n]}
        return late

    def order(self, late: set[tuple[str, str]]) -> list[str]:
        """Return the names of what the input reaches, behind their sources but for late edges."""
        sources, first = self.sources, self.start
        for name, feeds in sources.items():
            if not feeds and name != first:
                raise self.groups[name].error("must have an edge that leads to it")
        order, done, waiting = [first], {first}, [n for n in sources if n != first]
        while waiting:
            ready = [n for n in waiting if all(f in done or (f, n) in late for f in sources[n])]
            assert ready  # circles are cut
            order += ready
            done.update(ready)
            waiting = [n for n in waiting if n not in done]
        return order


__all__ = ["MOST_EDGES", "Graph"]
