"""The search for the fewest bits: what it finds, and that nobody else has a say in it."""

import re
from dataclasses import replace
from typing import Any

import classified
import numpy as np
import pytest
from somagate.imports.bits import Bits
from somagate.imports.importing import ImportSettings, as_input
from somagate.imports.layer_bits import layer_bits
from somagate.imports.lower import lower
from somagate.imports.paths import LoweringError
from somagate.imports.search import Aim, FoundBits, fewest_bits
from somagate.sim.golden import golden
from somagate.workers import pool


def searched(wanted: ImportSettings, aim: Aim, workers: int = 1, told: Any = None) -> FoundBits:
    with pool(count=workers) as its:
        return fewest_bits(
            classified.network(), wanted, aim, its, told or (lambda done, total: None)
        )


SOURCE = classified.network()
WANTED = classified.wanted(SOURCE, bits=layer_bits(6, 6, Bits()))
AIM = Aim(loss=20.0)
TOLD: list[tuple[int, int]] = []


@pytest.fixture(scope="module")
def found() -> FoundBits:
    return searched(WANTED, AIM, told=lambda *state: TOLD.append(state))


def test_the_choice_is_the_smallest_within_the_loss(found: FoundBits) -> None:
    assert found.layers == ("hidden", "last") and (found.searched, found.held) == (40, 40)
    assert found.accuracy == found.held_accuracy == 1.0  # the labels are the source's answers
    within = [p for p in found.points if p.accuracy >= 0.8]
    assert found.within and found.chosen.storage_bits == min(p.storage_bits for p in within)
    widest = max(found.points, key=lambda p: p.storage_bits)
    assert widest.allowed == ((6, 6), (6, 6)) and widest.weights == (6, 6)
    assert found.chosen.storage_bits < 0.8 * widest.storage_bits


def test_all_that_was_tried_is_kept_and_each_once(found: FoundBits) -> None:
    assert len({p.allowed for p in found.points}) == len(found.points)
    sizes = [p.storage_bits for p in found.points]
    assert sizes == sorted(sizes)
    for point in found.points:
        assert point.storage_bits == (
            point.weights[0] * 96 + point.states[0] * 12
            + point.weights[1] * 48 + point.states[1] * 4
        )  # fmt: skip
        assert all(
            w <= a and s <= b
            for (a, b), w, s in zip(point.allowed, point.weights, point.states, strict=True)
        )


def test_the_front_is_what_no_other_beats(found: FoundBits) -> None:
    assert found.chosen in found.front
    for point in found.front:
        assert point.held_out is not None
        assert not any(
            p.storage_bits <= point.storage_bits
            and p.accuracy >= point.accuracy
            and (p.storage_bits, p.accuracy) != (point.storage_bits, point.accuracy)
            for p in found.points
        )
    storage = [p.storage_bits for p in found.front]
    assert storage == sorted(set(storage))


def test_the_tables_are_those_of_the_choice_and_proven_on_what_was_held_out(
    found: FoundBits,
) -> None:
    kept = found.tables.source
    assert kept is not None and kept["quantization"]["samples"] == 40
    assert kept["quantization"]["accuracy"] == found.chosen.held_out
    assert tuple(layer.neuron.store.bits for layer in found.tables.layers) == found.chosen.states


def test_two_workers_find_the_same(found: FoundBits) -> None:
    pytest.importorskip("distributed", reason="dask is not installed")
    other = searched(WANTED, AIM, workers=2)
    assert other.points == found.points and other.front == found.front
    assert other.chosen == found.chosen and other.tables.sha256 == found.tables.sha256


def test_labels_that_are_held_out_have_no_say(found: FoundBits) -> None:
    held = np.random.default_rng(0).permutation(80)[:40]
    wrong = np.array(WANTED.labels)
    wrong[held] = (wrong[held] + 1) % (wrong.max() + 1)
    other = searched(replace(WANTED, labels=wrong), AIM)
    assert other.chosen.allowed == found.chosen.allowed
    assert other.held_accuracy == 0.0
    answers = golden.run(other.tables, as_input(other.tables, WANTED.samples)[:, held]).prediction
    assert other.chosen.held_out == (answers == wrong[held]).mean() < found.chosen.held_out
    assert [p.accuracy for p in other.points] == [p.accuracy for p in found.points]


