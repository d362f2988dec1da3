"""The page to look into traces, in a browser."""

import http.client
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import somagate as sg
from browser import PHONE, Browser, findings, sideways
from somagate.sim.bench.wave_file import Signal, Waves
from somagate.view.traces.inspected import Inspected
from somagate.view.traces.server import Served, serve
from tiny_tables import tiny

HOSTILE = '<script>window.ran=1</script><img src=x onerror="ran=1">"\'&\u202eabc {{ 7*7 }}'
CHANNEL, WEIGHT = 2, [2, 0, 1, 1]


def pair(names: tuple[str, str] = ("golden", "RTL")) -> Inspected:
    """Return golden's trace, and that of tables with one weight changed as if it were the RTL's."""
    tables = tiny()
    layer = tables.layers[0]
    weights = layer.synapses[0].weights.copy()
    weights[tuple(WEIGHT)] -= 2
    faulty = replace(layer, synapses=(replace(layer.synapses[0], weights=weights),))
    x = sg.samples(tables)[:5].x
    golden = sg.simulate(tables, x)
    other = sg.simulate(replace(tables, layers=(faulty, *tables.layers[1:])), x)
    traces = (replace(golden, input=x), replace(other, tables=tables.sha256))
    return Inspected(tables=tables, traces=traces, names=names, x=x)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    page = serve(pair())
    yield page
    page.stop()


def ready(page: Any) -> None:
    page.wait_for_function("document.documentElement.dataset.ready === 'yes'")


def settled(page: Any, action: Any) -> None:
    """Do something, and wait until the server has answered."""
    before = page.evaluate("document.documentElement.dataset.answered")
    action()
    page.wait_for_function(
        "before => document.documentElement.dataset.answered !== before", arg=before
    )


def text(page: Any, part: str) -> str:
    found: str = page.locator(f"[data-html='{part}']").inner_text()
    return found


@pytest.mark.parametrize(("width", "scheme"), [(PHONE, "dark"), (1280, "light")])
def test_the_page_is_readable(browser: Browser, served: Served, width: int, scheme: Any) -> None:
    with browser.page(served.address, width=width, scheme=scheme) as page:
        ready(page)
        assert sideways(page) == 0
        assert findings(page) == []
        assert page.locator("canvas").count() >= 3


def test_a_planted_weight_is_named_in_less_than_three_clicks(
    browser: Browser, served: Served
) -> None:
    with browser.page(served.address) as page:
        ready(page)
        assert "differ first in layer conv1, step 0, channel 2" in text(page, "difference")
        assert f"weight {WEIGHT} of conv1 from input" in text(page, "explained")
        settled(page, lambda: page.get_by_role("button", name="from the answer").click())
        steps = page.locator(".way li")
        assert "output, neuron" in steps.first.inner_text()
        assert "the fault is here" in steps.last.inner_text()
        assert "conv1, channel 2" in steps.last.inner_text()
        settled(page, lambda: steps.last.locator("a").click())
        assert text(page, "neuron-name").startswith("conv1, channel 2")
        assert "as if" in text(page, "arrivals") or "input" in text(page, "arrivals")
        assert "isn’t what the rule makes of its own inputs" in text(page, "update")


def test_everything_is_reached_by_keyboard(browser: Browser, served: Served) -> None:
    with browser.page(served.address) as page:
        ready(page)
        page.locator("[name=step]").focus()
        settled(page, lambda: page.keyboard.press("ArrowRight"))
        assert "step 1" in text(page, "neuron-name")
        page.locator("[name=layer]").focus()
        settled(page, lambda: page.keyboard.press("ArrowDown"))
        assert text(page, "neuron-name").startswith("output, neuron 0")
        page.locator("[name=place0]").focus()
        page.keyboard.press("ArrowUp")
        settled(page, lambda: page.keyboard.press("Tab"))
        assert text(page, "neuron-name").startswith("output, neuron 1")
        page.get_by_role("button", name="First difference", exact=True).focus()
        settled(page, lambda: page.keyboard.press("Enter"))
        assert text(page, "neuron-name").startswith("conv1, channel 2")
        seen = set()
        for _ in range(60):
            page.keyboard.press("Tab")
            seen.add(
                page.evaluate("document.activeElement.dataset.go || document.activeElement.name")
            )
        assert {'{"raster": "whole"}', '{"raster": "here"}'} <= seen


def test_clicks_on_pictures_lead_to_neurons(browser: Browser, served: Served) -> None:
    with browser.page(served.address) as page:
        ready(page)
        before = text(page, "neuron-name")
        picture = page.locator("#maps .plot").first
        picture.scroll_into_view_if_needed()
        box = picture.bounding_box()
        settled(page, lambda: page.mouse.click(box["x"] + 8, box["y"] + box["height"] - 8))
        assert text(page, "neuron-name") != before
        before = text(page, "neuron-name")
        picture = page.locator("#raster .plot").first
        picture.scroll_into_view_if_needed()
        box = picture.bounding_box()
        settled(page, lambda: page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 130))
        assert text(page, "neuron-name") != before


