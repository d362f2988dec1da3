"""The page of an exploration, as text and in a browser."""

import base64
import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from browser import DESK, PHONE, Browser, findings, sideways
from somagate.hw.plan import plan_file
from somagate.view.explore import Setting, Target
from somagate.view.explore.figures import Row
from somagate.view.explore.networks import assumed
from somagate.view.explore.page import MOST, page
from somagate.view.explore.run import explored
from somagate.view.explore.store import opened
from somagate.workers import pool
from tiny_tables import tiny

TARGETS = (
    Target(name="icebreaker", on_board=True, clock_hz=24_000_000),
    Target(name="arty-a7", on_board=True, clock_hz=100_000_000),
    Target(name="lfe5u-25f", on_board=False, clock_hz=None),
)
SETTINGS = {
    "targets": "icebreaker arty-a7 lfe5u-25f", "tables": tiny().sha256, "layers": "conv1 output",
    "spikes": "random spikes, 0.1 a neuron and time step", "bits": "1", "somagate": "0.1.0",
}  # fmt: skip
HOSTILE = "<img src=x onerror=alert(1)>\"'&\u202etxt.sqlite"
OUT = "runs/my plans.sqlite"


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    network = assumed(tiny(), 0.1)
    setting = Setting(
        targets=TARGETS, networks=(network,), points=90, exact=18, seed=0, proof=network.x,
        spikes="random",
    )  # fmt: skip
    file = tmp_path_factory.mktemp("explored") / "a.sqlite"
    with pool() as here, opened(file, {}) as store:
        return explored(setting, store, here, lambda *told: None)


