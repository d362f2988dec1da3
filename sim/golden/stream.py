"""A network that goes on: each step finds what the one before has left."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...export.tables import Tables
from .answer import step_answers
from .golden import RunLayer
from .inputs import checked
from .past import Past
from .trace import Spikes, Trace


class Stream:
    """A golden network fed time step by time step, without end.

    It runs as one long inference does, which each call of `run` goes on with; an input that is
    constant in an inference may be another in each step. Every step has an answer of its own.

    Parameters
    ----------
    tables
        The network.
    batch
        Streams side by side.

    Raises
    ------
    ValueError
        Where the readout has a pruned class.
    """

    def __init__(self, tables: Tables, batch: int = 1) -> None:
        if tables.pruned_class:
            raise ValueError(f"layer {tables.readout.layer}: {tables.pruned_class}")
        self.tables = tables
        changing = replace(tables, input=replace(tables.input, constant=False))
        self._layers = [RunLayer(changing, layer) for layer in tables.layers]
        self._changing = changing
        self._kept = 1 + max(group.delay for layer in tables.layers for group in layer.synapses)
        self._batch = batch
        self.reset()

    def reset(self) -> None:
        """Forget all: the next step is the first."""
        self._states: dict[str, tuple[NDArray[Any], NDArray[Any]]] = {}
        self._maps: dict[str, NDArray[Any]] = {}
        self._spikes: dict[str, Spikes] = {}
        for layer in self._layers:
            v = np.zeros((self._batch, *layer.shape), layer.rule.dtype)
            self._states[layer.layer.name] = v, np.zeros_like(v)

    def run(self, x: NDArray[Any], potentials: bool = False) -> Trace:
        """Go on by some steps.

        Parameters
        ----------
        x
            Integers (steps, batch, *input shape), or bools for spikes; one step or more.
        potentials
            Whether the trace holds the potentials too.

        Returns
        -------
        A trace of these steps. Its `output` is (batch, steps, classes): of each step the spikes of
        a readout by count, 1 for those of one by the first spike, or the potentials.

        Raises
        ------
        TypeError, ValueError
            Where `x` is not what the tables' input can be.
        """
        x = np.asarray(x)
        if x.ndim < 2 or not len(x) or x.shape[1] != self._batch:
            shape = ", ".join(map(str, self.tables.input.shape))
            raise ValueError(f"x must have shape (steps, {self._batch}, {shape}), not {x.shape}")
        x = checked(replace(self._changing, steps=len(x)), x)
        self._maps["input"] = self._behind("input", x)
        gone = len(self._maps["input"]) - len(x)
        spikes: dict[str, Spikes] = {}
        values: dict[str, NDArray[np.int16]] = {}
        for layer in self._layers:
            name = layer.layer.name
            kind = np.bool_ if layer.rule.most_spikes == 1 else np.uint8
            fresh: Spikes = np.empty((len(x), self._batch, *layer.shape), kind)
            fires = np.concatenate([self._spikes[name], fresh]) if gone else fresh
            values[name] = np.empty(fresh.shape, np.int16)
            v, i = self._states[name]
            past = Past(v=v, i=i, steps=gone)
            self._maps[name] = layer.run(self._maps, fires, values[name], past)
            self._spikes[name] = fires[-self._kept :].copy()
            spikes[name] = fires[gone:]
        self._maps = {name: maps[-self._kept :].copy() for name, maps in self._maps.items()}
        layer_name = self.tables.readout.layer
        output = step_answers(self.tables, spikes[layer_name], values[layer_name])
        return Trace(
            tables=self.tables.sha256,
            output=output,
            prediction=output[:, -1].argmax(1),
            spikes=spikes,
            potentials=values if potentials else {},
        )

    def _behind(self, name: str, fresh: NDArray[Any]) -> NDArray[Any]:
        """Return maps behind those that are kept."""
        return np.concatenate([self._maps[name], fresh]) if name in self._maps else fresh
