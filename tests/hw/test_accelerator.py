"""Whole networks on the accelerator do what the golden simulator does, spike by spike.

`SOMAGATE_EXAMPLES` is the number of random networks, 25 if it is not set. Without it they are the
same ones in every run; with it they are new ones.
"""

import os
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from accelerate import most_cycles, must_equal_golden
from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from networks import FEATURES, inputs, networks
from plans import Shapes, network
from somagate.export.neuron import Leak, Shift
from somagate.export.tables import Readout, Tables
from somagate.hw.accelerator import Accelerator
from somagate.hw.plan import Plan
from stream_bench import STALLS

CONVOLUTIONS = [
    Shapes(channels=5, kernel=(3, 3), padding=(1, 1), pool=(2, 2)),
    Shapes(channels=7, kernel=(3, 3), padding=(1, 1), pool=(2, 2)),
]


def draw(tables: Tables, samples: int, density: float, seed: int = 0) -> Any:
    """Draw spikes for a network."""
    rng = np.random.default_rng(seed)
    shape = (tables.steps, samples, *tables.input.shape)
    return (rng.random(shape) < density).astype(np.int32)


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize(
    ("lanes", "update_lanes", "word_bits"),
    [(1, 1, 8), (4, 2, 32), (6, 2, 16), (16, 1, 8), (32, 32, 32), (8, 8, 64), (16, 4, 128)],
)
def test_convolutions_pools_and_a_dense_layer(
    lanes: int, update_lanes: int, word_bits: int, stalls: str
) -> None:
    tables = network(
        (1, 6, 6), CONVOLUTIONS, classes=10, leak=Leak(multiplier=7, shift=3),
        store=Shift(bits=4, shift=1),
    )  # fmt: skip
    plan = Plan(tables=tables, lanes=lanes, update_lanes=update_lanes, word_bits=word_bits)
    trace = must_equal_golden(Accelerator(plan), plan, draw(tables, 2, 0.4), stalls=stalls)
    assert all(spikes.any() and not spikes.all() for spikes in trace.spikes.values())


@pytest.mark.parametrize("density", [0, 0.05, 1])
@pytest.mark.parametrize("layers", [[], [9], CONVOLUTIONS], ids=["one layer", "two", "three"])
def test_inputs_from_silent_to_full(layers: list[Any], density: float) -> None:
    tables = network((2, 5, 5), layers, steps=3)
    plan = Plan(tables=tables, lanes=4, update_lanes=2)
    must_equal_golden(Accelerator(plan), plan, draw(tables, 3, density))


@pytest.mark.parametrize("stalls", STALLS)
def test_a_layer_may_read_any_map_before_it(stalls: str) -> None:
    layers = [
        Shapes(channels=3, kernel=(3, 3), padding=(1, 1)),
        Shapes(channels=2, kernel=(1, 1), source="input"),
        Shapes(channels=4, kernel=(2, 2), source="l0"),
        Shapes(channels=2, kernel=(3, 3), source="l1", pool=(1, 2)),
    ]
    tables = network((2, 4, 4), layers, steps=3)
    plan = Plan(tables=tables, lanes=4, update_lanes=2, word_bits=16)
    must_equal_golden(Accelerator(plan), plan, draw(tables, 3, 0.3), stalls=stalls)


@pytest.mark.parametrize("stalls", STALLS)
def test_pruned_channels_leave_no_trace(stalls: str) -> None:
    layers = [
        Shapes(channels=6, kernel=(3, 3), mask=[1, 0, 0, 1, 1, 0]),
        Shapes(channels=5, kernel=(2, 2), source="l0", mask=[0, 0, 0, 0, 1], pool=(1, 2)),
    ]
    tables = network((2, 5, 6), layers, steps=3, classes=5)
    plan = Plan(tables=tables, lanes=2, update_lanes=2)
    must_equal_golden(Accelerator(plan), plan, draw(tables, 2, 0.3), stalls=stalls)


@pytest.mark.parametrize("stalls", STALLS)
def test_potentials_are_read_out(stalls: str) -> None:
    tables = network((2, 5, 5), [7], classes=6)
    last = tables.layers[-1]
    cell = replace(last.neuron, threshold=None, reset="none", store=Shift(bits=12, shift=0))
    tables = replace(
        tables,
        layers=(*tables.layers[:-1], replace(last, neuron=cell)),
        readout=Readout(layer="out", kind="potential"),
    )
    plan = Plan(tables=tables, lanes=4, update_lanes=4)
    must_equal_golden(Accelerator(plan), plan, draw(tables, 4, 0.4), stalls=stalls)


