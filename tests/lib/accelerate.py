"""Runs whole networks on the accelerator and compares every spike and potential with golden's."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import connect, flipped
from somagate.export.tables import Tables
from somagate.hw.plan.loading import load
from somagate.hw.plan.plan import Plan
from somagate.hw.rtl.accelerator import Accelerator
from somagate.sim.bench.ports import Ports
from somagate.sim.bench.scenario import Record
from somagate.sim.cycles.predict import predict
from somagate.sim.golden import golden
from somagate.sim.golden.stream import Stream
from somagate.sim.golden.trace import Trace, compare
from somagate.sim.verify.loaded import lay_out
from somagate.sim.verify.measured import busy_cycles, layer_cycles, sample_cycles
from somagate.sim.verify.order import Observations, Order
from somagate.sim.verify.settings import Dut, Setup
from somagate.sim.verify.verify import verify
from stream_bench import Bench, Transfers, same


def must_equal_golden(
    dut: Any,
    plan: Plan,
    x: Any,
    *,
    stalls: str = "random",
    seed: int = 0,
    tables: Tables | None = None,
) -> Trace:
    """Run samples back to back and fail with the first difference; return golden's trace.

    Without stalls the cycles must be the predicted ones, too.

    Parameters
    ----------
    dut
        The accelerator of `plan`, or a component with its ports.
    x
        (steps, batch, *input shape).
    stalls, seed
        Of the bench, for all streams.
    tables
        What is loaded before the samples, and golden runs, if not the plan's own.
    """
    trace = golden.run(tables or plan.tables, x, potentials=True)
    config: Sequence[int] = ()
    laid_out = None
    if tables is not None:
        loaded = load(plan, tables)
        trace, plan, config = lay_out(trace, loaded), loaded.plan, loaded.words
        laid_out = loaded.tables
    batch = x.shape[1]
    bench = Bench(dut, stalls=stalls, seed=seed)
    words = [word for sample in range(batch) for word in plan.pack_input(x[:, sample])]
    after = []
    if config:
        after = [(0, bench.send("config", dut.config, config), len(config))]
    sent = bench.send("input", dut.input, words, after=after)
    output = bench.receive("output", dut.output, batch * plan.results)
    observe = receive_observations(bench, dut, plan, batch)
    bench.run(deadline_cycles(plan, batch) + 5 * len(config))
    must_have_observed(plan, trace, plan.tables, observe)
    same("output", output.payloads, list(results(trace)))
    if stalls == "none":
        must_take_the_predicted_cycles(plan, trace, laid_out, x, sent, output, observe)
    return trace


class Streaming(wiring.Component):
    """The accelerator of a plan, told to stream, with the ports of one that can't."""

    def __init__(self, plan: Plan) -> None:
        self._inner = Accelerator(plan, streams=True)
        members = self._inner.signature.members
        streams = ("input", "output", "config", *plan.observers)
        super().__init__({name: members[name] for name in members if name in streams})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.inner = inner = self._inner
        for name in self.signature.members:
            connect(m, flipped(getattr(self, name)), getattr(inner, name))
        m.d.comb += inner.streaming.eq(1)
        return m


def must_stream(plan: Plan, x: Any, *, stalls: str = "random", seed: int = 0) -> Trace:
    """Run one stream and fail with the first difference; return golden's trace.

    Parameters
    ----------
    plan
        Of an accelerator that streams.
    x
        (steps, *input shape), of any number of steps.
    stalls, seed
        Of the bench, for all streams.
    """
    trace = Stream(plan.tables).run(x[:, None], potentials=True)
    config: Sequence[int] = ()
    if plan.must_load:
        loaded = load(plan, plan.tables)
        trace, plan, config = lay_out(trace, loaded), loaded.plan, loaded.words
    long = replace(plan.tables, steps=len(x))
    dut = Streaming(plan)
    bench = Bench(dut, stalls=stalls, seed=seed)
    words = [word for step in range(len(x)) for word in plan.pack_input(x[step : step + 1])]
    after = []
    if config:
        after = [(0, bench.send("config", dut.config, config), len(config))]
    bench.send("input", dut.input, words, after=after)
    output = bench.receive("output", dut.output, len(x) * plan.classes)
    due = [len(x) * sum(d.updates for d in stage.descriptors) for stage in plan.stages]
    observe = [
        bench.receive(name, getattr(dut, name), count)
        for name, count in zip(plan.observers, due, strict=True)
    ]
    bench.run(1000 + 5 * len(x) * sum(map(sum, most_cycles(plan))) + 5 * len(config))
    must_have_observed(plan, trace, long, observe)
    same("output", output.payloads, list(results(trace)))
    return trace


