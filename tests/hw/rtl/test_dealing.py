"""Samples are dealt out in turn, and answers collected in their order."""

from dataclasses import replace

import pytest
from plans import network
from somagate.export.tables import Input, Tables
from somagate.hw.plan.plan import Plan
from somagate.hw.rtl.dealing import Collector, Dealer
from stream_bench import Bench

TABLES = network((9,), [5], steps=2, classes=3)


def a_plan(tables: Tables = TABLES, *, replicas: int = 3, loadable: bool = False) -> Plan:
    """Return a plan whose samples have two words a time step."""
    return replace(Plan.single(tables, word_bits=8, loadable=loadable), replicas=replicas)


@pytest.mark.parametrize("replicas", [2, 3, 5])
@pytest.mark.parametrize("constant", [False, True])
def test_a_sample_s_words_go_to_one_replica(replicas: int, constant: bool, stalls: str) -> None:
    tables = replace(TABLES, input=Input(shape=(9,), constant=constant))
    plan = a_plan(tables, replicas=replicas)
    each, samples = plan.sample_words, 3 * replicas - 1
    assert each == (2 if constant else 4)
    words = [[(each * n + i) & 255 for i in range(each)] for n in range(samples)]
    dut = Dealer(plan)
    bench = Bench(dut, stalls=stalls, seed=replicas)
    bench.send("input", dut.input, [word for sample in words for word in sample])
    found = [
        bench.receive(f"replica {n}", dut.outputs[n], each * len(mine))
        for n, mine in enumerate(plan.dealt(samples))
    ]
    bench.run(2000)
    for mine, output in zip(plan.dealt(samples), found, strict=True):
        output.must_be([word for sample in mine for word in words[sample]])


def test_a_word_is_dealt_out_each_cycle_and_comes_a_latency_later() -> None:
    plan = a_plan(replicas=2)
    dut = Dealer(plan)
    bench = Bench(dut, stalls="none")
    sent = bench.send("input", dut.input, range(16))
    first, second = (bench.receive(f"replica {n}", dut.outputs[n], 8) for n in range(2))
    bench.run(200)
    assert sent.cycles == list(range(16))
    dealt = [cycle for cycle in range(16) if cycle // 4 % 2 == 0]
    assert first.cycles == [cycle + Dealer.latency for cycle in dealt]
    assert second.cycles == [cycle + 4 + Dealer.latency for cycle in dealt]


def test_a_replica_that_is_full_holds_the_words_back_and_no_other_s() -> None:
    plan = a_plan(replicas=2)
    dut = Dealer(plan)
    bench = Bench(dut, stalls="none")
    bench.send("input", dut.input, range(8))
    slow = bench.receive("slow", dut.outputs[1], 4, stalls="lazy")
    fast = bench.receive("fast", dut.outputs[0], 4)
    bench.run(200)
    assert fast.cycles == [1, 2, 3, 4]
    slow.must_be([4, 5, 6, 7])


@pytest.mark.parametrize("over", ["last", "every"])
def test_answers_come_in_the_order_of_the_samples(over: str, stalls: str) -> None:
    out = TABLES.layers[-1]
    silent = replace(out, neuron=replace(out.neuron, threshold=None, reset="none"))
    readout = replace(TABLES.readout, kind="potential", over=over)
    layers = (*TABLES.layers[:-1], silent)
    plan = a_plan(replace(TABLES, layers=layers, readout=readout))
    samples = 8
    answers = [
        [
            {"value": (3 * n + i) % 7, "index": i % 3, "prediction": 0, "last": int(i % 3 == 2)}
            for i in range(plan.results)
        ]
        for n in range(samples)
    ]
    assert plan.results == (6 if over == "every" else 3)
    dut = Collector(plan)
    bench = Bench(dut, stalls=stalls, seed=1)
    for n, mine in enumerate(plan.dealt(samples)):
        bench.send(f"replica {n}", dut.inputs[n], [r for sample in mine for r in answers[sample]])
    found = bench.receive("output", dut.output, samples * plan.results)
    bench.run(2000)
    found.must_be([result for answer in answers for result in answer])


def test_a_result_leaves_each_cycle_a_latency_later() -> None:
    plan = a_plan(replicas=2)
    dut = Collector(plan)
    bench = Bench(dut, stalls="none")
    answer = [{"value": 1, "index": i, "prediction": 0, "last": int(i == 2)} for i in range(3)]
    for n in range(2):
        bench.send(f"replica {n}", dut.inputs[n], answer)
    found = bench.receive("output", dut.output, 6)
    bench.run(200)
    assert found.cycles == [cycle + Collector.latency for cycle in range(6)]
