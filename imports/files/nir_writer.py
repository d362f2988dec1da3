"""Tables as a NIR file, for other tools; and the tables themselves in it, for this one.

NIR says weights, time constants and thresholds, and neither widths nor how potentials round,
saturate and are reset. So the graph is what the tables compute where nothing rounds: integers as
real numbers, a threshold half below the integer that fires, as NIR compares with '>'. The file of
the tables is in the graph's metadata, so what is read back by `contained` is identical.
"""

import tempfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ...checks.files import replacing
from ...export.layer import Layer
from ...export.neuron import Neuron
from ...export.synapse import Convolution, Dense
from ...export.tables import Tables
from . import hdf5
from .hdf5 import NirFileError

DT = 1e-4
"""Seconds a time step, as snnTorch's exporter has it."""
VERSION = "1.0.8"
"""Of NIR, whose nodes and fields these are."""
NEVER = 1e30
"""A threshold that nothing reaches: of a pruned channel."""

Node = dict[str, Any]


def write(tables: Tables, path: Path | str, *, overwrite: bool = True) -> None:
    """Write tables as a NIR file, whole or not at all.

    Raises
    ------
    NirFileError
        Where NIR has no node for what a layer does.
    FileExistsError
        Without `overwrite`, where something is there.
    """
    graph = _Graph(tables, str(path))
    with tempfile.TemporaryDirectory(prefix="somagate-") as name:
        own = Path(name, "tables.safetensors")
        tables.save(own)
        contents = np.frombuffer(own.read_bytes(), np.uint8)
    with replacing(Path(path), overwrite=overwrite) as part, h5py.File(part, "w") as file:
        file["version"] = VERSION
        root = file.create_group("node")
        root["type"] = "NIRGraph"
        for node, fields in graph.nodes.items():
            group = root.create_group(f"nodes/{node}")
            for field, value in fields.items():
                group[field] = value
        root["edges"] = [[a.encode(), b.encode()] for a, b in graph.edges]
        root.create_dataset("metadata/somagate", data=contents, compression="gzip")


def contained(path: Path | str) -> Tables | None:
    """Return the tables that `write` wrote into a NIR file, or None where it is another's.

    Raises
    ------
    NirFileError, TablesFileError
        Where the file isn't sound.
    OSError
        Where it can't be read.
    """
    root = hdf5.read(Path(path))
    if "node" not in root or "metadata" not in (graph := root.group("node")):
        return None
    metadata = graph.group("metadata")
    if "somagate" not in metadata:
        return None
    contents = metadata.numbers("somagate", (1,)).astype(np.uint8)
    with tempfile.TemporaryDirectory(prefix="somagate-") as name:
        own = Path(name, Path(path).name)
        own.write_bytes(contents.tobytes())
        return Tables.load(own)


