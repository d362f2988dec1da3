"""Traces of loaded tables in the accelerator's channels, and back."""

from dataclasses import replace

import numpy as np
from plans import network
from smaller import cut
from somagate.hw.plan.loading import load
from somagate.hw.plan.plan import Plan
from somagate.sim.golden import golden
from somagate.sim.golden.trace import Difference
from somagate.sim.verify.loaded import lay_out, named

BASE = network((2, 6, 6), [6, 8], classes=4)
SMALL = cut(cut(BASE, "l0", [0, 3]), "out", [0, 1])
PLAN = replace(Plan.single(BASE, loadable=True), orders={"l0": (4, 1, 0, 2, 3, 5)})
LOAD = load(PLAN, SMALL)


def test_missing_channels_are_silent() -> None:
    x = np.random.default_rng(1).integers(0, 2, (2, 3, 2, 6, 6))
    trace = golden.run(SMALL, x, potentials=True)
    found = lay_out(trace, LOAD)
    assert found.tables == LOAD.tables.sha256
    for ours, theirs in ((found.spikes, trace.spikes), (found.potentials, trace.potentials)):
        assert [array.shape[2] for array in ours.values()] == [6, 8, 4]
        assert np.array_equal(ours["l0"][:, :, [4, 1]], theirs["l0"])
        assert np.array_equal(ours["l1"], theirs["l1"])
        assert not ours["l0"][:, :, [0, 2, 3, 5]].any() and not ours["out"][:, :, 2:].any()
    assert np.array_equal(found.output, np.pad(trace.output, ((0, 0), (0, 2))))
    assert np.array_equal(found.prediction, trace.prediction)


def difference(layer: str | None, *place: int) -> Difference:
    return Difference(
        quantity="output" if layer is None else "spike",
        layer=layer,
        step=None if layer is None else 1,
        sample=2,
        place=place,
        values=(0, 1),
        count=3,
    )


def test_a_difference_has_the_channel_of_the_loaded_tables_if_they_have_it() -> None:
    assert named(difference("l0", 1, 2, 3), LOAD) == difference("l0", 1, 2, 3)
    assert named(difference("l0", 4, 2, 3), LOAD) == difference("l0", 0, 2, 3)
    assert named(difference("l0", 5, 2, 3), LOAD) == difference("l0", 5, 2, 3)
    assert named(difference(None, 1), LOAD) == difference(None, 1)
    assert named(difference(None), LOAD) == difference(None)
