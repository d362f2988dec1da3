import numpy as np
from playback import Script, recorded
from somagate.hw.plan import Plan
from somagate.sim.cycles import LayerCost, layer_cycles, sample_cycles
from somagate.sim.order import Order
from somagate.sim.ports import Ports


def test_a_sample_lasts_from_its_first_word_to_its_last_output(plan: Plan, played: Script) -> None:
    words = plan.tables.steps * plan.input_words
    record = recorded(plan, played)
    length = 3 * (len(played) // 3 - 1) + 1
    assert sample_cycles(record, words, plan.classes) == (length,) * 3
    assert sample_cycles(recorded(plan, played[:-1]), words, plan.classes) == (length,) * 2
    assert sample_cycles(recorded(plan, []), words, plan.classes) == ()


def test_a_layer_takes_the_cycles_before_its_own_observations(plan: Plan, played: Script) -> None:
    words = plan.tables.steps * plan.input_words
    order, record = Order(plan, Ports.of(plan)), recorded(plan, played)
    cycles = layer_cycles(record, order.observations(record), words, 2)
    hidden, output = (len(plan.updates(layer)) for layer in range(2))
    # A time step's words come one after the other, 3 cycles each; of the first, the word's own.
    first = plan.tables.steps * 3 * (hidden + plan.input_words) - 2
    assert cycles.tolist() == [3 * first, 3 * plan.tables.steps * 3 * output]
    assert layer_cycles(
        recorded(plan, []), order.observations(recorded(plan, [])), words, 2
    ).tolist() == [0, 0]


def test_efficiency_is_useful_additions_a_lane_and_cycle() -> None:
    cost = LayerCost(name="a", cycles=100, additions=300, lanes=4)
    assert cost.efficiency == 0.75
    assert LayerCost(name="a", cycles=0, additions=0, lanes=4).efficiency == 0.0
    assert np.isfinite(cost.efficiency)
