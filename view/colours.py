"""The colours of pages and figures, by what they are for, in a light and a dark theme.

The hues are those of Okabe and Ito, which people of all colour visions tell apart. On the page they
are variables of its style, `--ink` and so on. A figure is drawn on a canvas, which knows none of
them, so each model that has a colour says in a tag what the colour is for (`follow`), and the
page's script paints it again where the theme changes.
"""

from typing import Any

from bokeh.model import Model

Colour = str | list[str]

PAIRS: dict[str, tuple[str, str]] = {
    "paper": ("#ffffff", "#14171c"),
    "panel": ("#f6f7f9", "#1c2027"),
    "line": ("#d9dde3", "#363c47"),
    "grid": ("#e8ebef", "#2a2f38"),
    "ink": ("#1b1f26", "#e9ecf1"),
    "quiet": ("#5a6371", "#a3adbb"),
    "link": ("#0060a0", "#7cc0f0"),
    "blue": ("#0072b2", "#4ba3dd"),
    "vermillion": ("#c44e00", "#f0803c"),
    "green": ("#00805e", "#2fbf95"),
    "purple": ("#a8527f", "#d98ab4"),
    "orange": ("#a87000", "#e6a817"),
    "good": ("#006b4f", "#4fd1a8"),
    "bad": ("#b03a00", "#ff9a66"),
    "range": ("#dcebf7", "#1d3448"),
}
"""By what a colour is for: light, dark."""

RAMPS: dict[str, tuple[list[str], list[str]]] = {
    "ramp": (
        ["#ffffff", "#e3eef7", "#c3dcee", "#9cc5e2", "#6eaad3", "#3f8dc2", "#0072b2", "#00588a"],
        ["#14171c", "#17283a", "#1a3a56", "#1f4e74", "#286493", "#357db3", "#4ba3dd", "#8fc8ee"],
    ),
}
"""By what a list of colours is for, from little to much."""

LIGHT, DARK = 0, 1


def palette() -> list[dict[str, Colour]]:
    """Return all colours of the light and of the dark theme, by what they are for."""
    return [
        {name: both[theme] for name, both in (PAIRS | RAMPS).items()} for theme in (LIGHT, DARK)
    ]


def variables() -> str:
    """Return the colours as variables of a style sheet, which follow the page's colour scheme."""
    return "\n".join(
        f"  --{name}: light-dark({light}, {dark});" for name, (light, dark) in PAIRS.items()
    )


def follow(model: Model, **roles: str) -> None:
    """Give properties of a model the colours for what they are for, in whichever theme is on.

    Parameters
    ----------
    model
        A model of Bokeh: a glyph, an axis, a colour mapper.
    **roles
        By property, such as ``fill_color``, a name of `PAIRS` or of `RAMPS`.
    """
    light = palette()[LIGHT]
    for name, role in roles.items():
        setattr(model, name, light[role])
    others: list[Any] = []
    before: dict[str, str] = {}
    for tag in model.tags:
        if isinstance(tag, dict) and "theme" in tag:
            before = tag["theme"]
        else:
            others.append(tag)
    model.tags = [*others, {"theme": before | roles}]
