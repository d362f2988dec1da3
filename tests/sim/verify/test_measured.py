import numpy as np
from playback import Script, recorded
from somagate.hw.plan.plan import Plan
from somagate.sim.bench.ports import Ports
from somagate.sim.verify.measured import LayerCost, busy_cycles, layer_cycles, sample_cycles
from somagate.sim.verify.order import Order


def test_a_sample_lasts_from_its_first_word_to_its_last_output(plan: Plan, played: Script) -> None:
    words = plan.sample_words
    record = recorded(plan, played)
    length = 3 * (len(played) // 3 - 1) + 1
    assert sample_cycles(record, words, plan.classes) == (length,) * 3
    assert sample_cycles(recorded(plan, played[:-1]), words, plan.classes) == (length,) * 2
    assert sample_cycles(recorded(plan, []), words, plan.classes) == ()


def test_all_samples_last_from_the_first_word_to_the_last_output(
    plan: Plan, played: Script
) -> None:
    length = 3 * (len(played) - 1) + 1
    assert busy_cycles(recorded(plan, played), plan.classes) == length
    assert busy_cycles(recorded(plan, played[:-1]), plan.classes) == length - len(played)
    assert busy_cycles(recorded(plan, []), plan.classes) == 0


def of_layers(plan: Plan, found: Script) -> list[int]:
    order, record = Order(plan, Ports.of(plan)), recorded(plan, found)
    return layer_cycles(record, order.observations(record), order, plan).tolist()


def test_a_layer_takes_the_cycles_before_its_own_observations(plan: Plan, played: Script) -> None:
    hidden, output = (len(plan.updates(layer)) for layer in range(2))
    # A time step's words come one after the other, 3 cycles each; of the first, the word's own.
    first = plan.tables.steps * 3 * (hidden + plan.input_words) - 2
    assert of_layers(plan, played) == [3 * first, 3 * plan.tables.steps * 3 * output]
    assert of_layers(plan, []) == [0, 0]


def test_each_stage_has_cycles_of_its_own(chain: Plan, chained: Script) -> None:
    steps, step = chain.tables.steps, 3 * (len(chained) // 3 - 5) // 3
    hidden, output = (3 * len(chain.updates(layer)) for layer in range(2))
    words = 3 * chain.input_words
    # The first stage lasts from the first word of a sample to its last observation, and the second
    # one from the map of the first time step; each waits for the other in between.
    first = words - 2 + hidden + (steps - 1) * step
    second = output + (steps - 1) * step
    assert of_layers(chain, chained) == [3 * first, 3 * second]
    assert step == words + hidden + output
    # What is incomplete counts as far as it came.
    part = chained[: chain.input_words + len(chain.updates(0)) + 1]
    assert of_layers(chain, part) == [words - 2 + hidden, 3]


def test_a_stage_that_is_busy_counts_from_its_own_observation(chain: Plan, chained: Script) -> None:
    # All that the first stage does lies before all that the second does.
    ahead = sorted(chained, key=lambda item: item[0] in ("observe_1", "output"))
    first = sum(name in ("observe_0", "input") for name, _ in ahead)
    start = chain.input_words + len(chain.updates(0)) - 1  # the map of the first time step
    last = max(row for row, (name, _) in enumerate(ahead) if name == "observe_1")
    assert of_layers(chain, ahead) == [3 * (first - 2), 3 * (last - start)]


def test_efficiency_is_useful_additions_a_lane_and_cycle() -> None:
    cost = LayerCost(name="a", cycles=100, additions=300, lanes=4)
    assert cost.efficiency == 0.75
    assert LayerCost(name="a", cycles=0, additions=0, lanes=4).efficiency == 0.0
    assert np.isfinite(cost.efficiency)
