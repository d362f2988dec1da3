import sys

import numpy as np
import pytest
from somagate.hw.plan.plan import Plan
from somagate.sim.verify.settings import Setup
from somagate.sim.verify.verify import verify
from somagate.toolchain.depth import DEPTH, deep
from tiny_tables import tiny


def test_the_limit_is_raised_and_given_back() -> None:
    before = sys.getrecursionlimit()
    with pytest.raises(KeyError), deep():
        assert sys.getrecursionlimit() == DEPTH > before
        raise KeyError
    assert sys.getrecursionlimit() == before


def test_the_widest_words_run_in_amaranths_simulator() -> None:
    plan = Plan.single(tiny(steps=1), lanes=4, update_lanes=4, word_bits=1024)
    x = (np.random.default_rng(0).random((1, 1, 1, 8, 8)) < 0.3).astype(np.uint8)
    assert verify(plan, x, setup=Setup(engine="amaranth"), predict=0).equal
