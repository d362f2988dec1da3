from typing import Any

import pytest
from refusal import refused
from somagate.sim.verify.settings import Setup


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