def must_be_verified(
    plan: Plan, x: Any, *, stalls: float = 0.3, seed: int = 0, tables: Tables | None = None
) -> Trace:
    """Do as `must_equal_golden`, in a simulator that is compiled once a plan for the whole run.

    It pays where words are many, as tables are, or where many tests share a plan.

    Parameters
    ----------
    plan, x, seed, tables
        As of `must_equal_golden`.
    stalls
        Probability that a stream stalls in a cycle.
    """
    verdict = verify(
        plan, x, dut=Dut(load=tables), setup=Setup(stalls=stalls, seed=seed, workers=1)
    )
    assert verdict.equal, verdict.fault or f"golden and RTL differ first in {verdict.difference}"
    assert verdict.samples == x.shape[1]
    if not stalls:
        assert verdict.predicted_cycles == verdict.sample_cycles
        assert verdict.predicted_busy_cycles == verdict.busy_cycles
        for layer in verdict.layers:
            assert layer.predicted == layer.cycles, layer.name
    trace = golden.run(tables or plan.tables, x, potentials=True)
    return trace if tables is None else lay_out(trace, load(plan, tables))


def must_take_the_predicted_cycles(
    plan: Plan,
    trace: Trace,
    tables: Tables | None,
    x: Any,
    sent: Transfers,
    output: Transfers,
    observe: Sequence[Transfers],
) -> None:
    """Compare the cycles of each sample and layer with those predicted from golden's trace."""
    found = predict(plan, trace, x, load=tables)
    streams = {transfers.name: transfers for transfers in (sent, output, *observe)}
    record = Record(
        times={name: np.array(stream.cycles, np.int64) for name, stream in streams.items()},
        payloads={},
        cycles=0,
        late=False,
    )
    seen: list[Observations] = []
    order = Order(plan, Ports.of(plan))
    for stage, transfers in zip(plan.stages * plan.replicas, observe, strict=True):
        numbers = np.array([payload["layer"] for payload in transfers.payloads])
        parts = order.parts[len(seen) % len(plan.stages)]
        places = {
            part: np.flatnonzero(numbers == layer)
            for part, layer in zip(parts, stage.layers, strict=True)
        }
        none = np.zeros(0, np.int64)
        seen.append(Observations(stream=transfers.name, transfers=places, strange=none))
    cycles = sample_cycles(record, plan.sample_words, plan.results)
    same("predicted cycles", found.cycles.tolist(), cycles)
    assert found.busy_cycles == busy_cycles(record, plan.results)
    measured = layer_cycles(record, seen, order, plan)
    predicted = {name: int(cycles.sum()) for name, cycles in found.layers.items()}
    assert predicted == dict(zip(predicted, measured.tolist(), strict=True))


def receive_observations(bench: Bench, dut: Any, plan: Plan, batch: int) -> list[Transfers]:
    """Collect the observations of every stage, replica by replica."""
    due = [
        len(mine) * plan.tables.steps * sum(d.updates for d in stage.descriptors)
        for mine in plan.dealt(batch)
        for stage in plan.stages
    ]
    return [
        bench.receive(name, getattr(dut, name), count)
        for name, count in zip(plan.observers, due, strict=True)
    ]


def deadline_cycles(plan: Plan, batch: int) -> int:
    """Return several times the cycles that samples take with every spike there, as a sequence."""
    return 1000 + 5 * batch * plan.tables.steps * sum(map(sum, most_cycles(plan)))


