import json
from dataclasses import replace

from somagate.sim.golden.trace import Difference
from somagate.sim.verify.measured import LayerCost
from somagate.sim.verify.verdict import Verdict, merge

EQUAL = Verdict(
    equal=True,
    engine="native",
    tables="ab",
    samples=2,
    spikes=20,
    potentials=20,
    difference=None,
    fault="",
    cycle=None,
    lane=None,
    sample_cycles=(50, 52),
    busy_cycles=98,
    layers=(
        LayerCost(name="a", cycles=60, additions=100, lanes=2, predicted=61),
        LayerCost(name="b", cycles=40, additions=20, lanes=2, predicted=40),
    ),
    cycles=255,
    seconds=0.5,
    predicted_cycles=(50, 53),
    predicted_busy_cycles=99,
)
DIFFERENCE = Difference(
    quantity="potential", layer="b", step=1, sample=3, place=(4,), values=(2, -1), count=7
)


def test_an_equal_verdict_says_what_was_compared() -> None:
    assert EQUAL.summary == "RTL equals golden on 2 samples: 20 spikes and 20 potentials"


def test_a_verdict_names_the_difference_and_the_fault() -> None:
    wrong = replace(EQUAL, equal=False, difference=DIFFERENCE)
    told = (
        "golden and RTL differ first in layer b, step 1, sample 3, neuron 4: "
        "potential 2 and -1; 7 values differ in all"
    )
    assert wrong.summary == told
    assert replace(wrong, fault="output 2 did not come").summary == f"{told}; output 2 did not come"
    assert replace(EQUAL, equal=False, fault="nothing came").summary == "nothing came"


def test_a_verdict_comes_back_from_json() -> None:
    for verdict in (EQUAL, replace(EQUAL, equal=False, difference=DIFFERENCE, cycle=9, lane=1)):
        content = json.loads(json.dumps(verdict.record()))
        assert content["summary"] == verdict.summary
        assert content["cycles_per_sample"] == verdict.cycles_per_sample == 49.0
        assert [layer["efficiency"] for layer in content["layers"]] == [0.8333, 0.25]
        assert Verdict.from_record(content) == verdict


def test_a_printed_verdict_says_of_which_tables() -> None:
    assert EQUAL.to_dict()["tables"] == "ab"


def test_no_complete_sample_has_no_throughput() -> None:
    assert replace(EQUAL, sample_cycles=(), busy_cycles=0).cycles_per_sample is None


def test_verdicts_add_up() -> None:
    both = merge([EQUAL, EQUAL])
    assert both == replace(
        EQUAL,
        samples=4,
        spikes=40,
        potentials=40,
        sample_cycles=(50, 52, 50, 52),
        busy_cycles=196,
        layers=(
            LayerCost(name="a", cycles=120, additions=200, lanes=2, predicted=122),
            LayerCost(name="b", cycles=80, additions=40, lanes=2, predicted=80),
        ),
        cycles=510,
        seconds=1.0,
        predicted_cycles=(50, 53, 50, 53),
        predicted_busy_cycles=198,
    )


def test_a_verdict_says_how_well_the_cycles_were_predicted() -> None:
    assert (EQUAL.predicted_exactly, EQUAL.largest_error) == (1, 53 / 52 - 1)
    told = "cycles predicted exactly for 1 of 2 samples; the largest error is 1.923%"
    assert EQUAL.prediction == told
    exact = replace(EQUAL, predicted_cycles=(50, 52))
    assert exact.prediction == "cycles predicted exactly for 2 of 2 samples"
    assert (exact.predicted_exactly, exact.largest_error) == (2, 0.0)
    assert replace(EQUAL, predicted_cycles=()).prediction == ""


def test_a_sum_over_samples_that_were_not_predicted_is_not_known() -> None:
    layers = tuple(replace(layer, predicted=None) for layer in EQUAL.layers)
    rest = replace(EQUAL, predicted_cycles=(), predicted_busy_cycles=None, layers=layers)
    both = merge([EQUAL, rest])
    assert both.predicted_cycles == (50, 53)
    assert both.predicted_busy_cycles is None
    assert [layer.predicted for layer in both.layers] == [None, None]
    assert Verdict.from_record(json.loads(json.dumps(both.record()))) == both


def test_one_wrong_verdict_makes_all_wrong() -> None:
    wrong = replace(EQUAL, equal=False, difference=DIFFERENCE, cycle=9, lane=1)
    both = merge([EQUAL, wrong])
    assert not both.equal
    assert (both.samples, both.difference, both.cycle, both.lane) == (4, DIFFERENCE, 9, 1)
