"""The shell of all pages, in a browser: themes, keyboard, phone, print, and hostile text."""

from pathlib import Path
from typing import Any

import pytest
from browser import PHONE, Browser, drawn, findings, sideways, until
from somagate.view import figures, page
from somagate.view.colours import DARK, LIGHT, follow, palette
from somagate.view.text import escaped, isolated, label

HOSTILE = '<script>window.ran=1</script><img src=x onerror="ran=1">"\'&\u202eabc $$x^2$$'
WIDE = [f"column {number}" for number in range(20)]


def picture() -> figures.Picture:
    plot = figures.figure(x="time steps", y=label(HOSTILE))
    bars = plot.vbar(x=[1, 2, 3], top=[3, 1, 2], width=0.8)
    follow(bars.glyph, fill_color="blue", line_color="paper")
    figures.legend(plot, {HOSTILE: [bars]})
    return figures.Picture(
        figure=plot, alt=f"Bars of {HOSTILE}", caption=isolated(HOSTILE),
        table=page.table(HOSTILE, WIDE, [[isolated(HOSTILE)] * len(WIDE)]),
    )  # fmt: skip


def whole() -> str:
    return page.page(
        HOSTILE, isolated(HOSTILE),
        [
            page.Section(anchor="first", title=HOSTILE, parts=(
                page.tiles([("accuracy", "98.8 %", isolated(HOSTILE))]), picture(),
            )),
            page.Section(anchor="second", title="Second", parts=(
                page.side_by_side(picture(), picture()),
            )),
        ],
        footer=escaped("end"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(whole(), encoding="utf-8")
    return Path(path).as_uri()


def painted(opened: Any, theme: int) -> None:
    """Wait until all bars are blue, as in that theme."""
    until(
        opened,
        "blue => Bokeh.documents.flatMap(d => [...d.all_models])"
        ".filter(m => m.type === 'VBar' && m.tags.length)"
        ".every(m => m.fill_color.value === blue)",
        palette()[theme]["blue"],
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, 1280])
def test_a_page_is_readable(browser: Browser, address: str, scheme: str, width: int) -> None:
    with browser.page(address, width=width, scheme=scheme) as opened:
        drawn(opened)
        assert sideways(opened) == 0
        assert findings(opened) == []
        assert opened.evaluate("window.ran") is None
        painted(opened, DARK if scheme == "dark" else LIGHT)
        assert opened.locator(".plot canvas").count() >= 3


def test_text_is_shown_as_it_is_and_invisible_characters_as_their_code(
    browser: Browser, address: str
) -> None:
    with browser.page(address) as opened:
        drawn(opened)
        assert opened.title().startswith("<script>window.ran=1</script><img")
        assert "\\u202eabc" in opened.locator("h1").inner_text()
        assert opened.locator("img").count() == 0


def test_the_switch_changes_page_and_figures_by_keyboard(browser: Browser, address: str) -> None:
    with browser.page(address, scheme="light") as opened:
        drawn(opened)
        opened.keyboard.press("Tab")
        assert opened.evaluate("document.activeElement.textContent") == "To the content"
        opened.keyboard.press("Tab")
        opened.keyboard.press("ArrowRight")
        opened.keyboard.press("ArrowRight")
        painted(opened, DARK)
        paper = "getComputedStyle(document.body).backgroundColor"
        assert opened.evaluate(paper) == "rgb(20, 23, 28)"
        opened.keyboard.press("ArrowLeft")
        painted(opened, LIGHT)
        opened.keyboard.press("ArrowLeft")
        opened.emulate_media(color_scheme="dark")
        painted(opened, DARK)
        opened.emulate_media(media="print")
        assert opened.evaluate(paper) == "rgb(255, 255, 255)"


def test_the_numbers_of_a_figure_are_reached_by_keyboard(browser: Browser, address: str) -> None:
    with browser.page(address) as opened:
        drawn(opened)
        for _ in range(12):
            opened.keyboard.press("Tab")
            if opened.evaluate("document.activeElement.tagName") == "SUMMARY":
                break
        opened.keyboard.press("Enter")
        assert opened.locator("details[open] table").count() == 1


def test_the_same_content_is_the_same_page() -> None:
    assert whole() == whole()
