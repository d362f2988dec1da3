import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from somagate.hw.cost.resources import resources
from somagate.hw.plan import plan_file
from somagate.sim.cycles.predict import predict
from somagate.sim.golden import golden
from somagate.view.explore import Setting, Target, ahead
from somagate.view.explore.bits import narrowed
from somagate.view.explore.figures import FOLLOWED, Row, exact
from somagate.view.explore.networks import Data, assumed, networks
from somagate.view.explore.run import best, explored
from somagate.view.explore.store import opened
from somagate.workers import pool
from tiny_tables import tiny

CLOCK = 10_000_000


class Interrupted(Exception):
    pass


class Samples:
    """A few random maps."""

    def __init__(self, count: int = 20) -> None:
        self.x = (np.random.default_rng(3).random((4, count, 1, 8, 8)) < 0.3).astype(np.uint8)

    def __len__(self) -> int:
        return self.x.shape[1]

    def __getitem__(self, chosen: slice, /) -> np.ndarray:
        return self.x[:, chosen]


def setting(**changes: object) -> Setting:
    network = assumed(tiny(), 0.1)
    targets = (
        Target(name="lfe5u-25f", on_board=False, clock_hz=CLOCK),
        Target(name="icebreaker", on_board=True, clock_hz=None),
    )
    found = Setting(
        targets=targets, networks=(network,), points=40, exact=8, seed=0, proof=network.x,
        spikes="random",
    )  # fmt: skip
    return replace(found, **changes)


def run(
    file: Path, its: Setting, workers: int = 1, stop: Callable[[], bool] = lambda: False
) -> list[Row]:
    def told(what: str, done: int, total: int) -> None:
        if stop():
            raise Interrupted

    with pool(count=workers) as workers_, opened(file, {}) as store:
        return explored(its, store, workers_, told)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    return run(tmp_path_factory.mktemp("explored") / "a.sqlite", setting())


def test_every_point_has_its_figures(rows: list[Row]) -> None:
    its = setting()
    assert [row["number"] for row in rows] == list(range(40))
    for row in rows:
        plan = plan_file.from_dict(json.loads(row["plan"]), tiny())
        target = next(one for one in its.targets if one.name == row["target"])
        if not target.on_board:
            used = resources(plan, target.part)
            assert (row["logic_cells"], row["block_rams"]) == (used.logic, used.block_rams)
        assert bool(row["fits"]) == (row["why_not"] == "")
        rate = target.clock_hz and target.clock_hz / row["cycles_per_image"]
        assert row["images_per_second"] == rate
        assert row["network"] == 0 and row["accuracy"] is None


def test_exact_cycles_are_those_between_samples(rows: list[Row]) -> None:
    followed = [row for row in rows if row["exact_cycles_per_image"] is not None]
    assert 3 < len(followed) <= 8
    network = setting().networks[0]
    for row in followed[:4]:
        assert row["cycles_from"] == "random"
        plan = plan_file.from_dict(json.loads(row["plan"]), tiny())
        told = predict(replace(plan, replicas=1), network.trace, network.x)
        between = (told.busy_cycles - int(told.cycles[0])) / (network.x.shape[1] - 1)
        if plan.replicas > 1:
            between = max(between / plan.replicas, plan.sample_words)
        assert row["exact_cycles_per_image"] == row["cycles_per_image"] == between
        assert row["exact_latency_cycles"] == told.cycles[0]
        assert between == pytest.approx(row["rough_cycles_per_image"], rel=0.6)
    about = [row for row in rows if row["exact_cycles_per_image"] is None]
    assert {row["cycles_from"] for row in about} == {"rough"}
    assert not any(row["front"] for row in about)


def test_the_front_is_what_no_followed_point_of_the_target_beats(rows: list[Row]) -> None:
    for target in setting().targets:
        mine = [r for r in rows if r["target"] == target.name and r["fits"]]
        mine = [row for row in mine if row["exact_cycles_per_image"] is not None]
        names = ("cycles_per_image", "logic_cells", "block_rams", "large_rams")
        values = [[row[name] for name in (*names, "additions_per_image")] for row in mine]
        assert [bool(row["front"]) for row in mine] == ahead(values).tolist()
        assert any(row["front"] for row in mine)


def test_later_rounds_find_better_points_than_the_first(rows: list[Row]) -> None:
    front = [row["number"] for row in rows if row["front"]]
    assert max(front) >= 16  # the points of the first round come before


def test_an_interrupted_run_comes_to_the_same_table(rows: list[Row], tmp_path: Path) -> None:
    rng, file = np.random.default_rng(0), tmp_path / "b.sqlite"
    for _ in range(6):
        with pytest.raises(Interrupted):
            left = int(rng.integers(1, 3))
            calls = iter([False] * left + [True])
            run(file, setting(), stop=lambda calls=calls: next(calls))
    assert run(file, setting()) == rows
    assert run(file, setting(), stop=lambda: True) == rows  # there is nothing left to do


def test_two_workers_come_to_the_same_table(rows: list[Row], tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="dask is not installed")
    assert run(tmp_path / "c.sqlite", setting(), workers=2) == rows


def test_plans_that_are_too_large_are_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    import somagate.view.explore.figures as figures

    plan = {"word_bits": 32, "loadable": False, "orders": {},
            "stages": [{"layers": 2, "lanes": 4, "update_lanes": 2, "banks": 1}]}  # fmt: skip
    row = {"network": 0, "plan": json.dumps(plan)}
    assert exact(setting(), row) is not None
    monkeypatch.setattr(figures, "FOLLOWED", 10)
    assert FOLLOWED > 10
    assert exact(setting(), row) is None


def test_networks_with_fewer_bits_are_measured_on_the_samples(tmp_path: Path) -> None:
    samples, tables = Samples(), tiny()
    labels = golden.run(tables, samples.x).prediction
    told: list[int] = []
    data = Data(samples=samples, labels=labels)
    with pool() as here:
        found = networks(
            tables, data, 4, seed=0, pool=here, told=lambda n, _: told.append(n), known={}
        )
    assert told == [network.number for network in found] == [0, 1, 2, 3]
    assert found[0].tables is tables and found[0].accuracy == 1.0
    fit = golden.run(tables, samples.x, potentials=True).potentials
    second = narrowed(tables, ((1, 0), (1, 0)), fit)
    assert found[1].tables.sha256 == second.sha256
    right = (golden.run(second, samples.x).prediction == labels).mean()
    assert found[1].accuracy == right < 1.0
    its = setting(networks=found, spikes="data", points=40, exact=12)
    rows = run(tmp_path / "e.sqlite", its)
    assert {row["network"] for row in rows} == {0, 1, 2, 3}
    assert {row["cycles_from"] for row in rows} == {"data", "rough"}
    chosen = best(its, rows, 2)
    for target in its.targets:
        front = [row for row in rows if row["front"] and row["target"] == target.name]
        right = [row for row in front if row["accuracy"] >= 0.99 - 1e-9]
        mine = [row for row in chosen if row["target"] == target.name]
        assert len(mine) == min(2, len(front))
        if right:
            assert mine[0] == min(right, key=lambda row: row["cycles_per_image"])
