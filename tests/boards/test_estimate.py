"""What a board adds to the accelerator is counted."""

import pytest
from small_network import small_network
from somagate.boards.board import Board
from somagate.boards.estimate import estimate
from somagate.boards.registry import BOARDS
from somagate.hw.cost.coefficients import COEFFICIENTS
from somagate.hw.cost.resources import Resources, resources
from somagate.hw.plan.plan import Plan, StageShape


def estimated(board: Board, *, loadable: bool = False, spram: bool = False) -> Resources:
    shape = StageShape(layers=2, lanes=4, weight_memory="spram" if spram else "block")
    plan = Plan(tables=small_network(), shapes=(shape,), word_bits=16, loadable=loadable)
    found = estimate(plan, board)
    alone = resources(plan, board.family.part)
    assert found.blocks == alone.blocks
    assert [memory.stored.name for memory in found.memories] == [
        *(memory.stored.name for memory in alone.memories), "frames", "answers",
        *([] if plan.configurable else ["pages"]),
    ]  # fmt: skip
    return found


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS.keys())
def test_commands_are_counted_wherever_something_is_loaded(board: Board) -> None:
    commands = COEFFICIENTS[board.family.part.family]["commands"]["one"]
    plain = estimated(board)
    for given in ({"loadable": True}, {"spram": True}, {"loadable": True, "spram": True}):
        found = estimated(board, **given)
        assert found.board.logic == pytest.approx(plain.board.logic + commands[0])
        assert found.board.flip_flops == pytest.approx(plain.board.flip_flops + commands[1])
