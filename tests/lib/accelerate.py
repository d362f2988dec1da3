"""Runs whole networks on the accelerator and compares every spike and potential with golden's."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from somagate.hw.plan import Plan
from somagate.sim import golden
from somagate.sim.trace import Trace, compare
from stream_bench import Bench, same


def must_equal_golden(
    dut: Any, plan: Plan, x: Any, *, stalls: str = "random", seed: int = 0
) -> Trace:
    """Run samples back to back and fail with the first difference; return golden's trace.

    Parameters
    ----------
    dut
        The accelerator or the stage of `plan`.
    x
        (steps, batch, *input shape).
    stalls, seed
        Of the bench, for all three streams.
    """
    tables = plan.tables
    trace = golden.run(tables, x, potentials=True)
    batch = x.shape[1]
    updates = [plan.updates(index) for index in range(len(tables.layers))]
    observations = batch * tables.steps * sum(map(len, updates))
    bench = Bench(dut, stalls=stalls, seed=seed)
    words = [word for sample in range(batch) for word in plan.pack_input(x[:, sample])]
    bench.send("input", dut.input, words)
    output = bench.receive("output", dut.output, batch * plan.classes)
    observe = bench.receive("observe", dut.observe, observations)
    bench.run(1000 + 5 * batch * tables.steps * sum(map(sum, most_cycles(plan))))

    spikes = {name: np.zeros_like(array) for name, array in trace.spikes.items()}
    potentials = {name: np.zeros_like(array) for name, array in trace.potentials.items()}
    came = [0] * len(updates)
    for seen in observe.payloads:
        layer = seen["layer"]
        assert layer < len(updates), f"there is no layer {layer}"
        number = came[layer]
        came[layer] += 1
        step, update = divmod(number, len(updates[layer]))
        sample, step = divmod(step, tables.steps)
        name = tables.layers[layer].name
        where = f"layer {name}, step {step}, sample {sample}, update {update}"
        assert sample < batch, f"{where} came too many"
        assert seen["index"] == update, f"{where} came with index {seen['index']}"
        for lane, (channel, row, column) in enumerate(updates[layer][update].tolist()):
            fire, v = seen["spikes"] >> lane & 1, seen["potentials"][lane]
            if channel < 0:
                assert (fire, v) == (0, 0), f"{where}: unused lane {lane} holds {fire}, {v}"
                continue
            dense = spikes[name].ndim == 3
            place = (step, sample, channel) if dense else (step, sample, channel, row, column)
            spikes[name][place], potentials[name][place] = fire, v
    for name, count, places in zip(spikes, came, updates, strict=True):
        due = batch * tables.steps * len(places)
        assert count == due, f"layer {name} sent {count} observations and not {due}"
    rtl = Trace(
        tables=tables.sha256,
        output=trace.output,
        prediction=trace.prediction,
        spikes=spikes,
        potentials=potentials,
    )
    difference = compare(trace, rtl)
    assert difference is None, f"golden and RTL differ first in {difference}"
    same("output", output.payloads, list(results(trace)))
    return trace


def results(trace: Trace) -> Iterator[dict[str, int]]:
    """Yield the transfers of `Accelerator.output` of a batch."""
    for values, prediction in zip(trace.output.tolist(), trace.prediction, strict=True):
        for index, value in enumerate(values):
            best = int(np.argmax(values[: index + 1]))
            yield {"value": value, "index": index, "prediction": best,
                   "last": int(index == len(values) - 1)}  # fmt: skip
        assert best == prediction


def most_cycles(plan: Plan, density: float = 1) -> Iterator[tuple[int, ...]]:
    """Yield about the cycles of each layer in one time step at a density of spikes.

    (to read words, to add events, to update), as if none of them overlapped.
    """
    for d in plan.descriptors:
        visits = d.positions * d.groups
        words = d.kernel[0] * (1 + d.segment_bits // plan.word_bits)
        yield (
            visits * (words + 1),
            int(visits * (1 + density * d.group_rows)),
            visits * (plan.lanes // plan.update_lanes) + 20,
        )
