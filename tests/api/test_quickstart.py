"""The lines of the front door's docstring, one after the other, and what each result says."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import somagate as sg
from refusal import refused
from somagate.shown import Shown
from tiny_tables import tiny


@pytest.fixture(scope="module")
def data() -> sg.Samples:
    return sg.samples(tiny(), "digits")


def test_samples_are_encoded_when_they_are_asked_for(data: sg.Samples) -> None:
    some = data[3:5]
    assert (len(data), len(some)) == (500, 2)
    assert some.labels.tolist() == data.labels[3:5].tolist()
    assert some.x.shape == (4, 2, 1, 8, 8)
    assert (np.asarray(some) == data.x[:, 3:5]).all()
    assert np.shares_memory(some.images, data.images)
    with refused(TypeError, "Samples are taken by a slice such as [:100], not 3"):
        data[3]
    with refused(ValueError, "samples must be 1…500 for digits, not 501"):
        sg.samples(tiny(), "digits", 501)


def test_golden_is_as_right_one_by_one_as_in_all(data: sg.Samples) -> None:
    trace = sg.simulate(tiny(), data[:20])
    measured = sg.measure(tiny(), data[:20])
    assert measured.correct == (trace.prediction == data.labels[:20]).sum()
    assert trace.potentials["conv1"].shape == (4, 20, 4, 8, 8)
    assert not sg.simulate(tiny(), data[:1].x, potentials=False).potentials


def test_a_design_is_chosen_estimated_and_verified(data: sg.Samples) -> None:
    design = sg.plan(tiny(), board="icebreaker", goal="smallest", data=data[:2])
    estimate = sg.estimate(design, data[:2])
    verdict = sg.verify(design, data[:2], engine="amaranth")
    assert verdict.equal
    assert estimate.cycles_per_sample == verdict.cycles_per_sample
    assert estimate.fits
    for result, text in (
        (design, "Network tiny on icebreaker at 24.00 MHz"),
        (estimate, "It fits icebreaker, by estimates"),
        (verdict, "RTL equals golden on 2 samples"),
        (sg.check(tiny()), "The hardware supports every layer."),
        (sg.measure(tiny(), data[:2]), "of 2 right"),
    ):
        assert isinstance(result, Shown)
        assert text in str(result)
        assert json.loads(json.dumps(result.to_dict())) == result.to_dict()
    assert str(tiny()) in str(sg.check(tiny()))


def test_a_plan_that_was_saved_is_the_same_design(tmp_path: Path) -> None:
    design = sg.plan(tiny(), part="lfe5u-25f", goal="fastest")
    design.save(tmp_path / "plan.toml")
    again = sg.design(tiny(), part="lfe5u-25f", plan=tmp_path / "plan.toml")
    assert again.to_dict()["plan"] == design.to_dict()["plan"]
    assert sg.design(tiny(), part="lfe5u-25f", plan=design.plan).plan is design.plan


def test_what_is_generated_is_verified_as_it_is(data: sg.Samples, tmp_path: Path) -> None:
    made = sg.generate(sg.design(tiny(), lanes=4), tmp_path / "rtl")
    assert made.verilog.is_file()
    verdict = sg.verify(tiny(), data[:1], generated=made.folder, predict=0)
    assert verdict.equal and not verdict.predicted_cycles


@pytest.mark.parametrize("given", [{"lanes": 8}, {"update_lanes": 2}])
def test_a_number_beside_a_plan_is_refused(given: dict[str, int]) -> None:
    plan = sg.design(tiny()).plan
    ((name, value),) = given.items()
    with refused(ValueError, f"{name} must be left out where a plan is given, not {value}"):
        sg.design(tiny(), plan=plan, **given)


def test_what_would_not_be_used_is_refused(data: sg.Samples) -> None:
    design = sg.design(tiny())
    with refused(ValueError, "word_bits must be left out where a plan is given, not 32"):
        sg.design(tiny(), plan=design.plan, word_bits=32)
    with refused(ValueError, "part must be left out where a board is given, not 'xc7a35t'"):
        sg.design(tiny(), board="icebreaker", part="xc7a35t")
    with refused(ValueError, "activity must be left out where there is data, not 0.1"):
        sg.estimate(design, data[:1], activity=0.1)
    with refused(ValueError, "activity must be left out where there is data, not 0.1"):
        sg.plan(tiny(), data=data[:1], activity=0.1)
    with refused(ValueError, "seed must come with stalls, not be 3 without any"):
        sg.verify(design, data[:1], seed=3)
    with refused(ValueError, "predict must be 0 where streams stall, not 2"):
        sg.verify(design, data[:1], stalls=0.1, predict=2)
    with refused(ValueError, "workers must come with the engine 'native', not 'amaranth'"):
        sg.verify(design, data[:1], engine="amaranth", workers=2)
    with refused(ValueError, "weight_bits must be left out for a float network, not 2"):
        sg.train("digits", floating=True, weight_bits=2)


def test_a_design_is_asked_for_where_it_is_needed(data: sg.Samples, tmp_path: Path) -> None:
    with refused(
        TypeError,
        "design must be a Design, of somagate.plan or somagate.design, not tables by themselves, "
        "unless generated has their accelerator",
    ):
        sg.verify(tiny(), data[:1])
    with refused(TypeError, "design must be tables where generated has their plan, not a Design"):
        sg.verify(sg.design(tiny()), data[:1], generated=tmp_path)
    with refused(
        ValueError,
        "design must have a board to be built, not the part xc7a35t alone: plan it with board=",
    ):
        sg.build(sg.design(tiny(), part="xc7a35t"), tmp_path / "built")
    assert not (tmp_path / "built").exists()


def test_tables_print_a_row_a_layer() -> None:
    lines = str(tiny()).splitlines()
    assert [line.split()[:3] for line in lines if "conv1" in line] == [["conv1", "4×8×8", "4/4"]]
    assert lines[-1].startswith(f"Network tiny, tables {tiny().sha256[:12]}: input 1×8×8 of 1 bit")
    many = replace(tiny(), steps=1)
    assert "1 time step, answer by potential of output" in str(many)
