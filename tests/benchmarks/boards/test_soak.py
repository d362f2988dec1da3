"""Requests over a bad line."""

import somagate as sg
from somagate.host.serving import Faults
from tiny_tables import tiny

from benchmarks.boards.soak import soak


def test_a_bad_line_gives_right_answers() -> None:
    design = sg.design(tiny(), board="icebreaker", lanes=4)
    found = soak(design, 60, Faults(corrupt=0.01, drop=0.002, unplug=0.015, seed=3))
    assert found["right"] and found["requests"] == 60
    assert found["damaged_bytes"] and found["repeated"] and found["unplugged"]
