import numpy as np
import pytest
from plans import EVERYTHING, everything
from small_network import small_network
from somagate.export.tables import Tables
from somagate.hw.plan.plan import Plan
from somagate.sim.cycles.words import Spikes, walk
from somagate.sim.golden import golden
from somagate.sim.golden.activity import additions
from somagate.sim.golden.golden import pooled


def layer_events(tables: Tables, x: np.ndarray, name: str, banks: int) -> list[int]:
    """Return the events of a layer in each time step of the first sample."""
    plan = Plan.single(tables, lanes=8, update_lanes=2, banks=banks, word_bits=16)
    stage = plan.stages[0]
    descriptor = next(d for d in stage.descriptors if d.name == name)
    trace = golden.run(tables, x)
    maps = {"input": x[:, 0]}
    maps |= {a.name: pooled(a.pool, trace.spikes[a.name])[:, 0] for a in tables.layers}
    spikes = Spikes(stage, descriptor, maps)
    found = []
    for step in range(tables.steps):
        words = walk(stage, descriptor, step=step)
        assert sum(words.positions) == len(words.steps) == len(words.ends) == len(words.low)
        events, parts = map(np.array, spikes.events(words, step))
        assert events.shape == parts.shape == (len(words.low), banks)
        # The last part of a word holds some of its events, and not more than it has bits.
        assert ((parts <= events) | (events == 0)).all()
        assert (parts[events > 0] > 0).all()
        assert parts[events > 0].max(initial=0) <= 4
        found.append(int(events.sum()))
    return found


@pytest.mark.parametrize("banks", [1, 2, 8])
def test_the_words_hold_the_events_of_every_receptive_field(banks: int) -> None:
    rng = np.random.default_rng(2)
    tables, x = small_network(), (rng.random((3, 1, 2, 6, 6)) < 0.4).astype(np.uint8)
    added = additions(tables, golden.run(tables, x), x)
    for layer in tables.layers:
        # One group of lanes adds each event to all channels.
        events = np.array(layer_events(tables, x, layer.name, banks)) * layer.neuron.channels
        assert events.tolist() == added[layer.name][:, 0].tolist()


def test_planes_and_recurrent_sources_are_walked() -> None:
    rng = np.random.default_rng(2)
    tables = everything(steps=3)
    x = rng.integers(-4, 4, (3, 1, *EVERYTHING))
    last = tables.layers[-1]
    added = additions(tables, golden.run(tables, x), x)[last.name][:, 0]
    events = layer_events(tables, x, last.name, 2)
    assert (np.array(events) * int(last.kept.sum()) == added).all()


def test_a_skipped_lane_group_has_no_words_but_takes_the_walker_s_steps() -> None:
    stage = Plan.single(small_network(), lanes=2, update_lanes=2, word_bits=16).stages[0]
    descriptor = stage.descriptors[0]
    whole, half, none = (
        walk(stage, descriptor, step=0, skips=skips) for skips in ((), {1}, {0, 1})
    )
    assert half.positions == [
        0 if number // 4 % 2 else count for number, count in enumerate(whole.positions)
    ]
    # Every segment is a step: positions, lane groups and rows of the kernel.
    for found in (whole, half, none):
        assert sum(found.steps) + found.trailing == 36 * 2 * 3
    assert none.positions == [0] * 72
    assert none.trailing == 36 * 2 * 3