def must_have_observed(
    plan: Plan,
    trace: Trace,
    tables: Tables,
    observe: Sequence[Transfers],
    stages: Sequence[int] | None = None,
) -> None:
    """Compare what every stage sent with golden's trace, stage by stage in its own order.

    With `stages`, these alone; their transfers are then `observe`. Of several replicas they follow
    each other, each with its own samples.
    """
    batch = len(trace.prediction)
    numbers = range(len(plan.stages)) if stages is None else stages
    seen_layers = [tables.layers[n].name for i in numbers for n in plan.stages[i].layers]
    spikes = {name: np.zeros_like(trace.spikes[name]) for name in seen_layers}
    potentials = {name: np.zeros_like(trace.potentials[name]) for name in seen_layers}
    mine = [(plan.stages[i], samples) for samples in plan.dealt(batch) for i in numbers]
    for (stage, samples), transfers in zip(mine, observe, strict=True):
        updates = {layer: plan.updates(layer, stage.tile) for layer in stage.layers}
        order = [
            (sample, step, layer, update)
            for sample in samples
            for step in range(tables.steps)
            for layer in stage.layers
            for update in range(len(updates[layer]))
        ]
        for seen, (sample, step, layer, update) in zip(transfers.payloads, order, strict=False):
            name = tables.layers[layer].name
            where = f"layer {name}, step {step}, sample {sample}, update {update}"
            got = (seen["layer"], seen["index"])
            assert got == (layer, update), f"{where} came as layer, index {got}"
            for lane, (channel, row, column) in enumerate(updates[layer][update].tolist()):
                fires, v = seen["spikes"], seen["potentials"][lane]
                fire = fires[lane] if isinstance(fires, list) else fires >> lane & 1
                if channel < 0:
                    # It may add up ±1 weights, but lanes that the stage lacks are not there.
                    assert not fire, f"{where}: unused lane {lane} fires"
                    assert not v or lane < stage.update_lanes, f"{where}: lane {lane} holds {v}"
                    continue
                dense = spikes[name].ndim == 3
                place = (step, sample, channel) if dense else (step, sample, channel, row, column)
                spikes[name][place], potentials[name][place] = fire, v
        count = len(transfers.payloads)
        assert count == len(order), f"{transfers.name} sent {count} and not {len(order)}"
    rtl = Trace(
        tables=trace.tables,
        output=trace.output,
        prediction=trace.prediction,
        spikes=spikes,
        potentials=potentials,
    )
    golden_part = replace(
        trace,
        spikes={name: trace.spikes[name] for name in seen_layers},
        potentials={name: trace.potentials[name] for name in seen_layers},
    )
    difference = compare(golden_part, rtl)
    assert difference is None, f"golden and RTL differ first in {difference}"


def results(trace: Trace) -> Iterator[dict[str, int]]:
    """Yield the transfers of `Accelerator.output` of a batch."""
    for output, prediction in zip(trace.output, trace.prediction, strict=True):
        for values in output.reshape(-1, output.shape[-1]).tolist():
            for index, value in enumerate(values):
                best = int(np.argmax(values[: index + 1]))
                yield {"value": value, "index": index, "prediction": best,
                       "last": int(index == len(values) - 1)}  # fmt: skip
        assert best == prediction


def most_cycles(plan: Plan, density: float = 1) -> Iterator[tuple[int, ...]]:
    """Yield about the cycles of each layer in one time step at a density of spikes.

    (to read words, to add events, to update), as if none of them overlapped, nor any banks.
    """
    for d in plan.descriptors:
        visits = d.positions * d.groups
        words, events = 0, 0
        for s in d.sources:
            segments = s.kernel[0] * s.kernel[1] * s.map.planes
            words += segments * (2 + s.span // plan.word_bits)
            events += segments * s.span
        yield (
            visits * (words + 1),
            int(visits * (d.planes + density * events)),
            visits * (d.lanes // d.update_lanes) + d.positions * d.groups + 30,
        )
