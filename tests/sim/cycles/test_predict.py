from dataclasses import replace

import numpy as np
import pytest
from plans import neuron, weights
from refusal import refused
from small_network import small_network
from somagate.export.synapse import Dense
from somagate.export.tables import Input, Layer, Readout, Tables
from somagate.hw.plan.plan import Plan, StageShape
from somagate.sim.cycles import predict as module
from somagate.sim.cycles.map_port import MapPort
from somagate.sim.cycles.predict import Prediction, predict
from somagate.sim.golden import golden
from somagate.sim.verify.settings import Dut, Setup
from somagate.sim.verify.verdict import Verdict
from somagate.sim.verify.verify import verify

# Random networks on random plans are compared wherever they run without stalls: see
# `must_equal_golden` in tests/lib/accelerate.py.


def half_pruned(tables: Tables) -> Tables:
    """Return the small network with the last two of its four hidden channels pruned."""
    hidden = replace(tables.layers[0], channel_mask=np.arange(4) < 2)
    return replace(tables, layers=(hidden, *tables.layers[1:]))


def predicted(plan: Plan, x: np.ndarray) -> Prediction:
    return predict(plan, golden.run(plan.tables, x), x)


def must_be_predicted(verdict: Verdict) -> None:
    assert verdict.equal, verdict.summary
    assert verdict.predicted_cycles == verdict.sample_cycles
    assert verdict.predicted_busy_cycles == verdict.busy_cycles
    assert [layer.predicted for layer in verdict.layers] == [c.cycles for c in verdict.layers]


def test_half_the_channels_pruned_in_the_tables_take_no_cycles(x: np.ndarray) -> None:
    whole, half = (
        verify(
            Plan.single(tables, lanes=2, update_lanes=2, word_bits=16),
            x,
            setup=Setup(engine="amaranth"),
        )
        for tables in (small_network(), half_pruned(small_network()))
    )
    must_be_predicted(whole)
    must_be_predicted(half)
    assert half.layers[0].cycles < 0.7 * whole.layers[0].cycles


def test_half_the_channels_pruned_at_run_time_take_almost_no_cycles(
    chain: Plan, x: np.ndarray
) -> None:
    whole, half = (
        verify(chain, x, dut=Dut(load=tables), setup=Setup(engine="amaranth"))
        for tables in (small_network(), half_pruned(small_network()))
    )
    must_be_predicted(whole)
    must_be_predicted(half)
    assert half.layers[0].cycles < 0.8 * whole.layers[0].cycles


def dense(sizes: dict[str, int], sources: dict[str, list[str]], steps: int) -> Tables:
    """Return dense layers that read several sources, the last of which is read out."""
    rng = np.random.default_rng(3)
    layers = []
    for name, read in sources.items():
        groups = tuple(
            Dense(source=one, weights=weights(rng, 3, sizes[name], sizes[one]), bits=3)
            for one in read
        )
        layers.append(Layer(name=name, synapses=groups, neuron=neuron(sizes[name])))
    return Tables(
        name="dense", steps=steps, input=Input(shape=(sizes["input"],)), layers=tuple(layers),
        readout=Readout(layer=layers[-1].name),
    )  # fmt: skip


def crossing() -> Plan:
    """Return a plan whose second stage writes a map while words of the first one's come in.

    Layer b, of the second stage, doesn't wait for layer a, of the first.
    """
    sizes = {"input": 20, "a": 24, "b": 24, "c": 3}
    tables = dense(sizes, {"a": ["input"], "b": ["input"], "c": ["a", "b"]}, steps=4)
    shapes = (
        StageShape(layers=1, lanes=4, update_lanes=1),
        StageShape(layers=2, lanes=4, update_lanes=1),
    )
    return Plan(tables=tables, shapes=shapes, word_bits=8)


