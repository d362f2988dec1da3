from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from playback import Script, changed, recorded, script
from somagate.hw.plan.plan import Plan
from somagate.sim.bench.ports import Ports
from somagate.sim.verify.order import Fault, Order

SAMPLES = 3


@pytest.fixture
def fault(plan: Plan) -> Callable[[Script], Fault | None]:
    def find(found: Script) -> Fault | None:
        order, record = Order(plan, Ports.of(plan)), recorded(plan, found)
        return order.fault(record, order.observations(record), SAMPLES, first=10)

    return find


def rows(found: Script, stream: str) -> list[int]:
    return [row for row, (name, _) in enumerate(found) if name == stream]


def test_places_are_neurons_and_nothing_else(plan: Plan) -> None:
    order = Order(plan, Ports.of(plan))
    for name, used, neurons in zip(order.names, order.used, order.neurons, strict=True):
        count = int(np.prod(plan.tables.neuron_shapes[name]))
        assert sorted(neurons[used]) == list(range(count))


def test_the_right_order_has_no_fault(
    played: Script, fault: Callable[[Script], Fault | None]
) -> None:
    assert fault(played) is None


def test_two_updates_in_the_wrong_order_are_named(
    played: Script, fault: Callable[[Script], Fault | None]
) -> None:
    first, second = rows(played, "observe")[4:6]
    swapped = list(played)
    swapped[first], swapped[second] = played[second], played[first]
    assert fault(swapped) == Fault(
        f"layer hidden, step 0, sample 10: update 4 came in cycle {3 * first} with index 5",
        3 * first,
    )


def test_an_observation_of_another_stages_layer_is_named(chain: Plan, chained: Script) -> None:
    order = Order(chain, Ports.of(chain))
    row = rows(chained, "observe_1")[3]
    found = changed(chained, "observe_1", 3, Ports.of(chain).observe["layer"].offset)
    record = recorded(chain, found)
    assert order.fault(record, order.observations(record), SAMPLES, 0) == Fault(
        f"observation in cycle {3 * row} must be of layer 1…1, not 0", 3 * row
    )
    # The first one of any stage is told.
    early = changed(found, "observe_0", 2, Ports.of(chain).observe["index"].offset)
    record = recorded(chain, early)
    cycle = 3 * rows(chained, "observe_0")[2]
    assert order.fault(record, order.observations(record), SAMPLES, 0) == Fault(
        f"layer hidden, step 0, sample 0: update 2 came in cycle {cycle} with index 3", cycle
    )


def test_the_earliest_missing_observation_of_all_stages_is_named(
    chain: Plan, chained: Script
) -> None:
    order = Order(chain, Ports.of(chain))
    silent = rows(chained, "observe_1")[len(chain.updates(1)) + 2]
    found = [item for row, item in enumerate(chained) if item[0] != "observe_1" or row < silent]
    record = recorded(chain, found[:-1])
    fault = order.fault(record, order.observations(record), SAMPLES, 0)
    assert fault is not None
    assert fault.text == "layer output, step 1, sample 0: update 2 did not come"


def test_what_a_replica_lacks_is_said_with_its_sample(chain: Plan, x: np.ndarray) -> None:
    plan = replace(chain, replicas=2)
    order, found = Order(plan, Ports.of(plan)), script(plan, x)

    def told(found: Script) -> str:
        record = recorded(plan, found)
        fault = order.fault(record, order.observations(record), SAMPLES, 10)
        return fault.text if fault else ""

    assert plan.observers == ("observe_0_0", "observe_0_1", "observe_1_0", "observe_1_1")
    assert not told(found)
    for stream, number, where in (
        ("observe_0_1", len(plan.updates(1)) + 2, "layer output, step 1, sample 10: update 2"),
        ("observe_1_0", 2, "layer hidden, step 0, sample 11: update 2"),
        ("observe_0_0", 3 * len(plan.updates(0)) + 1, "layer hidden, step 0, sample 12: update 1"),
    ):
        silent = rows(found, stream)[number]
        less = [item for row, item in enumerate(found) if item[0] != stream or row < silent]
        assert told(less) == f"{where} did not come"
    more = [*found, found[rows(found, "observe_1_0")[-1]]]
    count = 3 * len(plan.updates(0))
    assert "came in cycle" in told(more) or told(more) == (
        f"layer hidden sent {count + 1} observations and not {count}"
    )
    first, second = rows(found, "observe_1_1")[4:6]
    swapped = list(found)
    swapped[first], swapped[second] = found[second], found[first]
    update = 4 % len(plan.updates(1))
    assert told(swapped).startswith(f"layer output, step {4 // len(plan.updates(1))}, sample 11")
    assert f"update {update} came in cycle {3 * first} with index" in told(swapped)


def test_wrong_marks_of_outputs_are_named(
    plan: Plan, played: Script, fault: Callable[[Script], Fault | None]
) -> None:
    fields = Ports.of(plan).output
    found = changed(played, "output", 7, fields["index"].offset)
    cycle = 3 * rows(played, "output")[7]
    assert fault(found) == Fault("sample 11: output 2 came with index 3", cycle)
    found = changed(played, "output", 7, fields["last"].offset)
    assert fault(found) == Fault("sample 11: output 2 came with last 1", cycle)


def test_transfers_that_are_missing_or_too_many_are_named(
    plan: Plan, played: Script, fault: Callable[[Script], Fault | None]
) -> None:
    observe, output = rows(played, "observe"), rows(played, "output")
    due = SAMPLES * plan.tables.steps * len(plan.updates(1))
    end = 3 * (len(played) - 1)

    def without(*rows: int) -> Script:
        return [item for row, item in enumerate(played) if row not in rows]

    assert fault(without(observe[-1])) == Fault(
        f"layer output, step 2, sample 12: update {len(plan.updates(1)) - 1} did not come", end - 3
    )
    assert fault(without(output[-1])) == Fault("sample 12: output 4 did not come", end - 3)
    assert fault([*played, played[output[0]]]) == Fault("16 outputs came and not 15", end + 3)
    words = rows(played, "input")
    assert fault(without(words[-1])) == Fault(
        f"sample 12: input word {len(words) // SAMPLES - 1} was not taken", end - 3
    )
    again = played[observe[len(plan.updates(0))]]
    assert fault([*played, again]) == Fault(
        f"layer output sent {due + 1} observations and not {due}", end + 3
    )
