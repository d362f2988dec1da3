"""Numbers that would explain a fault, those first that differ in the fewest bits."""

import pytest
from somagate.sim.causes.suspects import Suspect


@pytest.mark.parametrize(
    ("bits", "was", "values", "flips"),
    [
        (4, 1, (2,), 2),
        (4, 0, (-1,), 4),
        (4, -3, (2,), 4),
        (4, -3, (-2, 5), 1),
        (1, -1, (1,), 1),
        (None, 5, (7, 13), 1),
        (None, 0, (-1,), 2),
    ],
)
def test_bits_are_those_of_twos_complement(
    bits: int | None, was: int, values: tuple[int, ...], flips: int
) -> None:
    found = Suspect(
        number="weight", layer="a", channel=0, was=was, values=values, steps=1, bits=bits
    )
    assert found.flipped == flips
