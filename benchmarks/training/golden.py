"""Images a second of the golden simulator, on one thread, for the two networks of the manual.

Random tables and inputs, so that it needs no data: 784-128-10 over 25 time steps, and
16C3-P2-32C3-P2-10 over 4, with an input activity given on the command line.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
from time import process_time
from typing import Any, Literal

import numpy as np
from somagate.export.neuron import Leak, Neuron, Shift
from somagate.export.synapse import Convolution, Dense, SynapseGroup
from somagate.export.tables import Input, Layer, Pool, Readout, Tables
from somagate.sim.golden import golden

RUNS = 15


def layer(name: str, group: SynapseGroup, pool: Pool | None = None) -> Layer:
    """Return a layer of leaky neurons whose thresholds a tenth of random sums reach."""
    channels = len(group.weights)
    weights = group.weights.reshape(channels, -1)
    threshold = np.rint(1.3 * np.sqrt(0.15 * (weights.astype(np.int64) ** 2).sum(1)))
    neuron = Neuron(
        bias=np.zeros(channels, np.int32),
        threshold=threshold.astype(np.int32),
        store=Shift(bits=8, shift=2),
        reset="subtract",
        amount=threshold.astype(np.int32),
        leak=Leak(multiplier=np.array(15), shift=4),
    )
    return Layer(name=name, synapses=(group,), neuron=neuron, pool=pool)


Kind = Literal["dense", "convolution"]


def network(kind: Kind) -> Tables:
    """Return one of the two networks, with 4-bit weights."""
    rng = np.random.default_rng(0)

    def weights(*shape: int) -> Any:
        return np.clip(np.rint(rng.normal(0, 2.5, shape)), -8, 7).astype(np.int32)

    layers: tuple[Layer, ...]
    shape: tuple[int, ...]
    if kind == "dense":
        hidden = layer("hidden", Dense(source="input", weights=weights(128, 784), bits=4))
        last = Dense(source="hidden", weights=weights(10, 128), bits=4)
        layers, steps, shape = (hidden, layer("readout", last)), 25, (784,)
    else:
        one = Convolution(source="input", weights=weights(16, 1, 3, 3), bits=4, padding=(1, 1))
        two = Convolution(source="one", weights=weights(32, 16, 3, 3), bits=4, padding=(1, 1))
        last = Dense(source="two", weights=weights(10, 32 * 7 * 7), bits=4)
        layers = (layer("one", one, Pool()), layer("two", two, Pool()), layer("readout", last))
        steps, shape = 4, (1, 28, 28)
    return Tables(
        name=kind,
        steps=steps,
        input=Input(shape=shape),
        layers=layers,
        readout=Readout(layer="readout"),
    )


def measure(kind: Kind, batch: int, activity: float) -> dict[str, Any]:
    """Return the best images a second of `RUNS` runs, and how active the network was."""
    tables = network(kind)
    rng = np.random.default_rng(1)
    x = (rng.random((tables.steps, batch, *tables.input.shape)) < activity).astype(np.uint8)
    seconds = []
    for _ in range(RUNS):
        start = process_time()
        trace = golden.run(tables, x)
        seconds.append(process_time() - start)
    return {
        "network": kind,
        "steps": tables.steps,
        "batch": batch,
        "images_per_second": round(batch / min(seconds)),
        "activity": {name: round(float(rate.mean()), 3) for name, rate in trace.rates().items()},
    }


def main() -> None:
    """Print one line of JSON a measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--activity", type=float, default=0.13, help="of the input, 0…1")
    activity = parser.parse_args().activity
    runs: tuple[tuple[Kind, int], ...] = (
        ("dense", 1), ("dense", 256), ("convolution", 1), ("convolution", 128),
    )  # fmt: skip
    for kind, batch in runs:
        print(json.dumps(measure(kind, batch, activity)))


if __name__ == "__main__":
    main()
