"""How much of what the weight RAMs could deliver is of use, in the fastest plan of a VGG network.

A network 128C3-128C3-P2-128C3-128C3-P2-10 of 4-bit weights and 2-bit potentials, on 28x28 places
with two channels of events, whose weights fill most of an ECP5-85F's block RAM. The planner chooses
the fastest plan from the activity of each channel; its cycles are then predicted, exactly, for some
other samples. A block RAM's port delivers 36 bits a cycle, so nine weights. With ``--verify`` the
Verilog is simulated too, and every spike and potential compared.
"""

import argparse
import json
import sys
from dataclasses import asdict, replace

import numpy as np
from numpy.typing import NDArray
from somagate.export.neuron import Leak, Neuron, Shift
from somagate.export.synapse import Convolution, Dense
from somagate.export.tables import Input, Layer, Pool, Readout, Tables
from somagate.hw.cost.part import PARTS
from somagate.hw.search.choose import choose
from somagate.hw.search.wanted import Wanted
from somagate.sim.cycles.predict import predict
from somagate.sim.cycles.timing import TraceTiming
from somagate.sim.golden import golden
from somagate.sim.golden.activity import channel_rates
from somagate.sim.verify.verify import verify

STEPS, CHANNELS, SIZE, WIDTH = 4, 2, 28, 128
POOLS = (False, True, False, True)
PORT_BITS, WEIGHT_BITS = 36, 4


def samples(count: int, activity: float, seed: int) -> NDArray[np.int8]:
    """Return random events, int8 (steps, count, channels, rows, columns)."""
    rng = np.random.default_rng(seed)
    drawn = rng.random((STEPS, count, CHANNELS, SIZE, SIZE)) < activity
    return drawn.astype(np.int8)


def network(activity: float) -> Tables:
    """Return random tables in which each map behind its pool has about that activity."""
    rng = np.random.default_rng(1)
    x = samples(1, activity, 1)
    layers: list[Layer] = []
    source, size, channels = "input", SIZE, CHANNELS
    for number, pooled in enumerate(POOLS, 1):
        layer = Layer(
            name=f"conv{number}",
            synapses=(
                Convolution(
                    source=source,
                    weights=rng.integers(-7, 8, (WIDTH, channels, 3, 3)),
                    bits=WEIGHT_BITS,
                    padding=1,
                ),
            ),
            neuron=Neuron(
                bias=np.zeros(WIDTH, np.int32),
                threshold=np.ones(WIDTH, np.int32),
                leak=Leak(multiplier=1, shift=1),
                store=Shift(bits=2, shift=5),
            ),
            pool=Pool(size=(2, 2)) if pooled else None,
        )
        size, channels, source = size // (2 if pooled else 1), WIDTH, layer.name
        out = _readout(rng, source, channels * size * size)
        low, high = 1, 500
        while low < high:
            middle = (low + high) // 2
            tried = _with_threshold(layer, middle)
            tables = _tables([*layers, tried], out)
            rates = channel_rates(tables, golden.run(tables, x), x)
            low, high = (middle + 1, high) if rates[source].mean() > activity else (low, middle)
        layers.append(_with_threshold(layer, low))
    return _tables(layers, out)


def _with_threshold(layer: Layer, value: int) -> Layer:
    return replace(layer, neuron=replace(layer.neuron, threshold=np.full(WIDTH, value, np.int32)))


def _readout(rng: np.random.Generator, source: str, inputs: int) -> Layer:
    return Layer(
        name="out",
        synapses=(Dense(source=source, weights=rng.integers(-7, 8, (10, inputs)), bits=4),),
        neuron=Neuron(
            bias=np.zeros(10, np.int32),
            threshold=None,
            store=Shift(bits=12, shift=4),
            reset="none",
        ),
    )


def _tables(layers: list[Layer], out: Layer) -> Tables:
    return Tables(
        name="vgg",
        steps=STEPS,
        input=Input(shape=(CHANNELS, SIZE, SIZE)),
        layers=(*layers, out),
        readout=Readout(layer="out", kind="potential"),
    )


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--part", default="lfe5u-85f", choices=list(PARTS))
    parser.add_argument("--activity", type=float, default=0.1, help="spikes a place and time step")
    parser.add_argument("--samples", type=int, default=4)
    parser.add_argument("--verify", action="store_true", help="simulate the Verilog too")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    tables = network(given.activity)
    seen = samples(2, given.activity, 2)
    trace = golden.run(tables, seen)
    rates = channel_rates(tables, trace, seen)
    choice = choose(
        tables,
        PARTS[given.part],
        Wanted(goal="fastest"),
        rates=rates,
        timing=TraceTiming(tables, trace, seen),
        progress=lambda cycles, tried: print(
            f"{cycles:,.0f} cycles, {tried} plans", end="\r", file=sys.stderr
        ),
    )
    x = samples(given.samples, given.activity, 3)
    found = predict(choice.plan, golden.run(tables, x), x)
    additions = sum(int(values.sum()) for values in found.additions.values())
    rams = sum(m.block_rams for m in choice.resources.memories if m.stored.name[:7] == "weights")
    most = rams * PORT_BITS // WEIGHT_BITS
    result = {
        "part": given.part,
        "activity": {name: round(float(rate.mean()), 4) for name, rate in rates.items()},
        "word_bits": choice.plan.word_bits,
        "stages": [asdict(shape) for shape in choice.plan.shapes],
        "resources": {
            name: f"{count.used:,} of {count.available:,}"
            for name, count in choice.resources.counts.items()
        },
        "weight_block_rams": rams,
        "cycles_per_sample": round(found.busy_cycles / given.samples, 1),
        "additions_per_cycle": round(additions / found.busy_cycles, 1),
        "weights_per_cycle_at_most": most,
        "share": round(additions / found.busy_cycles / most, 4),
        "efficiency": {n: round(float(e.mean()), 3) for n, e in found.efficiency.items()},
    }
    if given.verify:
        verdict = verify(choice.plan, x)
        result |= {"rtl_equals_golden": verdict.equal, "rtl_cycles": verdict.busy_cycles}
    if given.json:
        print(json.dumps(result, indent=2))
        return
    for key, value in result.items():
        print(f"{key:28} {value}")


if __name__ == "__main__":
    main()
