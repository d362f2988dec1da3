"""A stream goes on as one long inference does, however its steps come."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import cases
from plans import everything, late
from somagate.export.tables import Tables
from somagate.sim.golden import golden
from somagate.sim.golden.stream import Stream


def long_run(tables: Tables, x: Any) -> golden.Trace:
    """Return the trace of one inference of all steps, whose input may change."""
    changing = replace(tables.input, constant=False)
    return golden.run(replace(tables, steps=len(x), input=changing), x, potentials=True)


def must_go_on(tables: Tables, x: Any, sizes: list[int]) -> None:
    """Compare a stream whose steps come in portions with one inference of all of them."""
    whole = long_run(tables, x)
    stream = Stream(tables, x.shape[1])
    at = 0
    while at < len(x):
        size = sizes[at % len(sizes)]
        part = stream.run(x[at : at + size], potentials=True)
        for name in whole.spikes:
            assert np.array_equal(part.spikes[name], whole.spikes[name][at : at + size])
            assert np.array_equal(part.potentials[name], whole.potentials[name][at : at + size])
        alone = replace(tables, steps=1, readout=replace(tables.readout, over="last"))
        for step in range(len(x[at : at + size])):
            name = tables.readout.layer
            fires, values = part.spikes[name][[step]], part.potentials[name][[step]]
            assert np.array_equal(part.output[:, step], golden.answer(alone, fires, values))
        assert np.array_equal(part.prediction, part.output[:, -1].argmax(1))
        at += size


@settings(max_examples=60, deadline=None)
@given(cases(), st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(0, 99))
def test_a_stream_is_one_long_inference(
    case: tuple[Tables, Any], sizes: list[int], seed: int
) -> None:
    tables, x = case
    rng = np.random.default_rng(seed)
    more = rng.permuted(np.concatenate([x] * 3), axis=0)
    must_go_on(tables, more, sizes)


@pytest.mark.parametrize("tables", [late(steps=4), everything(steps=2), late(steps=6)])
@pytest.mark.parametrize("sizes", [[1], [3], [2, 5]])
def test_delays_and_recurrence_reach_over_portions(tables: Tables, sizes: list[int]) -> None:
    rng = np.random.default_rng(1)
    activation = tables.input.activation
    x = rng.integers(activation.low, activation.high + 1, (17, 2, *tables.input.shape))
    must_go_on(tables, x, sizes)


def test_a_stream_that_is_reset_starts_again() -> None:
    tables = everything(steps=2)
    x = np.random.default_rng(2).integers(0, 2, (5, 1, *tables.input.shape))
    stream = Stream(tables)
    first = stream.run(x)
    assert not np.array_equal(stream.run(x).output, first.output)
    stream.reset()
    assert np.array_equal(stream.run(x).output, first.output)


def test_what_is_no_input_of_the_stream_is_refused() -> None:
    stream = Stream(everything(steps=2), 2)
    shape = everything(steps=2).input.shape
    words = ", ".join(map(str, shape))
    for bad in (np.zeros((0, 2, *shape), int), np.zeros((3, 1, *shape), int), np.zeros(3, int)):
        with pytest.raises(ValueError) as caught:
            stream.run(bad)
        assert str(caught.value) == f"x must have shape (steps, 2, {words}), not {bad.shape}"
