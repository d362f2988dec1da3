"""What surrounds an accelerator on a board is fitted to what it takes."""

from pathlib import Path

import pytest
from somagate.boards.catalog.icebreaker import ICEBREAKER
from somagate.boards.core import TopParameters
from somagate.boards.top import Top
from somagate.boards.uart import UartParameters
from somagate.hw.cost.coefficients import COEFFICIENTS, PATH

from benchmarks.hardware.fitted import fitted
from benchmarks.hardware.resources import Sink, fit, merged, top_size, write


@pytest.mark.parametrize("configurable", [False, True])
def test_the_coefficients_of_a_boards_top_are_what_it_takes(
    configurable: bool, tmp_path: Path
) -> None:
    parameters = TopParameters(
        uart=UartParameters(clock_hz=ICEBREAKER.clock_hz),
        word_bits=16,
        buffer_bytes=ICEBREAKER.buffer_bytes,
    )
    real = top_size(Top(Sink(16, configurable=configurable), parameters), "ice40", tmp_path)
    known = COEFFICIENTS["ice40"]
    for index in range(2):
        top = known["top"]["one"][index] + 16 * known["top"]["word"][index]
        top += configurable * known["commands"]["one"][index]
        assert top == pytest.approx(real[index], rel=0.03)


def test_the_file_says_which_coefficients_are_not_measured(tmp_path: Path) -> None:
    write(COEFFICIENTS, fitted(24), tmp_path / "anew.toml")
    text = PATH.read_text(encoding="utf-8")
    assert (tmp_path / "anew.toml").read_text(encoding="utf-8") == text
    unmeasured = [line.split(" = ")[0] for line in text.splitlines() if "# not measured" in line]
    assert unmeasured == ["luts", "read", "rows_read"] + 3 * ["written_bits", "written_width"]


def test_a_fit_keeps_what_no_design_of_it_has() -> None:
    rows = [
        ({"array": {"lanes": n, "banks": 0.0}}, {"array": (3.0 * n, 2.0 * n)}) for n in (4, 8, 16)
    ]
    found = fit(rows)
    assert list(found["array"]) == ["lanes"]
    assert found["array"]["lanes"] == pytest.approx((3, 2), rel=0.01)
    before = {"array": {"lanes": (1.0, 1.0), "banks": (5.0, 6.0)}, "ring": {"bases": (7.0, 8.0)}}
    assert merged(before, found) == {
        "array": {"lanes": found["array"]["lanes"], "banks": (5.0, 6.0)},
        "ring": {"bases": (7.0, 8.0)},
    }