class _Graph:
    """The nodes of tables and their edges."""

    def __init__(self, tables: Tables, path: str) -> None:
        self._tables = tables
        self._path = path
        self.nodes: dict[str, Node] = {"input": {"type": "Input", "shape": tables.input.shape}}
        self.edges: list[tuple[str, str]] = []
        self._ends = {"input": "input"}
        self._ends |= {layer.name: self._end(layer) for layer in tables.layers}
        for layer in tables.layers:
            self._layer(layer)
        last = tables.readout.layer
        self.nodes["output"] = {"type": "Output", "shape": tables.map_shapes[last]}
        self.edges.append((self._ends[last], "output"))

    def _refuse(self, layer: Layer, what: str) -> NirFileError:
        return NirFileError(
            f"{self._path}: layer {layer.name} has {what}, which NIR has no node for; keep the "
            "tables in a .safetensors file"
        )

    @staticmethod
    def _end(layer: Layer) -> str:
        """Return the node that a layer's readers read."""
        if layer.pool is None or layer.pool.of == "sums":
            return layer.name
        return f"{layer.name}_some" if layer.pool.kind == "max" else f"{layer.name}_pool"

    def _layer(self, layer: Layer) -> None:
        shape = self._tables.neuron_shapes[layer.name]
        bias = _shaped(layer.neuron.bias, (len(layer.neuron.bias),)).astype(np.float64)
        target = layer.name
        pool = layer.pool
        if pool is not None and pool.of == "sums":
            if pool.kind == "max":
                raise self._refuse(layer, "a maximum of currents")
            target = f"{layer.name}_sums"
            self._pool(target, pool.size)
            self.edges.append((target, layer.name))
            bias = bias / pool.area
        for number, group in enumerate(layer.synapses):
            name = f"{layer.name}_weights_{number}"
            source = self._ends[group.source]
            above = self._tables.map_shapes[group.source]
            if group.delay:
                late = f"{layer.name}_late_{number}"
                self.nodes[late] = {"type": "Delay", "delay": np.full(above, group.delay * DT)}
                self.edges.append((source, late))
                source = late
            if isinstance(group, Dense):
                node: Node = {"type": "Affine", "weight": group.weights.astype(np.float64),
                              "bias": bias}  # fmt: skip
                if len(above) == 3:
                    flat = f"{layer.name}_flat_{number}"
                    self.nodes[flat] = {
                        "type": "Flatten", "start_dim": 0, "end_dim": -1, "input_type": above,
                    }  # fmt: skip
                    self.edges.append((source, flat))
                    source = flat
            elif isinstance(group, Convolution):
                node = {
                    "type": "Conv2d", "weight": group.weights.astype(np.float64), "bias": bias,
                    "stride": group.stride, "padding": group.padding, "dilation": (1, 1),
                    "groups": group.groups, "input_shape": above[1:],
                }  # fmt: skip
            elif bias.any():
                raise self._refuse(layer, "a bias before its first weights")
            else:
                node = {"type": "Scale", "scale": _shaped(group.weights, above)}
            bias = np.zeros_like(bias)  # is in one group alone
            self.nodes[name] = node
            self.edges += [(source, name), (name, target)]
        self.nodes[layer.name] = self._neuron(layer, shape)
        if pool is not None and pool.of == "spikes":
            self._pool(f"{layer.name}_pool", pool.size)
            self.edges.append((layer.name, f"{layer.name}_pool"))
            if pool.kind == "max":
                if layer.neuron.spike_bits > 1:
                    raise self._refuse(layer, "a maximum of counts")
                windows = self._tables.map_shapes[layer.name]
                # It fires at any spike, and is then empty again, so it never has a state.
                some = {
                    "type": "IF",
                    "r": np.full(windows, 1 / DT),
                    "v_threshold": np.full(windows, 0.5),
                    "v_reset": np.zeros(windows),
                }
                self.nodes[f"{layer.name}_some"] = some
                self.edges.append((f"{layer.name}_pool", f"{layer.name}_some"))

    def _pool(self, name: str, size: tuple[int, int]) -> None:
        self.nodes[name] = {
            "type": "SumPool2d", "kernel_size": size, "stride": size, "padding": (0, 0)
        }  # fmt: skip

    def _neuron(self, layer: Layer, shape: tuple[int, ...]) -> Node:
        neuron = layer.neuron
        decay = _decay(neuron.leak)
        threshold = np.full(shape, NEVER)
        if neuron.threshold is not None:
            kept = self._tables.mask(layer.name)
            channels = np.where(kept, neuron.threshold - 0.5, NEVER)
            threshold = _shaped(channels, shape)
        mem, gain = _shaped(decay, shape), 2.0**neuron.gain
        zero = np.zeros(shape)
        fires = {} if neuron.threshold is None else {"v_threshold": threshold, "v_reset": zero}
        if neuron.current is not None:
            return {"type": "CubaLIF" if fires else "CubaLI", **fires,
                    **self._current(layer, neuron, mem, gain)}  # fmt: skip
        if (mem == 1).all():
            return {"type": "IF" if fires else "I", "r": np.full(shape, gain / DT), **fires}
        if (mem == 1).any():
            raise self._refuse(layer, "channels with a leak and others without")
        tau = DT / (1 - mem)
        return {"type": "LIF" if fires else "LI", "tau": tau, "r": gain * tau / DT, "v_leak": zero,
                **fires}  # fmt: skip

    def _current(self, layer: Layer, neuron: Neuron, mem: Any, gain: float) -> Node:
        assert neuron.current is not None
        syn = _shaped(_decay(neuron.current.leak), mem.shape)
        if (mem == 1).any() or (syn == 1).any():
            raise self._refuse(layer, "a current or potential without a leak")
        tau_mem, tau_syn = DT / (1 - mem), DT / (1 - syn)
        return {"tau_mem": tau_mem, "tau_syn": tau_syn, "r": tau_mem / DT,
                "w_in": gain * tau_syn / DT, "v_leak": np.zeros_like(mem)}  # fmt: skip


def _decay(leak: Any) -> Any:
    """Return what is left of a potential in each step, a number or one a channel."""
    return np.asarray(leak.multiplier, np.float64) / 2.0**leak.shift


def _shaped(channels: Any, shape: tuple[int, ...]) -> Any:
    """Return one number a channel, or one for all, for each element of a map."""
    values = np.asarray(channels, np.float64)
    if values.ndim:
        values = values.reshape(-1, *(1,) * (len(shape) - 1))
    return np.broadcast_to(values, shape).copy()
