"""Whole networks on the accelerator do what the golden simulator does, spike by spike."""

import gc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from accelerate import must_equal_golden
from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out
from negative import kept_from_firing, masking
from plans import Shapes, a_plan, everything, network
from somagate.export.neuron import Leak, Shift
from somagate.export.synapse import Identity
from somagate.export.tables import Pool, Readout, Tables
from somagate.hw.plan.plan import Plan, StageShape
from somagate.hw.plan.support import UnsupportedError
from somagate.hw.rtl.accelerator import Accelerator
from somagate.sim.cycles.predict import predict
from somagate.sim.golden import golden
from stream_bench import STALLS

CONVOLUTIONS = [
    Shapes(channels=5, kernel=(3, 3), padding=(1, 1), pool=(2, 2)),
    Shapes(channels=7, kernel=(3, 3), padding=(1, 1), pool=(2, 2)),
]


def draw(tables: Tables, samples: int, density: float, seed: int = 0) -> Any:
    """Draw an input for a network."""
    rng = np.random.default_rng(seed)
    shape = (tables.steps, samples, *tables.input.shape)
    activation = tables.input.activation
    values = rng.integers(activation.low, activation.high + 1, shape)
    values = np.where(rng.random(shape) < density, values if activation.bits > 1 else 1, 0)
    return np.broadcast_to(values[:1], shape).copy() if tables.input.constant else values


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
    plan = Plan.single(tables, lanes=lanes, update_lanes=update_lanes, word_bits=word_bits)
    trace = must_equal_golden(Accelerator(plan), plan, draw(tables, 2, 0.4), stalls=stalls)
    assert all(spikes.any() and not spikes.all() for spikes in trace.spikes.values())


@pytest.mark.parametrize("density", [0, 0.05, 1])
@pytest.mark.parametrize("layers", [[], [9], CONVOLUTIONS], ids=["one layer", "two", "three"])
def test_inputs_from_silent_to_full(layers: list[Any], density: float) -> None:
    tables = network((2, 5, 5), layers, steps=3)
    plan = Plan.single(tables, lanes=4, update_lanes=2)
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
    plan = Plan.single(tables, lanes=4, update_lanes=2, word_bits=16)
    must_equal_golden(Accelerator(plan), plan, draw(tables, 3, 0.3), stalls=stalls)


@pytest.mark.parametrize("stalls", STALLS)
def test_pruned_channels_leave_no_trace(stalls: str) -> None:
    layers = [
        Shapes(channels=6, kernel=(3, 3), mask=[1, 0, 0, 1, 1, 0]),
        Shapes(channels=5, kernel=(2, 2), source="l0", mask=[0, 0, 0, 0, 1], pool=(1, 2)),
    ]
    tables = network((2, 5, 6), layers, steps=3, classes=5)
    plan = Plan.single(tables, lanes=2, update_lanes=2)
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
    plan = Plan.single(tables, lanes=4, update_lanes=4)
    must_equal_golden(Accelerator(plan), plan, draw(tables, 4, 0.4), stalls=stalls)


@pytest.mark.parametrize("stalls", STALLS)
def test_sums_are_pooled_before_the_neurons(stalls: str) -> None:
    """Two layers of unlike windows, one without, and classes that are a window of sums each."""
    layers = [
        Shapes(channels=6, kernel=(3, 3), padding=(1, 1), pool=(2, 2), mask=[1, 1, 1, 0, 1, 1]),
        Shapes(channels=3, kernel=(3, 2), source="l0", padding=(1, 0), pool=(1, 2)),
        Shapes(channels=2, kernel=(1, 1), source="l0"),
        Shapes(channels=5, kernel=(2, 2), source="l2", pool=(2, 2)),
    ]
    tables = network((2, 6, 7), layers, store=Shift(bits=5, shift=1), steps=3)
    kinds = {"l0": "max", "l1": "sum", "l3": "sum"}
    made = [
        replace(layer, pool=Pool(kind=kinds[layer.name], size=layer.pool.size, of="sums"))
        if layer.pool
        else layer
        for layer in tables.layers[:-1]
    ]
    tables = replace(tables, layers=tuple(made), readout=Readout(layer="l3"))
    plan = Plan.single(tables, lanes=4, update_lanes=2, word_bits=16)
    trace = must_equal_golden(Accelerator(plan), plan, draw(tables, 2, 0.3), stalls=stalls)
    assert all(0 < spikes.mean() < 0.9 for spikes in trace.spikes.values())


