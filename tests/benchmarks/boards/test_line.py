"""Images a second over a line, in simulated time."""

import pytest
import somagate as sg
from somagate.host.rate import line_bytes
from tiny_tables import tiny

from benchmarks.boards.line import measure


def test_a_line_carries_what_is_estimated() -> None:
    design = sg.design(tiny(), board="icebreaker", lanes=4)
    found = measure(design, sg.samples(tiny(), "digits", 60))
    assert found["equal"] and (found["baud"], found["samples"]) == (3_000_000, 60)
    carried = line_bytes(design.plan).per_second(3_000_000)
    assert found["samples_per_second"] == pytest.approx(carried, rel=0.1)
