"""The drawn inference is what the Verilog does, and the page's picture is that of today."""

from pathlib import Path

import numpy as np
import pytest
from somagate.hw.rtl.update.readout import ResultLayout
from somagate.sim.golden import run

pytest.importorskip("matplotlib", reason="matplotlib is not installed")

from benchmarks.waveform import __main__ as waveform


def test_the_picture_of_the_page_is_drawn_from_the_verilog_of_today(tmp_path: Path) -> None:
    """Where it is not: python -m benchmarks.waveform."""
    waveform.main(["--out", str(tmp_path / "drawn.svg")])
    assert (tmp_path / "drawn.svg").read_bytes() == waveform.PICTURE.read_bytes()


def test_what_is_traced_is_an_inference_as_golden_has_it() -> None:
    found = waveform.simulated()
    taken = {
        stream: [
            found.signals[f"{stream}__payload"][cycle]
            for cycle in range(found.cycles)
            if found.signals[f"{stream}__valid"][cycle] and found.signals[f"{stream}__ready"][cycle]
        ]
        for stream in ("input", "output")
    }
    x = np.array(waveform.INPUT)
    assert taken["input"] == found.plan.pack_input(x)
    layout = ResultLayout(found.plan.stages[0])
    results = [layout.from_bits(payload) for payload in taken["output"]]
    trace = run(found.plan.tables, x[:, None])
    assert [result.value for result in results] == trace.output[0].tolist()
    assert [result.last for result in results] == [0, 1]
    assert results[-1].prediction == trace.prediction[0]


def test_payloads_are_shown_while_they_are_valid_and_the_same() -> None:
    assert waveform.spans([0, 1, 1, 1, 0, 1], [9, 1, 1, 2, 2, 2]) == [(1, 3), (3, 4), (5, 6)]