@pytest.mark.parametrize("stalls", STALLS)
def test_several_spikes_are_counted_in_maps_and_classes(stalls: str) -> None:
    """Behind pools of both kinds, from the layer itself, and beside a stage of single spikes."""
    layers = [
        Shapes(channels=5, kernel=(3, 3), padding=(1, 1), pool=(2, 2)),
        Shapes(channels=3, kernel=(1, 2), source="l0", pool=(1, 2)),
        Shapes(channels=4, kernel=(1, 1), source="l1"),
    ]
    tables = network((2, 4, 6), layers, store=Shift(bits=6, shift=1), steps=3, seed=39)
    made = list(tables.layers)
    for number, (bits, threshold) in enumerate([(2, 6), (3, 4), (1, 6), (2, 3)]):
        cell = made[number].neuron
        limit = np.full(cell.channels, threshold)
        cell = replace(cell, spike_bits=bits, threshold=limit, reset="subtract", amount=limit)
        made[number] = replace(made[number], neuron=cell)
    made[1] = replace(made[1], pool=Pool(kind="sum", size=(1, 2)))
    own = Identity(source="l2", weights=[1, -1, 2, 3], bits=3)
    made[2] = replace(made[2], synapses=(*made[2].synapses, own))
    tables = replace(tables, layers=tuple(made))
    shapes = (
        StageShape(layers=2, lanes=4, update_lanes=2),
        StageShape(layers=1, lanes=2, update_lanes=1, banks=2),
        StageShape(layers=1, lanes=4, update_lanes=4),
    )
    plan = Plan(tables=tables, shapes=shapes, word_bits=16)
    trace = must_equal_golden(Accelerator(plan), plan, draw(tables, 2, 0.3), stalls=stalls)
    assert [int(spikes.max()) for spikes in trace.spikes.values()] == [3, 7, 1, 3]
    assert trace.output.max() > tables.steps


@pytest.mark.parametrize("steps", [1, 2, 3, 8])
def test_samples_follow_each_other_with_any_number_of_steps(steps: int) -> None:
    tables = network((11,), [6], steps=steps, store=Shift(bits=6, shift=1))
    plan = Plan.single(tables, lanes=4, update_lanes=1, word_bits=8)
    must_equal_golden(Accelerator(plan), plan, draw(tables, 5, 0.4))


@pytest.mark.parametrize("shape", [(1,), (16,), (1, 2, 2), (17,)])
def test_a_network_of_one_layer_stores_no_map(shape: tuple[int, ...]) -> None:
    tables = network(shape, [])
    plan = Plan.single(tables, lanes=2, update_lanes=2, word_bits=16)
    must_equal_golden(Accelerator(plan), plan, draw(tables, 4, 0.5))


# Several stages, banks, and every kind of source.

PLANS: dict[str, dict[str, Any]] = {
    "one lane": {"lanes": 1, "update_lanes": 1, "word_bits": 8},
    "four banks": {"lanes": 4, "update_lanes": 2, "banks": 4, "word_bits": 16},
    "a bank a bit": {"lanes": 8, "update_lanes": 8, "banks": 8, "word_bits": 8},
    "wide": {"lanes": 32, "update_lanes": 16, "word_bits": 256},
    "a stage a layer": {
        "shapes": tuple(
            StageShape(layers=1, lanes=lanes, update_lanes=width, banks=banks)
            for lanes, width, banks in ((4, 4, 2), (6, 2, 1), (1, 1, 4), (8, 2, 1))
        ),
        "word_bits": 16,
    },
    "two stages": {
        "shapes": (
            StageShape(layers=3, lanes=4, update_lanes=1),
            StageShape(layers=1, lanes=2, update_lanes=2, banks=8),
        ),
        "word_bits": 8,
    },
}


