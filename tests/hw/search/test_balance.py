"""The order of channels that shares out the events over the banks."""

import numpy as np
import pytest
from somagate.hw.search.balance import balanced


def loads(order: tuple[int, ...], rates: dict[int, float], banks: int) -> list[float]:
    return [sum(rates[channel] for channel in order[bank::banks]) for bank in range(banks)]


@pytest.mark.parametrize("count", [1, 3, 8, 13, 64])
@pytest.mark.parametrize("banks", [1, 2, 8])
def test_every_channel_has_one_place(count: int, banks: int) -> None:
    rng = np.random.default_rng(count)
    channels = rng.permutation(100)[:count]
    assert sorted(balanced(channels, rng.random(count), banks)) == sorted(channels.tolist())


def test_the_most_active_channels_lie_in_different_banks() -> None:
    rates = {0: 9.0, 4: 8.0, 1: 1.0, 2: 1.0, 3: 0.0, 5: 0.0}
    order = balanced(list(rates), list(rates.values()), 2)
    assert loads(order, rates, 2) == [10.0, 9.0]


def test_no_bank_has_much_more_than_its_share() -> None:
    rng = np.random.default_rng(1)
    rates = dict(enumerate(rng.exponential(size=128)))
    before, after = (
        max(loads(order, rates, 8)) / sum(rates.values()) * 8
        for order in (tuple(range(128)), balanced(list(rates), list(rates.values()), 8))
    )
    assert before > 1.1
    assert after < 1.02


@pytest.mark.parametrize("rates", [[1.0], [1.0, -1.0], [1.0, float("nan")]])
def test_rates_that_do_not_fit_are_named(rates: list[float]) -> None:
    with pytest.raises(ValueError) as error:
        balanced([0, 1], rates, 2)
    assert str(error.value) == (
        f"rates must be 2 numbers of at least 0, one a channel, not {rates!r}"
    )
