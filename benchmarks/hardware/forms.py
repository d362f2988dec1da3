"""What each optional form of the contract costs in cells: a design with it beside one without.

    python -m benchmarks.hardware.forms

The reference is the network of `benchmarks.lib.networks.dense`, 64-32-16 on 8 lanes, of which 4
are updated a cycle, with the hidden layer's rule changed; for pools that of `convolution` on 8
rows. Each is synthesized out of context and packed by nextpnr for iCE40 and ECP5, so counts are
real ones.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from somagate.export.neuron import Current, Leak, Shift
from somagate.export.tables import Pool, Readout, Tables
from somagate.hw.plan.plan import Plan

from benchmarks.hardware.resources import real
from benchmarks.lib import networks

FAMILIES = ("ice40", "ecp5")
CACHE = Path("runs/benchmarks/synthesized")


def reference() -> Tables:
    """Return the network that most forms are added to: a decay of 1/2, reset to zero."""
    tables = networks.dense(64, 32, 16, steps=8)
    return _neurons(tables, reset="zero", amount=None, leak=Leak(multiplier=1, shift=1))


def _neurons(tables: Tables, **changes: Any) -> Tables:
    """Return a network whose hidden layer has other neurons."""
    first = tables.layers[0]
    first = replace(first, neuron=replace(first.neuron, **changes))
    return replace(tables, layers=(first, *tables.layers[1:]))


def _potentials(tables: Tables, **answer: Any) -> Tables:
    """Return a network that answers by potentials."""
    last = tables.layers[-1]
    neuron = replace(last.neuron, threshold=None, reset="none", amount=None)
    readout = Readout(layer=last.name, kind="potential", **answer)
    return replace(tables, layers=(*tables.layers[:-1], replace(last, neuron=neuron)),
                   readout=readout)  # fmt: skip


def _answer(tables: Tables, **answer: Any) -> Tables:
    return replace(tables, readout=Readout(layer=tables.readout.layer, **answer))


def _pooled(tables: Tables, **pool: Any) -> Tables:
    first = tables.layers[0]
    return replace(tables, layers=(replace(first, pool=Pool(**pool)), *tables.layers[1:]))


def forms() -> list[tuple[str, Tables, Tables]]:
    """Return (name, without, with) of each form."""
    plain = reference()
    threshold = plain.layers[0].neuron.threshold
    bound = np.full(32, -20)
    whole = _neurons(plain, leak=Leak(), reset="subtract", amount=threshold)
    current = Current(store=Shift(bits=6, shift=2), leak=Leak(multiplier=1, shift=1))
    maps = networks.convolution(8)
    potentials = _potentials(plain)
    return [
        (
            "leak rounded up",
            plain,
            _neurons(plain, leak=Leak(multiplier=1, shift=1, rounding="up")),
        ),
        ("gain of 4 bits", plain, _neurons(plain, gain=4)),
        ("lower bound", plain, _neurons(plain, lower_bound=bound)),
        ("mask of negative states", plain, _neurons(plain, mask_negative=True)),
        ("reset subtract", plain, _neurons(plain, reset="subtract", amount=threshold)),
        ("reset undelayed", plain, _neurons(plain, reset="undelayed", amount=threshold)),
        ("reset blank", plain, _neurons(plain, reset="blank")),
        ("up to 7 spikes a step", whole, _neurons(whole, spike_bits=3)),
        ("synaptic current, 6 bits", plain, _neurons(plain, current=current)),
        ("pool of sums, maximum", maps, _pooled(maps, of="sums")),
        ("pool of sums, sum", maps, _pooled(maps, of="sums", kind="sum")),
        ("answer by the first spike", plain, _answer(plain, kind="first")),
        ("answer by 2 voters a class", plain, _answer(plain, voters=2)),
        ("answer by every potential", potentials, _potentials(plain, over="every")),
        ("answer by the largest potential", potentials, _potentials(plain, over="largest")),
        ("answer by the sum of potentials", potentials, _potentials(plain, over="sum")),
    ]


def cells(tables: Tables, family: str) -> int:
    """Return the cells of logic that the reference plan of a network takes."""
    plan = Plan.single(tables, lanes=8, update_lanes=4, word_bits=32)
    return round(sum(logic for logic, _ in real(plan, family, CACHE)["blocks"].values()))


def main() -> None:
    """Print the table, as docs/benchmarks.md has it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.parse_args()
    print("| form | iCE40 without | with | more | ECP5 without | with | more |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, without, having in forms():
        row = [name]
        for family in FAMILIES:
            before, after = cells(without, family), cells(having, family)
            row += [f"{before:,}", f"{after:,}", f"{after - before:+,}"]
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
