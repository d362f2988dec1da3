"""Names and numbers as a page shows them: whatever a name holds, it is text."""

import html
import math
import unicodedata

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode's categories of characters that show nothing, or that turn what is beside them."""
NONE = "–"
"""Stands where there is no value."""


def plain(name: object) -> str:
    """Return a name with each character that can't be seen as its code point, such as U+202E."""
    return "".join(
        f"\\u{ord(character):04x}" if unicodedata.category(character) in _INVISIBLE else character
        for character in str(name)
    )


def escaped(name: object) -> str:
    """Return a name as HTML shows it, for a page's text and for attributes in quotes."""
    return html.escape(plain(name))


def isolated(name: object) -> str:
    """Return a name as HTML that keeps its own direction, so what is around it stays in order."""
    return f"<bdi>{escaped(name)}</bdi>"


def label(name: object, most: int = 28) -> str:
    """Return a name as a figure draws it: cut where it is long, and never taken for a formula.

    Bokeh reads text between pairs of dollars, or between backslashes and brackets, as TeX.
    """
    text = plain(name)
    cut = text if len(text) <= most else f"{text[: most - 1]}…"
    return cut.replace("$", "$\u200b").replace("\\", "\\\u200b")


def whole(value: float | None) -> str:
    """Return a count with thousands apart, or a dash where there is none."""
    return NONE if value is None or not math.isfinite(value) else f"{round(value):,}"


def decimal(value: float | None, places: int = 1) -> str:
    """Return a number with so many places, or a dash where there is none."""
    if value is None:
        return NONE
    return f"{value:,.{places}f}" if math.isfinite(value) else str(value)


def percent(value: float | None, places: int = 1) -> str:
    """Return a share as percent; one that isn't nothing or all never looks like it.

    The space before the sign doesn't break a line.
    """
    if value is None:
        return NONE
    if not math.isfinite(value):
        return str(value)
    smallest = 10.0**-places
    if 0 < value < smallest / 200:
        return f"<\u00a0{smallest:.{places}f}\u00a0%"
    if 1 - smallest / 200 < value < 1:
        return f">\u00a0{100 - smallest:.{places}f}\u00a0%"
    return f"{value:.{places}%}".replace("%", "\u00a0%")


def size(count: float | None) -> str:
    """Return bytes in the largest unit that leaves at least one."""
    if count is None:
        return NONE
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024:
            return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"
        count /= 1024
    return f"{count:,.1f} GiB"
