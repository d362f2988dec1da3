"""Smaller tables in the shape of larger ones compute what they did, by golden alone."""

from dataclasses import replace

import numpy as np
import pytest
from plans import EVERYTHING, everything, late, network
from smaller import cut
from somagate.hw.plan.descriptor import ascending
from somagate.hw.plan.embed import MismatchError, embed
from somagate.sim.golden import golden


def test_golden_runs_embedded_tables_as_the_smaller_ones() -> None:
    base = everything()
    small = cut(replace(everything(seed=3), steps=2), "ring", [0, 4, 5])
    found = embed(base, small, ascending(base))
    x = np.random.default_rng(1).integers(-4, 4, (2, 4, *EVERYTHING))
    wanted, seen = (
        golden.run(small, x, potentials=True),
        golden.run(found.tables, x, potentials=True),
    )
    assert np.array_equal(seen.output, wanted.output)
    for name, slots in found.slots.items():
        here = slots >= 0
        for ours, theirs in ((seen.spikes, wanted.spikes), (seen.potentials, wanted.potentials)):
            assert np.array_equal(ours[name][:, :, here], theirs[name][:, :, slots[here]])
            assert not ours[name][:, :, ~here].any()


def test_channels_take_the_first_places_of_the_order_where_they_may() -> None:
    base = network((2, 6, 6), [6, 8])
    orders = ascending(base) | {"l0": np.array([5, 1, 0, 2, 3, 4])}
    masks = replace(
        base,
        layers=(
            replace(base.layers[0], channel_mask=np.array([0, 1, 0, 1, 0, 0], bool)),
            *base.layers[1:],
        ),
    )
    slots = embed(base, masks, orders).slots
    assert slots["l0"].tolist() == [-1, 3, -1, -1, -1, 1]
    assert slots["l1"].tolist() == list(range(8)) and slots["out"].tolist() == [0, 1]


def test_channels_beside_an_identity_keep_their_numbers() -> None:
    base = everything()
    mask = np.array([0, 0, 1, 1, 0, 1], bool)
    small = replace(base, layers=(replace(base.layers[0], channel_mask=mask), *base.layers[1:]))
    assert embed(base, small, ascending(base)).slots["grouped"].tolist() == [-1, -1, 2, 3, -1, 5]


def test_a_mismatch_is_a_value_error() -> None:
    base = everything()
    with pytest.raises(ValueError, match="steps must be at most 3, not 4") as error:
        embed(base, replace(base, steps=4), ascending(base))
    assert error.type is MismatchError


def test_delays_must_be_equal() -> None:
    base = late()
    layer = base.layers[0]
    first = replace(layer.synapses[0], delay=1)
    other = replace(base, layers=(replace(layer, synapses=(first, *layer.synapses[1:])),
                                  *base.layers[1:]))  # fmt: skip
    with pytest.raises(MismatchError) as error:
        embed(base, other, ascending(base))
    assert str(error.value) == ("layer a: delays of the synapses must be [0, 2, 3], not [1, 2, 3]")
