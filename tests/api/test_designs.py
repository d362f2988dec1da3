"""Whatever is planned for a board can be built for it."""

from pathlib import Path

import pytest
import somagate as sg
from amaranth.back import rtlil
from somagate.boards.core import TopParameters
from somagate.boards.top import Top
from somagate.boards.uart import UartParameters
from somagate.hw.rtl.accelerator import Accelerator
from tiny_tables import tiny

EXAMPLES = Path(__file__).parents[2] / "examples"


def top(design: sg.Design) -> str:
    """Return what `build` hands to synthesis for a design, without the pins."""
    assert design.board is not None and design.clock_hz is not None
    parameters = TopParameters(
        uart=UartParameters(clock_hz=design.clock_hz, baud=115200),
        word_bits=design.plan.word_bits,
        buffer_bytes=design.board.buffer_bytes,
    )
    return str(rtlil.convert(Top(Accelerator(design.plan), parameters), emit_src=False))


@pytest.mark.parametrize("loadable", [False, True])
@pytest.mark.parametrize("goal", ["latency", "smallest", "1000"])
@pytest.mark.parametrize("board", ["icebreaker", "ulx3s-12f", "tang-nano-9k", "basys3"])
def test_whatever_is_planned_for_a_board_has_a_top(board: str, goal: str, loadable: bool) -> None:
    design = sg.plan(tiny(), board=board, goal=goal, loadable=loadable)
    assert design.limits == []
    assert "module" in top(design)


@pytest.mark.parametrize("loadable", [False, True])
def test_the_fastest_plan_of_a_board_has_a_top(loadable: bool) -> None:
    design = sg.plan(tiny(), board="icebreaker", goal="fastest", loadable=loadable)
    assert design.limits == []
    assert "module" in top(design)


def test_words_are_as_wide_as_the_line_takes_and_on_a_part_as_wide_as_pays() -> None:
    tables = sg.load(EXAMPLES / "digits-dense.safetensors")
    assert sg.plan(tables, board="icebreaker", word_bits=64).plan.word_bits == 64
    assert sg.plan(tables, board="icebreaker", goal="latency").plan.word_bits <= 128
    wide_part = sg.plan(tables, part="lfe5u-25f", goal="latency", word_bits=256)
    assert wide_part.plan.word_bits == 256
    wide = sg.design(tiny(), board="ulx3s-85f", word_bits=256)
    assert wide.limits == ["Words must have at most 128 bits on a board's serial line, not 256"]
    estimate = sg.estimate(wide)
    assert not estimate.fits and estimate.reasons == wide.limits
    assert sg.estimate(sg.design(tiny(), part="lfe5u-85f", word_bits=256)).fits