def test_names_are_text_whatever_they_hold(browser: Browser) -> None:
    signal = Signal(
        group=HOSTILE, name=HOSTILE, bits=4, signed=True, times=(0, 1.5), values=(3, 15)
    )
    waves = Waves(
        path=Path(HOSTILE), tables="", stream="", cycle=2, first=0, last=5, signals=(signal,)
    )
    page_of = serve(replace(pair((HOSTILE, f"2{HOSTILE}")), waves=waves))
    try:
        with browser.page(page_of.address) as page:
            ready(page)
            assert page.evaluate("window.ran") is None
            assert page.locator("img").count() == 0
            assert "\\u202eabc {{ 7*7 }}" in page.locator("h1").inner_text()
            assert "<script>window.ran=1</script>" in text(page, "difference")
            page.get_by_text("Values", exact=True).click()
            assert text(page, "wave-values").count("onerror") == 2  # the signal, its group
            assert text(page, "waveform").count("onerror") == 1
    finally:
        page_of.stop()


def test_the_waveform_is_turned_by_buttons_and_scrolled_past_by_a_finger(
    browser: Browser,
) -> None:
    counting = Signal(
        group="observe", name="observe__payload/index", bits=8, signed=False,
        times=tuple(map(float, range(60))), values=tuple(range(60)),
    )  # fmt: skip
    waves = Waves(
        path=Path("w.gtkw"), tables="", stream="observe", cycle=30, first=0, last=59,
        signals=(counting,),
    )  # fmt: skip
    page_of = serve(replace(pair(), waves=waves))
    try:
        with browser.page(page_of.address, scheme="dark") as page:
            ready(page)
            page.get_by_text("Values", exact=True).click()
            heads = page.locator("#waves thead th")
            first = heads.nth(3).inner_text()
            assert first.startswith("cycle 2")
            page.get_by_role("button", name="Earlier").focus()
            settled(page, lambda: page.keyboard.press("Enter"))
            number = int(first.split()[1]) - 4
            assert heads.nth(3).inner_text() == f"cycle {number}"
            assert page.locator("#waves tbody td").nth(2).inner_text() == f"0x{number:x}"
            settled(page, lambda: page.get_by_role("button", name="The marked cycle").click())
            assert heads.nth(3).inner_text() == first
            touched = page.locator("#waves .bk-events").first
            assert touched.evaluate("e => getComputedStyle(e).touchAction") == "auto"
            page.emulate_media(media="print", color_scheme="dark")
            turned = page.locator("#waves .plot").evaluate("e => getComputedStyle(e).filter")
            assert turned == "invert(1) hue-rotate(180deg)"
    finally:
        page_of.stop()


def test_one_trace_has_no_difference(browser: Browser) -> None:
    both = pair()
    page_of = serve(replace(both, traces=both.traces[:1], names=("golden",)))
    try:
        with browser.page(page_of.address) as page:
            ready(page)
            assert page.locator("#first").count() == 0
            assert text(page, "neuron-name").startswith("conv1, channel 0, row 0")
    finally:
        page_of.stop()


def status(address: str, **headers: str) -> int:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    try:
        connection.request("GET", parts.path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


UPGRADE = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}  # fmt: skip


def test_nothing_is_served_without_the_token(served: Served) -> None:
    root, token = served.address.rstrip("/").rsplit("/", 1)
    assert root.startswith("http://127.0.0.1:") and len(token) >= 32
    assert status(served.address) == 200
    wrong = token[:-1] + ("A" if token[-1] != "A" else "B")
    for path in ("", "ws", "static/js/bokeh.min.js", "autoload.js", "metadata"):
        assert status(f"{root}/{path}") == 404
        assert status(f"{root}/{wrong}/{path}") == 404
    assert status(f"{served.address}static/js/bokeh.min.js") == 200


def test_the_socket_is_refused_to_other_origins(served: Served) -> None:
    for origin in ("http://example.com", "http://127.0.0.1:1", "http://localhost:1", "null"):
        assert status(f"{served.address}ws", Origin=origin, **UPGRADE) == 403
    root = served.address.rstrip("/").rsplit("/", 1)[0]
    assert status(f"{root}/ws", Origin=root, **UPGRADE) == 404


def test_a_port_that_is_taken_is_told(served: Served) -> None:
    port = int(served.address.split(":")[2].split("/")[0])
    told = f"^port must be free, but 127.0.0.1:{port} is: Address already in use$"
    with pytest.raises(OSError, match=told):
        serve(pair(), port)