def knot() -> Plan:
    """Return a plan in which every wait of a word makes others wait later, again and again."""
    sizes = {"input": 20, "a": 8, "b": 8, "d": 8, "e": 8, "c": 3}
    sources = {
        "a": ["input"], "b": ["input"], "d": ["a", "b"], "e": ["a", "input", "d"],
        "c": ["e", "d", "a", "b"],
    }  # fmt: skip
    shapes = (
        StageShape(layers=2, lanes=4, update_lanes=2),
        StageShape(layers=2, lanes=4, update_lanes=1),
        StageShape(layers=1, lanes=4, update_lanes=4),
    )
    return Plan(tables=dense(sizes, sources, steps=5), shapes=shapes, word_bits=16)


@pytest.mark.parametrize("plan", [crossing(), knot()], ids=["crossing", "knot"])
def test_words_that_wait_for_a_stage_s_own_are_predicted(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = (np.random.default_rng(7).random((plan.tables.steps, 3, 20)) < 0.3).astype(np.uint8)
    must_be_predicted(verify(plan, x, setup=Setup(engine="amaranth")))
    # Who comes first is known only after a part was followed once.
    followed: list[int] = []
    sample = module._Run._sample

    def counted(run: module._Run, number: int) -> None:
        followed.append(number)
        sample(run, number)

    monkeypatch.setattr(module._Run, "_sample", counted)
    predicted(plan, x)
    assert followed != sorted(set(followed)) and set(followed) == {0, 1, 2}


@pytest.mark.parametrize("replicas", [2, 3])
@pytest.mark.parametrize("plan", [crossing(), knot()], ids=["crossing", "knot"])
def test_they_are_in_each_replica(plan: Plan, replicas: int) -> None:
    plan = replace(plan, replicas=replicas)
    samples = 2 * replicas + 1
    x = (np.random.default_rng(7).random((plan.tables.steps, samples, 20)) < 0.3).astype(np.uint8)
    must_be_predicted(verify(plan, x, setup=Setup(engine="native", workers=1)))


def test_words_that_find_no_cycle_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if they never heeded what was found, so that following again changes nothing."""
    monkeypatch.setattr(MapPort, "free", lambda port, cycle, rank: cycle)
    x = (np.random.default_rng(7).random((4, 3, 20)) < 0.3).astype(np.uint8)
    message = (
        r"^sample \d: words between stages must find a cycle each, but are in each other's way in "
        r"cycle \d+, again and again; predict at most \d samples$"
    )
    with pytest.raises(RuntimeError, match=message):
        predicted(crossing(), x)


def test_the_first_sample_does_not_depend_on_the_others(chain: Plan, x: np.ndarray) -> None:
    alone, among = predicted(chain, x[:, :1]), predicted(chain, x)
    assert alone.cycles.tolist() == among.cycles[:1].tolist() == [alone.busy_cycles]
    assert among.busy_cycles < among.cycles.sum()
    for name, cycles in among.layers.items():
        assert cycles.dtype == np.int64
        assert cycles[0] == alone.layers[name][0]
    # A sample that waits for another one inside takes longer than by itself.
    assert among.cycles[1] > predicted(chain, x[:, 1:2]).cycles[0]


def test_the_efficiency_is_that_of_the_measurement(plan: Plan, x: np.ndarray) -> None:
    verdict = verify(plan, x[:, :1], setup=Setup(engine="amaranth"))
    found = predicted(plan, x[:, :1]).efficiency
    assert {name: round(float(share[0]), 12) for name, share in found.items()} == {
        layer.name: round(layer.efficiency, 12) for layer in verdict.layers
    }


def test_more_spikes_take_more_cycles(plan: Plan) -> None:
    x = np.zeros((3, 1, 2, 6, 6), np.uint8)
    silent, loud = predicted(plan, x), predicted(plan, x + 1)
    assert silent.additions["hidden"].tolist() == [0]
    assert silent.efficiency["hidden"].tolist() == [0.0]
    assert loud.layers["hidden"][0] > 2 * silent.layers["hidden"][0]


def test_a_trace_of_other_tables_is_refused(plan: Plan, x: np.ndarray) -> None:
    other = small_network(2)
    with refused(
        ValueError, f"trace must be of the tables {plan.tables.sha256}, not of {other.sha256}"
    ):
        predict(plan, golden.run(other, x), x)