@pytest.fixture(scope="module")
def address(rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> str:
    proven = [dict(row) for row in rows]
    front = [row for row in proven if row["front"] and row["target"] == "icebreaker"]
    min(front, key=lambda row: row["cycles_per_image"]).update(
        verified="equal", verified_samples=2, verified_cycles_per_image=1234.5, built="passes",
        fmax_mhz=31.25,
    )  # fmt: skip
    path = tmp_path_factory.mktemp("page") / "page.html"
    text = page(proven, SETTINGS, "tiny", OUT, "t.safetensors")
    path.write_text(text, encoding="utf-8")
    return path.as_uri()


def ready(page: Any) -> None:
    page.wait_for_selector("html[data-explored=yes]", state="attached")


def test_the_page_is_the_same_for_the_same_points_and_small(rows: list[Row]) -> None:
    text = page(rows, SETTINGS, "tiny", OUT, "t.safetensors")
    assert text == page(rows, SETTINGS, "tiny", OUT, "t.safetensors")
    many = [{**row, "number": n * 90 + row["number"]} for n in range(60) for row in rows]
    large = page(many, SETTINGS, "tiny", OUT)
    assert len(large.encode()) < 2 * 2**20
    assert f"5,400 plans on icebreaker, arty-a7, lfe5u-25f, {MOST:,} of them here" in large


def test_the_page_holds_the_plan_file_of_every_point(rows: list[Row]) -> None:
    text = page(rows, SETTINGS, "tiny", OUT)
    (packed,) = re.findall(r'id="explore-plans">([^<]+)<', text)
    texts = json.loads(gzip.decompress(base64.b64decode(packed)))
    assert len(texts) == len(rows)
    for row, found in zip(rows, texts, strict=True):
        plan = plan_file.from_dict(json.loads(row["plan"]), tiny())
        assert found == plan_file.dump(plan)


def test_what_is_said_of_bits_is_said_where_they_vary(rows: list[Row]) -> None:
    assert "without any training" not in page(rows, SETTINGS, "tiny", OUT)
    several = {**SETTINGS, "bits": "4", "measured": "500 samples of digits"}
    assert "<em>without any training</em>" in page(rows, several, "tiny", OUT)


def test_a_build_that_failed_says_what_is_wrong(rows: list[Row]) -> None:
    number = next(row["number"] for row in rows if row["front"])
    for told, fmax in (("the slowest path allows 9.50 MHz", 9.5), ("can't be placed", None)):
        wrong = [dict(row) for row in rows]
        wrong[number] |= {"built": told, "fmax_mhz": fmax}
        text = page(wrong, SETTINGS, "tiny", OUT)
        assert f'["Bitstream","{told}"]' in text
        assert told.replace("'", "&#x27;") in text.replace("&#39;", "&#x27;").split("<tbody>")[-1]


def test_points_of_an_unfinished_run_are_not_called_exact(rows: list[Row]) -> None:
    left = [row | {"cycles_from": None} for row in rows]
    followed = sum(row["exact_cycles_per_image"] is not None for row in rows)
    assert f"Cycles of {followed} points are exact" in page(left, SETTINGS, "tiny", OUT)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_row_of_the_table_shows_its_point_by_keyboard(
    browser: Browser, address: str, rows: list[Row], scheme: Any
) -> None:
    with browser.page(address, scheme=scheme) as its:
        ready(its)
        assert findings(its) == []
        first = its.locator("button[data-point]").first
        number = int(first.inner_text())
        first.focus()
        its.keyboard.press("Enter")
        title = its.locator("#chosen-title")
        title.wait_for(state="visible")
        assert title.inner_text() == f"Point {number} on icebreaker"
        row = rows[number]
        plan = plan_file.from_dict(json.loads(row["plan"]), tiny())
        its.wait_for_selector("#plan:not(:empty)")
        assert its.locator("#plan").text_content() == plan_file.dump(plan)
        assert its.locator("#command").text_content() == (
            f"somagate explore t.safetensors --out 'runs/my plans.sqlite' --point {number}\n"
            f"somagate build t.safetensors --plan 'runs/my plans-{number}.toml' --board icebreaker"
        )
        assert its.evaluate("document.activeElement.id") == "chosen-title"
        told = its.locator("#chosen-figures").inner_text()
        assert "equal on 2 samples, 1,234.5 cycles each" in told.replace("\n", " ")
        assert "the clock passes, 31.25 MHz possible" in told
        assert findings(its) == []


def test_every_kind_of_target_has_its_command(
    browser: Browser, address: str, rows: list[Row]
) -> None:
    with browser.page(address) as its:
        ready(its)
        for name, end in (("arty-a7", " --board arty-a7 --for vivado"), ("lfe5u-25f", ".toml'")):
            number = next(r["number"] for r in rows if r["target"] == name and r["front"])
            its.locator(f"button[aria-label='Show point {number}']").click()
            assert its.locator("#chosen-title").inner_text() == f"Point {number} on {name}"
            command = its.locator("#command").text_content().splitlines()[1]
            assert command.startswith("somagate generate t.safetensors --plan ")
            assert command.endswith(end)


def test_axes_and_filters_choose_what_is_drawn(
    browser: Browser, address: str, rows: list[Row]
) -> None:
    shown = """() => {
        const models = Bokeh.documents.flatMap((doc) => [...doc.all_models]);
        const named = (name) => models.find((one) => one.name === name);
        const sources = models.filter((one) => /^(others|front)-/.test(one.name || ""));
        const plot = named("plot");
        return [sources.reduce((sum, one) => sum + one.data.x.length, 0),
                plot.below[0].axis_label, plot.left[0].axis_label,
                [...plot.below[0].major_label_overrides.values()].length];
    }"""
    fits = sum(row["fits"] for row in rows)
    rated = sum(row["fits"] for row in rows if row["images_per_second"])
    with browser.page(address) as its:
        ready(its)
        count, across, up, ticks = its.evaluate(shown)
        assert (count, across, up) == (rated, "Logic cells", "Images a second")
        assert 1 < ticks < 12
        its.select_option("#up", "cycles")
        its.select_option("#across", "rams")
        count, across, up, ticks = its.evaluate(shown)
        assert (count, across, up) == (fits, "Block RAMs", "Cycles an image")
        its.uncheck("#fits")
        assert its.evaluate(shown)[0] == len(rows)
        its.select_option("#on", "2")
        mine = sum(row["target"] == "lfe5u-25f" for row in rows)
        assert its.evaluate(shown)[0] == mine
        assert its.locator("#count").inner_text() == f"{mine} points"


def test_a_click_on_a_point_shows_it(browser: Browser, address: str) -> None:
    place = """() => {
        const models = Bokeh.documents.flatMap((doc) => [...doc.all_models]);
        const source = models.find((one) => one.name === "front-0");
        const plot = models.find((one) => one.name === "plot");
        const view = Bokeh.index.find_one(plot);
        const box = view.el.getBoundingClientRect();
        const [x, y] = [source.data.x[0], source.data.y[0]];
        return [box.left + view.frame.x_scale.compute(x), box.top + view.frame.y_scale.compute(y),
                source.data.number];
    }"""
    with browser.page(address) as its:
        ready(its)
        its.select_option("#on", "0")
        its.locator("#points-figure-1").scroll_into_view_if_needed()
        x, y, numbers = its.evaluate(place)
        its.mouse.click(x, y)
        title = its.locator("#chosen-title")
        title.wait_for(state="visible")
        assert title.inner_text() in {f"Point {number} on icebreaker" for number in numbers}
        its.locator("button[data-copy=command]").click()
        its.wait_for_selector("button[data-copy=command]:not(:text-is('Copy'))")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_page_is_no_wider_than_its_screen(browser: Browser, address: str, width: int) -> None:
    with browser.page(address, width=width) as its:
        ready(its)
        its.locator("button[data-point]").first.click()
        its.wait_for_selector("#plan:not(:empty)")
        assert sideways(its) == 0


def test_hostile_names_are_text(browser: Browser, rows: list[Row], tmp_path: Path) -> None:
    wrong = [{**row, "why_not": HOSTILE, "fits": 0, "verified": HOSTILE} for row in rows]
    path = tmp_path / "page.html"
    settings = {**SETTINGS, "spikes": HOSTILE, "measured": HOSTILE}
    path.write_text(page(wrong, settings, HOSTILE, HOSTILE, HOSTILE), encoding="utf-8")
    with browser.page(path.as_uri()) as its:
        ready(its)
        assert its.locator("img").count() == 0
        its.uncheck("#fits")
        its.locator("button[data-point]").first.click()
        its.wait_for_selector("#plan:not(:empty)")
        assert HOSTILE in its.locator("#chosen-figures").text_content()
        assert its.locator("img").count() == 0
        assert "\u202e" not in its.locator("h1").inner_text()
