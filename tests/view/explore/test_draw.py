import json
from dataclasses import replace

import pytest
from somagate.hw.plan import plan_file
from somagate.view.explore import draw
from somagate.view.explore.draw import FILL, Point, round_of, rounds
from somagate.view.explore.networks import assumed
from somagate.view.explore.setting import Setting, Target
from tiny_tables import tiny

BOARD = Target(name="icebreaker", on_board=True, clock_hz=24_000_000)
PART = Target(name="lfe5u-85f", on_board=False, clock_hz=None)
NETWORK = assumed(tiny(), 0.1)
SETTING = Setting(
    targets=(BOARD, PART), networks=(NETWORK,), points=100, exact=8, seed=0, proof=NETWORK.x,
    spikes="random",
)  # fmt: skip


def drawn(setting: Setting = SETTING, best: tuple[Point, ...] = ()) -> list[Point]:
    return list(round_of(setting, range(40), best, set()))


def test_rounds_hold_every_point_once() -> None:
    for points in (1, 2, 7, 100, 2000):
        found = [number for numbers in rounds(points) for number in numbers]
        assert found == list(range(points))
    assert rounds(2000)[0] == range(800)


def test_points_are_plans_each_once_and_of_the_boards_in_turn() -> None:
    found = drawn()
    assert [point.number for point in found] == list(range(40))
    assert [point.target for point in found] == [0, 1] * 20
    assert len({point.key for point in found}) == 40
    plans = [point.laid_out(NETWORK) for point in found]
    assert {plan.replicas for plan in plans if plan.replicas > 1}
    assert {len(plan.shapes) for plan in plans} == {1, 2}
    assert max(shape.tiles for plan in plans for shape in plan.shapes) > 1
    wide = {plan.word_bits for point, plan in zip(found, plans, strict=True) if point.target == 0}
    assert max(wide) <= max(BOARD.widths)
    spram = [
        shape.weight_memory == "spram"
        for point in found
        if point.target == 1
        for shape in point.laid_out(NETWORK).shapes
    ]
    assert not any(spram)  # which the part hasn't


def test_the_same_seed_draws_the_same_points() -> None:
    assert drawn() == drawn()
    assert drawn(replace(SETTING, seed=1)) != drawn()


def test_points_beside_the_best_differ_in_little() -> None:
    best = tuple(drawn()[:2])
    found = list(round_of(SETTING, range(40, 60), best, {point.key for point in best}))
    assert [point.target for point in found] == [0, 1] * 10
    for point in found:
        parent = best[point.target]
        values, others = (json.loads(one.plan) for one in (point, parent))
        stages, before = values["stages"], others["stages"]
        changes = abs(len(stages) - len(before))
        if len(stages) == len(before):
            pairs = zip(stages, before, strict=True)
            keys = {key for one in (*stages, *before) for key in one}
            changes = sum(a.get(key) != b.get(key) for a, b in pairs for key in keys)
        changes += values["word_bits"] != others["word_bits"]
        changes += point.replicas != parent.replicas
        assert 0 < changes <= 6


def test_a_round_ends_where_no_other_point_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = json.dumps(plan_file.to_dict(drawn()[0].laid_out(NETWORK)))
    only = Point(number=0, target=0, network=0, plan=plan, replicas=FILL)
    one = replace(SETTING, targets=(BOARD,))
    known: set[object] = set()
    known.update({only.key})
    monkeypatch.setattr(draw, "_TRIES", 20)
    found = list(round_of(one, range(1, 20_000), (only,), known))
    assert 3 < len(found) < 1000
    assert len(known) == len(found) + 1
