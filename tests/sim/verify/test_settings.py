from typing import Any

import pytest
from refusal import refused
from somagate.sim.verify.settings import Setup
from somagate.workers import pool


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"engine": "verilator"},
            (
                "engine must be 'native', 'cocotb-verilator', 'cocotb-icarus' or 'amaranth', "
                "not 'verilator'"
            ),
        ),
        ({"stalls": 1}, "stalls must be a probability 0…0.9, not 1"),
    ],
)
def test_a_wrong_setting_is_refused(settings: dict[str, Any], message: str) -> None:
    with refused(ValueError, message):
        Setup(**settings)


def test_a_pool_plays_in_the_native_engine_alone() -> None:
    with pool() as here:
        with refused(
            ValueError,
            "pool must come with engine 'native' and no workers, not with engine 'amaranth'",
        ):
            Setup(engine="amaranth", pool=here)
        with refused(ValueError, "pool must come with engine 'native' and no workers, not 2"):
            Setup(workers=2, pool=here)