@pytest.mark.parametrize(("narrow", "fixed"), [("states", 0), ("weights", 1)])
def test_what_is_not_narrowed_keeps_its_bits(narrow: Any, fixed: int) -> None:
    wanted = replace(WANTED, bits=layer_bits({"hidden": 5, "*": 6}, 6, Bits()))
    found = searched(wanted, replace(AIM, narrow=narrow, held_out=0))
    kept = ((5, 6), (6, 6))[fixed]
    assert {tuple(pair[fixed] for pair in p.allowed) for p in found.points} == {kept}
    assert len(found.points) > 3
    assert found.held == 0 and found.held_accuracy is None and found.chosen.held_out is None
    assert found.tables.source is not None
    assert found.tables.source["quantization"]["samples"] == 80


def test_the_widest_is_returned_where_it_is_not_within_the_loss() -> None:
    wanted = replace(WANTED, bits=layer_bits(1, 3, Bits()))
    found = searched(wanted, replace(AIM, loss=0))
    assert not found.within and len(found.points) == 1
    assert found.chosen.allowed == ((1, 3), (1, 3)) and found.chosen.held_out is not None


def test_what_is_decided_is_told_as_it_is(found: FoundBits) -> None:
    assert TOLD[0][0] == 0 and TOLD[-1][0] == TOLD[-1][1]
    assert all(0 <= done <= total for done, total in TOLD)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"loss": -1}, ValueError, "loss must be 0…100, not -1"),
        ({"loss": "a"}, TypeError, "loss must be a number, not 'a'"),
        ({"narrow": "all"}, ValueError,
         "narrow must be 'both', 'weights' or 'states', not 'all'"),
        ({"held_out": 1}, ValueError, "held_out must be 0…0.9, not 1"),
    ],
)  # fmt: skip
def test_an_aim_out_of_range_is_refused(settings: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        Aim(**settings)


def test_what_a_search_lacks_is_said() -> None:
    def refused(wanted: ImportSettings) -> str:
        with pytest.raises(ValueError) as caught:
            searched(wanted, AIM)
        return str(caught.value)

    missing = "labels must be given to a search, the right class of each sample"
    assert refused(replace(WANTED, labels=None)) == missing
    assert refused(ImportSettings(steps=3)) == missing
    exact = "exact must be left out of a search, which rounds to fewer bits"
    assert refused(replace(WANTED, bits=Bits(exact=True))) == exact
    assert refused(ImportSettings(samples=np.ones((4, 1, 8)), labels=[0])) == (
        "samples must be enough to search on some and hold some out, not 1"
    )


def test_bits_are_those_of_each_layer() -> None:
    x = np.ones((10, 3, 8))
    tables = lower(SOURCE, samples=x, bits=layer_bits({"last": 3}, {"*": 7, "hidden": 5}, Bits()))
    layers = tables.tables.layers
    assert [layer.synapses[0].bits for layer in layers] == [8, 3]
    assert layers[0].neuron.store.bits == 5 and layers[1].neuron.store.bits <= 7
    assert golden.run(tables.tables, np.ones((10, 1, 8), int)).prediction.shape == (1,)


def test_bits_of_a_layer_that_is_not_there_are_refused() -> None:
    message = "bits must be of a layer that there is, hidden, last, not of 'fc1'"
    with pytest.raises(LoweringError, match=f"^{re.escape(message)}$"):
        lower(SOURCE, steps=3, bits=layer_bits({"fc1": 4}, 16, Bits()))
    with pytest.raises(ValueError, match="^state_bits must be 2…16, not 1$"):
        layer_bits(8, {"last": 1}, Bits())
