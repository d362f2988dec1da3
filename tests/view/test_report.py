"""The report of a run in a browser: whatever a run holds is shown as text, in both themes."""

import json
from typing import Any

import pytest
import somagate as sg
from browser import PHONE, Browser, drawn, findings, sideways
from somagate.view.report.run import RESULT, SUMMARY, VERDICT
from tiny_tables import tiny

HOSTILE = "<img src=x onerror='ran=1'>\"\u202e$$x$$"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Write a run whose every name and number is hostile, and its report."""
    run = tmp_path_factory.mktemp("report") / HOSTILE.replace("/", "")
    run.mkdir()
    tables = tiny()
    tables.save(run / "tables.safetensors")
    built = run / f"built {HOSTILE}"
    sg.generate(sg.design(tables), built)
    report = {
        "device": HOSTILE, "clock_hz": 24e6, "critical_path": HOSTILE, "target": HOSTILE,
        "clocks": {HOSTILE: {"fmax_hz": 20e6}, "other": HOSTILE},
        "utilization": {HOSTILE: {"used": 5, "available": 3}, "x": HOSTILE, "y": {"used": "3"}},
    }  # fmt: skip
    (built / "report.json").write_text(json.dumps(report))
    difference = {"summary": HOSTILE, "layer": HOSTILE, "place": [HOSTILE], "golden": float("nan")}
    summary = {
        "tables": tables.sha256, "equal": False, "samples": 7, "first_difference": difference,
        "board_equal": False,
        "accuracy_float": float("nan"), "accuracy_quantized": 0.5, "layers": [HOSTILE],
        "predicted": {"exactly": HOSTILE, "samples": float("inf")},
    }  # fmt: skip
    (run / SUMMARY).write_text(json.dumps(summary))
    (run / VERDICT).write_text(json.dumps({"error": HOSTILE}))
    (run / RESULT).write_text(json.dumps({"recipe": {"data": "digits"}, "accuracy": HOSTILE}))
    lines = [{"loss": float("nan"), "accuracy": HOSTILE}, {"loss": 1.5, "accuracy": 0.5}, {}]
    (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    made = sg.report(run, samples=30)
    assert made.path.stat().st_size < 2_000_000
    return made.path.as_uri()


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", PHONE), ("dark", 1280)], ids=["phone", "dark"]
)
def test_hostile_names_and_numbers_are_text(
    browser: Browser, address: str, scheme: Any, width: int
) -> None:
    with browser.page(address, width=width, scheme=scheme) as page:
        drawn(page)
        assert page.evaluate("window.ran") is None
        assert page.locator("img").count() == 0
        assert sideways(page) == 0
        assert findings(page) == []
        shown = page.locator("#agreement").inner_text()
        assert "<img src=x onerror='ran=1'>\"\\u202e$$x$$" in shown
        assert "nan" in page.locator("#training details").last.text_content()


def test_every_figure_says_what_it_shows_and_has_its_numbers(
    browser: Browser, address: str
) -> None:
    with browser.page(address) as page:
        drawn(page)
        figures = page.locator("figure")
        assert figures.count() > 10
        for figure in figures.all():
            assert len(figure.locator("[role=img]").get_attribute("aria-label")) > 20
        numbers = page.locator("figure:has(details)").count()
        # The graph and the activity by layer have a table beside them, curves one for both.
        assert figures.count() - numbers <= 4
        page.locator("#layers summary").first.focus()
        page.keyboard.press("Enter")
        assert page.locator("#layers details[open] table").count() == 1


def test_the_contents_lead_to_every_section(browser: Browser, address: str) -> None:
    with browser.page(address) as page:
        drawn(page)
        links = page.locator("nav.contents a").all()
        wanted = ["summary", "accuracy", "agreement", "network", "activity", "layers"]
        found = [link.get_attribute("href").removeprefix("#") for link in links]
        assert found == [*wanted, "hardware", "neurobench", "training"]
        for name in found:
            assert page.locator(f"section#{name} h2").count() == 1


def test_the_bit_range_is_behind_every_histogram_of_integers(
    browser: Browser, address: str
) -> None:
    with browser.page(address) as page:
        drawn(page)
        drawn_ranges = page.evaluate(
            "Bokeh.documents.map(d => d.roots()[0]).filter(f => f.renderers?.some("
            "r => r.glyph.line_dash?.value === 'dotted' && r.glyph.type === 'Quad')).map(f => {"
            "const d = f.renderers[0].data_source.data; return [d.left[0], d.right[0]]})"
        )
        ranges = [[found["range"][0] - 0.5, found["range"][1] + 0.5] for found in histograms()]
        assert sorted(drawn_ranges) == sorted(ranges)


def histograms() -> list[Any]:
    from somagate.view.report.layers import facts

    tables = tiny()
    from somagate.view.report.measure import measure

    measured = measure(tables, sg.samples(tables, "digits", 5), title="digits", labelled=True)
    found = [one.to_dict() for one in facts(tables, measured)]
    return [
        *(one["values"] if one["layer"] == "input" else one["potentials"] for one in found),
        *(weights for one in found for weights in one["weights"].values()),
    ]
