"""NIR files as the frameworks' exporters write them, made with h5py."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Nodes = dict[str, dict[str, Any]]


def write(
    path: Path, nodes: Nodes, edges: Iterable[tuple[str, str]] | None, version: str = "1.0.8"
) -> Path:
    """Write a file; a node's 'nodes' and 'edges' make it a graph in the graph."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        file["version"] = version
        graph = file.create_group("node")
        graph["type"] = "NIRGraph"
        _graph(graph, nodes, edges)
    return path


def _graph(graph: Any, nodes: Nodes, edges: Iterable[tuple[str, str]] | None) -> None:
    for name, fields in nodes.items():
        node = graph.create_group(f"nodes/{name}")
        if "nodes" in fields:
            node["type"] = "NIRGraph"
            _graph(node, fields["nodes"], fields["edges"])
            continue
        for field, value in fields.items():
            node[field] = value
    if edges is not None:
        graph["edges"] = [[a.encode(), b.encode()] for a, b in edges]


def chain(*nodes: dict[str, Any], shape: tuple[int, ...], names: str = "{}") -> tuple[Nodes, Any]:
    """Return nodes one behind another, between Input and Output, and their edges."""
    found: Nodes = {"input": {"type": "Input", "shape": np.array(shape)}}
    found |= {names.format(i): node for i, node in enumerate(nodes)}
    weights = [np.shape(node["weight"]) for node in nodes if "weight" in node]
    flat = bool(weights) and len(weights[-1]) == 2
    found["output"] = {"type": "Output"} | ({"shape": [weights[-1][0]]} if flat else {})
    order = list(found)
    return found, list(reversed(list(zip(order, order[1:], strict=False))))


def affine(weight: Any, bias: Any = None) -> dict[str, Any]:
    """Return a Linear, or with a bias an Affine, in float32."""
    node = {"type": "Linear", "weight": np.asarray(weight, np.float32)}
    return node if bias is None else node | {"type": "Affine", "bias": np.asarray(bias, "f4")}


def leaky(beta: Any, threshold: float = 1.0, shape: tuple[int, ...] = ()) -> dict[str, Any]:
    """Return snnTorch's Leaky as its exporter writes it, in float32."""
    beta = np.broadcast_to(np.float32(beta), shape)
    tau = np.asarray(np.float32(1e-4) / (1 - beta), np.float32)
    return {
        "type": "LIF", "tau": tau, "r": np.asarray(tau / np.float32(1e-4), np.float32),
        "v_leak": np.zeros(shape, "f4"), "v_threshold": np.full(shape, threshold, "f4"),
        "v_reset": np.zeros(shape, "f4"),
    }  # fmt: skip


def lif(tau: float, *, r: float = 1.0, **fields: Any) -> dict[str, Any]:
    """Return a LIF of one time constant in seconds."""
    return {"type": "LIF", "tau": tau, "r": r, "v_threshold": 1.0, "v_leak": 0.0} | fields
