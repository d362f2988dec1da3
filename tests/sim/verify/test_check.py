from dataclasses import replace

import numpy as np
from playback import Script, changed, payload, recorded
from somagate.hw.plan.plan import Plan
from somagate.sim.bench.ports import Ports
from somagate.sim.bench.scenario import Record
from somagate.sim.golden import golden
from somagate.sim.verify.check import Checker, Finding

NEURONS = 3 * (4 * 6 * 6 + 5)
"""Updates of a sample."""


def check(plan: Plan, x: np.ndarray, record: Record, first: int = 0) -> Finding:
    checker = Checker(plan, Ports.of(plan))
    seen = checker.order.observations(record)
    return checker.check(record, seen, golden.run(plan.tables, x, potentials=True), first)


def field(plan: Plan, stream: str, name: str) -> int:
    return getattr(Ports.of(plan), stream)[name].offset


def test_golden_itself_is_equal(plan: Plan, x: np.ndarray, played: Script) -> None:
    finding = check(plan, x, recorded(plan, played))
    assert finding == Finding(
        difference=None, fault="", cycle=None, lane=None, stream="", neurons=3 * NEURONS
    )


def test_one_wrong_potential_is_named(plan: Plan, x: np.ndarray, played: Script) -> None:
    updates = [len(plan.updates(layer)) for layer in range(2)]
    index = 2 * 3 * sum(updates) + sum(updates) + 40  # sample 2, step 1, update 40
    bit = field(plan, "observe", "potentials") + plan.tables.layers[0].neuron.store.bits
    found = changed(played, "observe", index, bit)
    finding = check(plan, x, recorded(plan, found), first=100)
    channel, row, column = plan.updates(0)[40, 1]
    assert finding.fault == ""
    assert finding.difference is not None
    value, wrong = finding.difference.values
    assert abs(value - wrong) == 1
    assert str(finding.difference) == (
        f"layer hidden, step 1, sample 102, channel {channel}, row {row}, column {column}: "
        f"potential {value} and {wrong}; 1 value differs in all"
    )
    rows = [row for row, (name, _) in enumerate(found) if name == "observe"]
    assert (finding.cycle, finding.lane) == (3 * rows[index], 1)


def test_one_wrong_spike_is_named(plan: Plan, x: np.ndarray, played: Script) -> None:
    updates = [len(plan.updates(layer)) for layer in range(2)]
    found = changed(played, "observe", updates[0] + 1, field(plan, "observe", "spikes"))
    finding = check(plan, x, recorded(plan, found))
    assert finding.difference is not None
    neuron = plan.updates(1)[1, 0, 0]
    assert str(finding.difference).startswith(
        f"layer output, step 0, sample 0, neuron {neuron}: spike "
    )
    assert (finding.lane, finding.fault) == (0, "")


def test_an_unused_lane_may_hold_anything(plan: Plan, x: np.ndarray, played: Script) -> None:
    places = plan.updates(1)
    assert places[-1, 1, 0] == -1
    bit = field(plan, "observe", "spikes") + 1
    found = changed(played, "observe", len(plan.updates(0)) + len(places) - 1, bit)
    assert check(plan, x, recorded(plan, found)).difference is None


def test_a_wrong_answer_is_named(plan: Plan, x: np.ndarray, played: Script) -> None:
    found = changed(played, "output", 6, field(plan, "output", "value"))
    finding = check(plan, x, recorded(plan, found))
    assert str(finding.difference).startswith("sample 1, class 1: output ")
    found = changed(played, "output", 4, field(plan, "output", "prediction"))
    finding = check(plan, x, recorded(plan, found))
    assert str(finding.difference).startswith("sample 0: prediction ")
    rows = [row for row, (name, _) in enumerate(found) if name == "output"]
    assert (finding.cycle, finding.lane) == (3 * rows[4], None)
    found = changed(played, "output", 3, field(plan, "output", "prediction"))
    assert check(plan, x, recorded(plan, found)).difference is None  # only the last one counts


def test_what_came_before_a_missing_transfer_is_compared(
    plan: Plan, x: np.ndarray, played: Script
) -> None:
    for end in (0, 1, 7, len(played) // 2, len(played) - 1):
        part = played[:end]
        record = replace(recorded(plan, part), late=True)
        finding = check(plan, x, record)
        assert finding.difference is None
        assert "did not come: no transfer came from cycle" in finding.fault
        assert finding.neurons == sum(
            int((plan.updates(layer)[update, :, 0] >= 0).sum())
            for layer, update in observed(plan, part)
        )


def observed(plan: Plan, found: Script) -> list[tuple[int, int]]:
    fields = Ports.of(plan).observe
    return [
        (
            value >> fields["layer"].offset & ((1 << fields["layer"].width) - 1),
            value >> fields["index"].offset & ((1 << fields["index"].width) - 1),
        )
        for name, value in found
        if name == "observe"
    ]


def test_a_difference_before_a_missing_transfer_is_named_too(
    plan: Plan, x: np.ndarray, played: Script
) -> None:
    found = changed(played, "observe", 3, field(plan, "observe", "potentials"))[:200]
    finding = check(plan, x, recorded(plan, found))
    assert str(finding.difference).startswith("layer hidden, step 0, sample 0, channel ")
    assert finding.fault.endswith("did not come")


def test_layers_may_come_in_any_order_of_each_other(
    plan: Plan, x: np.ndarray, played: Script
) -> None:
    order = sorted(
        (row for row, (name, _) in enumerate(played) if name == "observe"),
        key=lambda row: -observed(plan, [played[row]])[0][0],
    )
    rest = [item for item in played if item[0] != "observe"]
    mixed = rest[:1] + [played[row] for row in order] + rest[1:]
    assert check(plan, x, recorded(plan, mixed)).difference is None


def test_a_wrong_potential_of_a_later_stage_is_named(
    chain: Plan, x: np.ndarray, chained: Script
) -> None:
    index = 2 * 3 * len(chain.updates(1)) + len(chain.updates(1)) + 3  # sample 2, step 1, update 3
    found = changed(chained, "observe_1", index, field(chain, "observe", "potentials"))
    finding = check(chain, x, recorded(chain, found), first=100)
    assert str(finding.difference).startswith("layer output, step 1, sample 102, neuron 3: potent")
    rows = [row for row, (name, _) in enumerate(found) if name == "observe_1"]
    assert (finding.cycle, finding.lane, finding.fault) == (3 * rows[index], 0, "")
    # Lanes that the stage does not have may hold anything.
    spare = field(chain, "observe", "spikes") + 1
    found = changed(chained, "observe_1", index, spare)
    assert check(chain, x, recorded(chain, found)).difference is None


def test_what_the_stages_sent_is_compared_to_the_end_of_each(
    chain: Plan, x: np.ndarray, chained: Script
) -> None:
    rows = [row for row, (name, _) in enumerate(chained) if name == "observe_1"][7:]
    found = [item for row, item in enumerate(chained) if row not in rows]
    finding = check(chain, x, recorded(chain, found))
    assert finding.difference is None
    assert finding.fault == "layer output, step 1, sample 0: update 2 did not come"
    assert finding.neurons == 3 * 3 * 4 * 6 * 6 + 7


def test_payloads_hold_what_they_are_given(plan: Plan) -> None:
    ports = Ports.of(plan)
    values = {"layer": [1], "index": [2], "spikes": [1, 0], "potentials": [-3, 5]}
    record = recorded(plan, [("observe", payload(ports.observe, values))])
    for name, value in values.items():
        assert ports.observe[name].unpack(record.payloads["observe"]).tolist() == [value]