@pytest.mark.parametrize("steps", [1, 2, 3, 8])
def test_samples_follow_each_other_with_any_number_of_steps(steps: int) -> None:
    tables = network((11,), [6], steps=steps, store=Shift(bits=6, shift=1))
    plan = Plan(tables=tables, lanes=4, update_lanes=1, word_bits=8)
    must_equal_golden(Accelerator(plan), plan, draw(tables, 5, 0.4))


@pytest.mark.parametrize("shape", [(1,), (16,), (1, 2, 2), (17,)])
def test_a_network_of_one_layer_stores_no_map(shape: tuple[int, ...]) -> None:
    tables = network(shape, [])
    plan = Plan(tables=tables, lanes=2, update_lanes=2, word_bits=16)
    must_equal_golden(Accelerator(plan), plan, draw(tables, 4, 0.5))


class Interrupted(wiring.Component):
    """An accelerator that is reset after some cycles of work on noise."""

    def __init__(self, accelerator: Accelerator, cycles: int) -> None:
        self.accelerator = accelerator
        self.cycles = cycles
        super().__init__({name: Out(port.signature) for name, port in self.ports(accelerator)})

    @staticmethod
    def ports(accelerator: Accelerator) -> list[tuple[str, Any]]:
        return [(name, getattr(accelerator, name)) for name in ("input", "output", "observe")]

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        reset, count, noise = Signal(), Signal(range(self.cycles + 2)), Signal(32, init=1)
        m.submodules.dut = ResetInserter({"sync": reset})(self.accelerator)
        inner = self.accelerator
        m.d.sync += noise.eq(noise * 1664525 + 1013904223)
        m.d.comb += reset.eq(count == self.cycles)
        with m.If(count <= self.cycles):
            m.d.sync += count.eq(count + 1)
            m.d.comb += [
                inner.input.valid.eq(1),
                inner.input.payload.eq(noise >> 9),
                inner.output.ready.eq(noise[31]),
                inner.observe.ready.eq(noise[30] | noise[29]),
            ]
        with m.Else():
            m.d.comb += [
                inner.input.valid.eq(self.input.valid),
                inner.input.payload.eq(self.input.payload),
                self.input.ready.eq(inner.input.ready),
            ]
            for name in ("output", "observe"):
                ours, theirs = getattr(self, name), getattr(inner, name)
                m.d.comb += [
                    ours.valid.eq(theirs.valid),
                    ours.payload.eq(theirs.payload),
                    theirs.ready.eq(ours.ready),
                ]
        return m


@pytest.mark.parametrize("cycles", [1, 20, 57, 101, 200, 333, 500])
def test_a_reset_in_the_middle_of_an_inference_starts_anew(cycles: int) -> None:
    tables = network((2, 4, 4), CONVOLUTIONS, classes=4, leak=Leak(multiplier=7, shift=3))
    plan = Plan(tables=tables, lanes=4, update_lanes=2, word_bits=8)
    dut = Interrupted(Accelerator(plan), cycles)
    must_equal_golden(dut, plan, draw(tables, 2, 0.4), seed=cycles)


# Random networks.

UNSUPPORTED = {
    "groups", "identity", "several", "recurrent", "sum pool", "ternary",
    "count input", "value input", "signed input",
}  # fmt: skip
EXAMPLES = os.environ.get("SOMAGATE_EXAMPLES")
MOST_CYCLES = 4000


@st.composite
def plans(draw: st.DrawFn) -> tuple[Plan, Any]:
    """Draw a network that the accelerator supports, a plan of it and samples."""
    tables = draw(networks(FEATURES - UNSUPPORTED))
    x = draw(inputs(tables))
    # The readout keeps all its classes.
    tables = replace(
        tables, layers=(*tables.layers[:-1], replace(tables.layers[-1], channel_mask=None))
    )
    update_lanes = draw(st.sampled_from([2, 1, 4, 8]), label="update lanes")
    lanes = update_lanes * draw(st.integers(1, 8 // update_lanes + 1), label="chunks")
    word_bits = draw(st.sampled_from([32, 8, 16, 64, 128]), label="word bits")
    plan = Plan(tables=tables, lanes=lanes, update_lanes=update_lanes, word_bits=word_bits)
    cycles = sum(map(max, most_cycles(plan, density=0.4)))
    assume(cycles * tables.steps * x.shape[1] < MOST_CYCLES)
    return plan, x


@settings(
    max_examples=int(EXAMPLES or 25),
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(case=plans(), stalls=st.sampled_from(STALLS), seed=st.integers(0, 2**16))
def test_random_networks_equal_golden(case: tuple[Plan, Any], stalls: str, seed: int) -> None:
    plan, x = case
    must_equal_golden(Accelerator(plan), plan, x, stalls=stalls, seed=seed)
