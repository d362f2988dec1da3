"""What the front door is given by mistake is told in its user's words."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import somagate as sg
from refusal import refused
from somagate.given import needs_torch
from tiny_tables import tiny

TABLES = tiny()
DESIGN = sg.design(TABLES)
X = np.zeros((TABLES.steps, 1, *TABLES.input.shape), np.int64)


def some_samples(tables: Any = TABLES, count: int = 3) -> Any:
    return sg.Samples(
        tables=tables, data="mine", images=np.zeros((count, *tables.input.shape), np.uint8),
        labels=np.zeros(count, np.int64), classes=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sg.estimate(TABLES), "design must be a Design, .*, not a Tables"),
        (lambda: sg.generate(TABLES, "g"), "design must be a Design, .*, not a Tables"),
        (lambda: sg.build(TABLES, "b"), "design must be a Design, .*, not a Tables"),
        (lambda: sg.check("x.safetensors"), "tables must be Tables, .*, not 'x.safetensors'"),
        (lambda: sg.design("x"), "tables must be Tables, .*, not 'x'"),
        (lambda: sg.plan(None), "tables must be Tables, .*, not None"),
        (lambda: sg.samples(DESIGN), "tables must be Tables, .*"),
        (lambda: sg.plan(TABLES, data="digits"), "data must be Samples, .*, not 'digits'"),
        (lambda: sg.estimate(DESIGN, X), "data must be Samples, .*, not a ndarray"),
        (lambda: sg.measure(TABLES, X), "data must be Samples, .*, not a ndarray"),
        (lambda: sg.simulate(TABLES, "digits"), "data must be Samples, .* or an array .*'digits'"),
        (lambda: sg.verify(DESIGN, "digits"), "data must be Samples, .* or an array .*'digits'"),
        (lambda: sg.design(TABLES, clock_hz=1.5), "clock_hz must be an int, not 1.5"),
    ],
)
def test_another_kind_of_thing_is_told_with_what_makes_the_right_one(
    call: Callable[[], Any], message: str
) -> None:
    with pytest.raises(TypeError, match=f"^{message}$"):
        call()


@pytest.mark.parametrize("clock_hz", [0, -1])
def test_a_clock_that_stands_still_is_refused(clock_hz: int) -> None:
    for make in (sg.design, sg.plan):
        with refused(ValueError, f"clock_hz must be 1…10000000000, not {clock_hz}"):
            make(TABLES, clock_hz=clock_hz)


def test_a_plan_of_other_tables_is_refused() -> None:
    other = replace(TABLES, steps=TABLES.steps + 1)
    with pytest.raises(ValueError, match=f"^plan must be one of tables {other.sha256[:12]}, not"):
        sg.design(other, plan=DESIGN.plan)
    assert sg.design(TABLES, plan=DESIGN, board="ulx3s-85f").plan is DESIGN.plan


def test_words_of_another_width_than_a_plan_file_says_are_refused(tmp_path: Any) -> None:
    path = tmp_path / "p.toml"
    path.write_text("word_bits = 8\n", encoding="utf-8")
    with refused(ValueError, f"word_bits must be left out where {path} says 8, not be 64"):
        sg.design(TABLES, plan=path, word_bits=64)
    assert sg.design(TABLES, plan=path, word_bits=8).plan.word_bits == 8
    path.write_text("", encoding="utf-8")
    assert sg.design(TABLES, plan=path, word_bits=64).plan.word_bits == 64


def test_samples_encoded_for_another_input_are_refused_by_all() -> None:
    other = replace(TABLES, steps=TABLES.steps + 1)
    for call in (
        lambda: sg.simulate(other, some_samples()),
        lambda: sg.measure(other, some_samples()),
        lambda: sg.plan(other, data=some_samples()),
        lambda: sg.estimate(sg.design(other), some_samples()),
        lambda: sg.verify(sg.design(other), some_samples()),
    ):
        with pytest.raises(ValueError, match=f"^data must be samples for tables {other.name}, "):
            call()
    named = replace(TABLES, name="another")
    assert some_samples().given_to(named).tables is named


def test_maps_may_be_lists_of_numbers() -> None:
    assert sg.simulate(TABLES, X.tolist()).prediction.shape == (1,)


def test_no_samples_are_none_to_measure() -> None:
    with refused(ValueError, "mine must have a sample at least to be measured, not none"):
        sg.measure(TABLES, some_samples(count=0))


def test_no_worker_is_none_to_verify() -> None:
    with refused(ValueError, "workers must be an integer of 1…256, not 0"):
        sg.verify(DESIGN, X, workers=0)


def test_what_torch_itself_lacks_is_told_as_it_is(monkeypatch):
    def broken(name):
        raise ModuleNotFoundError("No module named 'sympy'", name="sympy")

    monkeypatch.setattr("somagate.given.import_module", broken)
    with pytest.raises(ModuleNotFoundError, match="^No module named 'sympy'$"):
        needs_torch("train")