@pytest.mark.parametrize(
    ("name", "stalls"),
    [*((name, "random") for name in PLANS if name != "two stages"), ("a stage a layer", "none"),
     ("two stages", "lazy")],
)  # fmt: skip
def test_every_kind_of_source_on_every_kind_of_plan(name: str, stalls: str) -> None:
    tables = replace(everything(), steps=2)
    plan = a_plan(tables, **PLANS[name])
    trace = must_equal_golden(Accelerator(plan), plan, draw(tables, 2, 0.4), stalls=stalls)
    assert all(spikes.any() and not spikes.all() for spikes in trace.spikes.values())


@pytest.mark.parametrize("holds", [False, True])
@pytest.mark.parametrize("cut", [0, 1, 3])
def test_a_constant_input_is_sent_once(cut: int, holds: bool, stalls: str) -> None:
    """In one stage, or with layers that read it in the first, the second, or the last one."""
    tables = everything(constant=True)
    layers = [cut, 4 - cut] if cut else [4]
    shapes = tuple(
        StageShape(layers=count, lanes=4, update_lanes=2, holds=holds) for count in layers
    )
    plan = Plan(tables=tables, shapes=shapes, word_bits=16)
    assert any(stage.held for stage in plan.stages) == holds
    must_equal_golden(Accelerator(plan), plan, draw(tables, 2, 0.4), stalls=stalls)


@pytest.mark.parametrize(
    "numbers",
    [
        {"shapes": (StageShape(layers=4, lanes=4, update_lanes=1, holds=True),)},
        {"shapes": (StageShape(layers=2, lanes=8, update_lanes=2, banks=2, holds=True),
                    StageShape(layers=2, lanes=4, update_lanes=4, holds=True))},
        {"lanes": 4, "update_lanes": 2, "loadable": True},
    ],
    ids=["narrow updates", "two stages", "loadable"],
)  # fmt: skip
@pytest.mark.parametrize(
    ("layers", "stalls"), [(None, "random"), ({"joined", "ring"}, "none")], ids=["all", "some"]
)
def test_negative_potentials_keep_neurons_from_firing(
    numbers: Any, layers: Any, stalls: str
) -> None:
    """With held sums, narrow updates, ternary and shifted stores; in some layers or in all."""
    masked = masking(everything(constant=True, steps=5), layers)
    x = draw(masked, 2, 0.6)
    assert {"joined", "ring"} <= {*kept_from_firing(masked, x)}
    plan = a_plan(masked, word_bits=16, **numbers)
    must_equal_golden(Accelerator(plan), plan, x, stalls=stalls)


def test_each_stage_has_a_stream_of_observations() -> None:
    tables = network((3,), [4, 5])
    one = Plan.single(tables)
    three = Plan(tables=tables, shapes=tuple(StageShape(layers=1) for _ in range(3)))
    for plan, names in (
        (one, ("observe",)),
        (three, ("observe_0", "observe_1", "observe_2")),
    ):
        dut = Accelerator(plan)
        assert plan.observers == names
        assert set(dut.signature.members) == {"input", "output", *names}
        must_equal_golden(dut, plan, draw(tables, 1, 0.5))
    loadable = Plan.single(tables, loadable=True)
    dut = Accelerator(loadable)
    assert set(dut.signature.members) == {
        *("input", "output", "observe"),
        *("config", "config_refused", "config_finished", "identity"),
    }
    must_equal_golden(dut, loadable, draw(tables, 1, 0.5))


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize(
    ("tables", "stages", "replicas"),
    [(everything(steps=2), 2, 2), (network((2, 6, 6), CONVOLUTIONS, classes=5), 1, 3)],
    ids=["everything", "convolutions"],
)
def test_replicas_share_out_the_samples(
    tables: Tables, stages: int, replicas: int, stalls: str
) -> None:
    layers = len(tables.layers) // stages
    shape = StageShape(layers=layers, lanes=8, update_lanes=2, banks=stages)
    plan = Plan(tables=tables, shapes=(shape,) * stages, replicas=replicas)
    must_equal_golden(Accelerator(plan), plan, draw(tables, replicas + 2, 0.4), stalls=stalls)


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize(("tiles", "replicas"), [((2, 1), 1), ((3, 2), 1), ((1, 3), 2)])
def test_tiles_share_out_the_rows_of_a_layer(
    tiles: tuple[int, int], replicas: int, stalls: str
) -> None:
    tables = network((2, 7, 6), [CONVOLUTIONS[0], replace(CONVOLUTIONS[1], source="l0", pool=None)])
    shapes = (
        StageShape(layers=1, lanes=4, update_lanes=2, tiles=tiles[0]),
        StageShape(layers=1, lanes=8, update_lanes=4, banks=2, tiles=tiles[1]),
        StageShape(layers=1, lanes=4, update_lanes=2),
    )
    plan = Plan(tables=tables, shapes=shapes, word_bits=16, replicas=replicas)
    must_equal_golden(Accelerator(plan), plan, draw(tables, 3, 0.4), stalls=stalls)


