"""Networks with and without masks of negative potentials, and whether those matter to a run."""

from collections.abc import Container
from dataclasses import replace
from typing import Any

from somagate.export.tables import Tables
from somagate.sim.golden import golden


def masking(tables: Tables, layers: Container[str] | None = None) -> Tables:
    """Return tables that mask negative potentials in these layers alone; None is all that fire."""
    found = []
    for layer in tables.layers:
        mask = layer.neuron.threshold is not None if layers is None else layer.name in layers
        found.append(replace(layer, neuron=replace(layer.neuron, mask_negative=mask)))
    return replace(tables, layers=tuple(found))


def kept_from_firing(tables: Tables, x: Any) -> list[str]:
    """Return the layers in which masks keep a neuron from firing that would fire.

    Of each of them the mask is taken away alone, so that what differs first is its doing.
    """
    spikes = golden.run(tables, x).spikes
    masked = [layer.name for layer in tables.layers if layer.neuron.mask_negative]
    return [
        name
        for name in masked
        if (golden.run(masking(tables, {*masked} - {name}), x).spikes[name] != spikes[name]).any()
    ]
