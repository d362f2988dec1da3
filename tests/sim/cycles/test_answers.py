"""Results leave the readout a neuron a cycle, and wait for those of other replicas."""

from dataclasses import replace

from plans import network
from somagate.hw.plan.plan import Plan
from somagate.sim.cycles.answers import Answers, QueueCycles, ReadoutCycles

STAGE = Plan.single(network((9,), [5], classes=5), lanes=4, update_lanes=4).stages[0]


def test_a_queue_of_two_holds_a_third_thing_back() -> None:
    queue = QueueCycles()
    entered = []
    for _ in range(4):
        entered.append(queue.enter(0 if not entered else entered[-1] + 1))
        queue.leaves(lambda cycle: max(cycle, 10 * len(entered)))
    # Things leave in cycles 10, 20, 30 and 40.
    assert entered == [0, 1, 11, 21]


def test_the_readout_takes_no_chunk_while_it_sends_results() -> None:
    readout = ReadoutCycles(STAGE, Answers(queue=False))
    assert [readout.take(0, answers=False) for _ in range(2)] == [0, 1]
    # Four results follow the first chunk, and one the second, which ends the answer.
    assert [readout.take(0, answers=True) for _ in range(3)] == [2, 7, 9]


def test_several_neurons_a_class_are_one_result() -> None:
    tables = network((9,), [6], classes=6)
    tables = replace(tables, readout=replace(tables.readout, voters=2))
    stage = Plan.single(tables, lanes=4, update_lanes=4).stages[0]
    answers = Answers(queue=False)
    readout = ReadoutCycles(stage, answers)
    assert [readout.take(0, answers=True) for _ in range(2)] == [0, 5]
    assert answers.latest == 7


def test_results_wait_for_those_of_another_replica() -> None:
    answers = Answers(queue=True)
    readout = ReadoutCycles(STAGE, answers)
    answers.latest = 50  # the replica before has sent its last one then
    assert readout.take(0, answers=True) == 0
    # Two results are in the queue in cycles 1 and 2; the next ones enter as these leave.
    assert answers.latest == 54
    assert readout.take(0, answers=True) == 54
    assert answers.latest == 56