@pytest.mark.parametrize("constant", [False, True])
def test_each_replica_is_as_fast_as_one_alone(constant: bool) -> None:
    tables = network((2, 6, 6), CONVOLUTIONS, steps=4)
    tables = replace(tables, input=replace(tables.input, constant=constant))
    x = np.tile(draw(tables, 1, 0.3), (1, 12, 1, 1, 1))
    plan = Plan.single(tables, lanes=4, update_lanes=2)
    trace = golden.run(tables, x)
    busy = [predict(replace(plan, replicas=n), trace, x).busy_cycles for n in (1, 2, 3, 4)]
    for replicas, cycles in enumerate(busy, 1):
        assert cycles < 1.1 * busy[0] / replicas


@pytest.mark.filterwarnings("ignore:.*created but never used")
def test_replicas_can_not_stream() -> None:
    plan = replace(Plan.single(network((3,), [4])), replicas=2)
    message = (
        "replicas must be 1 in an accelerator that streams, not 2: each time step finds the "
        "potentials that the one before has left, on the same replica"
    )
    with pytest.raises(UnsupportedError) as caught:
        Accelerator(plan, streams=True)
    assert str(caught.value) == message
    del caught
    gc.collect()  # what was refused is never elaborated


class Interrupted(wiring.Component):
    """An accelerator that is reset after some cycles of work on noise."""

    def __init__(self, accelerator: Accelerator, cycles: int) -> None:
        self.accelerator = accelerator
        self.cycles = cycles
        self.outputs = ("output", *accelerator.plan.observers)
        super().__init__(
            {name: Out(getattr(accelerator, name).signature) for name in ("input", *self.outputs)}
        )

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        reset, count, noise = Signal(), Signal(range(self.cycles + 2)), Signal(32, init=1)
        m.submodules.dut = ResetInserter({"sync": reset})(self.accelerator)
        inner = self.accelerator
        m.d.sync += noise.eq(noise * 1664525 + 1013904223)
        m.d.comb += reset.eq(count == self.cycles)
        with m.If(count <= self.cycles):
            m.d.sync += count.eq(count + 1)
            m.d.comb += [inner.input.valid.eq(1), inner.input.payload.eq(noise >> 9)]
            for index, name in enumerate(self.outputs):
                m.d.comb += getattr(inner, name).ready.eq(noise[31 - index] | noise[20 + index])
        with m.Else():
            m.d.comb += [
                inner.input.valid.eq(self.input.valid),
                inner.input.payload.eq(self.input.payload),
                self.input.ready.eq(inner.input.ready),
            ]
            for name in self.outputs:
                ours, theirs = getattr(self, name), getattr(inner, name)
                m.d.comb += [
                    ours.valid.eq(theirs.valid),
                    ours.payload.eq(theirs.payload),
                    theirs.ready.eq(ours.ready),
                ]
        return m


@pytest.mark.parametrize("cycles", [1, 20, 57, 101, 200, 333, 500])
@pytest.mark.parametrize(("stages", "replicas"), [(1, 1), (3, 1), (1, 2)])
def test_a_reset_in_the_middle_of_an_inference_starts_anew(
    stages: int, replicas: int, cycles: int
) -> None:
    tables = network((2, 4, 4), CONVOLUTIONS, classes=4, leak=Leak(multiplier=7, shift=3))
    shape = StageShape(layers=3 // stages, lanes=4, update_lanes=2)
    plan = Plan(tables=tables, shapes=(shape,) * stages, word_bits=8, replicas=replicas)
    dut = Interrupted(Accelerator(plan), cycles)
    must_equal_golden(dut, plan, draw(tables, 2, 0.4), seed=cycles)
