"""The shell of all pages: one file, offline, in two themes, for every reader.

`page` makes a page that stands alone: Bokeh and all data lie in it, and its policy forbids it to
ask anyone for anything, or to run a script that isn't ours. `served` is the same shell as a
template for a page that Bokeh's server draws.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bokeh.util.paths import static_path

from .colours import palette, variables
from .figures import Picture, item
from .text import escaped

_HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of a page, which its contents name.

    Attributes
    ----------
    anchor
        Its `id`: letters, digits and dashes.
    title
        What it is about, as text.
    parts
        HTML, and pictures, from top to bottom. `side_by_side` puts pictures in columns.
    """

    anchor: str
    title: str
    parts: tuple["str | Picture | Columns", ...]


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Pictures beside each other where there is room, under each other where not."""

    pictures: tuple[Picture, ...]


def side_by_side(*pictures: Picture) -> Columns:
    """Return pictures beside each other."""
    return Columns(pictures=pictures)


def page(
    title: str, lead: str, sections: Sequence[Section], footer: str = "", script: str = ""
) -> str:
    """Return a whole page that needs nothing else: the same text for the same content.

    Parameters
    ----------
    title
        Its name, as text.
    lead
        A sentence under it, as HTML.
    sections
        What it holds.
    footer
        HTML at its end.
    script
        JavaScript that this page has beyond what all have; it runs before the figures are drawn.
    """
    figures: list[str] = []
    body = "".join(_section(section, figures) for section in sections)
    scripts = [one for one in (_script(), script.strip(), _library() if figures else "") if one]
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(_hash(one) for one in scripts)}",
            "style-src 'unsafe-inline'",  # Bokeh styles what it draws
            "img-src data: blob:",
            "form-action 'none'",
            "base-uri 'none'",
        )
    )
    links = "".join(
        f'<li><a href="#{section.anchor}">{escaped(section.title)}</a></li>' for section in sections
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escaped(title)}</title>
<link rel="icon" href="data:,">
{style()}
{_palette()}
<script>{scripts[0]}</script>
</head>
<body>
{header(title, lead)}
<nav class="contents" aria-label="Contents"><ul>{links}</ul></nav>
<main id="main">
<noscript><p class="note">The pictures need JavaScript; their numbers are in the tables.</p>
</noscript>
{body}<footer>{footer}</footer>
</main>
{"".join(figures)}{"".join(f"<script>{one}</script>" for one in scripts[1:])}
</body>
</html>
"""


def served(main: str = "{{ super() }}") -> str:
    """Return the shell as a template for `Document.template` of a page that Bokeh's server draws.

    The template's variables are `heading` and `lead`, both text.

    Parameters
    ----------
    main
        What stands in the page's main part, as a template: `{{ super() }}` are the document's
        roots, `{{ embed(roots.NAME) }}` is one of them.
    """
    return f"""{{% extends base %}}
{{% from macros import embed %}}
{{% block postamble %}}
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
{style()}
{_palette()}
<script>{_script()}</script>
{{% endblock %}}
{{% block contents %}}
<a class="skip" href="#main">To the content</a>
<header class="top"><div><h1>{{{{ heading | e }}}}</h1><p class="lead">{{{{ lead | e }}}}</p></div>
{_SWITCH}</header>
<main id="main">{main}</main>
<script>document.body.setAttribute("data-served", "");</script>
{{% endblock %}}
"""


def style() -> str:
    """Return the pages' style sheet as an element: colours by `--name`, and what uses them."""
    sheet = (_HERE / "page.css").read_text(encoding="utf-8")
    return f"<style>\n:root {{\n{variables()}\n}}\n{sheet}</style>"


def header(title: str, lead: str) -> str:
    """Return a page's head: its title, as text; the sentence under it, HTML; the theme's switch."""
    return (
        '<a class="skip" href="#main">To the content</a>\n'
        f'<header class="top"><div><h1>{escaped(title)}</h1><p class="lead">{lead}</p></div>\n'
        f"{_SWITCH}</header>"
    )


_SWITCH = (
    '<fieldset class="theme"><legend>Colours</legend>'
    '<label><input type="radio" name="theme" value="" checked>Auto</label>'
    '<label><input type="radio" name="theme" value="light">Light</label>'
    '<label><input type="radio" name="theme" value="dark">Dark</label></fieldset>'
)


def table(
    caption: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    words: int = 1,
    tall: bool = False,
) -> str:
    """Return a table as HTML, which scrolls sideways in itself where it is wide.

    Parameters
    ----------
    caption
        What it holds, as text.
    heads
        Of each column, as text.
    rows
        Cells as HTML, such as `text.isolated` makes of a name; the first of a row names it.
    words
        So many columns hold words, the others numbers.
    tall
        Scroll a long one in itself.
    """

    def kind(column: int) -> str:
        return ' class="words"' if column < words else ""

    head = "".join(
        f'<th scope="col"{kind(number)}>{escaped(name)}</th>' for number, name in enumerate(heads)
    )
    body = ""
    for row in rows:
        cells = "".join(
            f'<th scope="row"{kind(number)}>{cell}</th>' if number == 0
            else f"<td{kind(number)}>{cell}</td>"
            for number, cell in enumerate(row)
        )  # fmt: skip
        body += f"<tr>{cells}</tr>\n"
    shape = "scroll tall" if tall else "scroll"
    return (
        f'<div class="{shape}" tabindex="0" role="group" aria-label="{escaped(caption)}"><table>'
        f"<caption>{escaped(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}</tbody></table></div>\n"
    )


def tiles(figures: Sequence[tuple[str, str, str]]) -> str:
    """Return the most important figures as tiles: of each its name, its value, and a note; HTML."""
    return "".join(
        (
            '<dl class="tiles">',
            *(
                f'<div><dt>{name}</dt><dd class="value">{value}</dd>'
                f'<dd class="about">{about}</dd></div>'
                for name, value, about in figures
            ),
            "</dl>\n",
        )
    )


def _section(section: Section, figures: list[str]) -> str:
    parts = "".join(_part(part, section.anchor, figures) for part in section.parts)
    heading = f"{section.anchor}-title"
    return (
        f'<section id="{section.anchor}" aria-labelledby="{heading}">'
        f'<h2 id="{heading}">{escaped(section.title)}</h2>\n{parts}</section>\n'
    )


def _part(part: str | Picture | Columns, anchor: str, figures: list[str]) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Columns):
        inside = "".join(_part(picture, anchor, figures) for picture in part.pictures)
        return f'<div class="figures">{inside}</div>\n'
    target = f"{anchor}-figure-{len(figures) + 1}"
    data = item(part.figure, target)
    figures.append(f'<script type="application/json" data-figure>{data}</script>\n')
    numbers = f"<details><summary>Numbers</summary>{part.table}</details>" if part.table else ""
    caption = f"<figcaption>{part.caption}</figcaption>" if part.caption else ""
    return (
        f'<figure>{caption}<div class="plot" id="{target}" role="img" '
        f'aria-label="{escaped(part.alt)}"></div>{numbers}</figure>\n'
    )


def _palette() -> str:
    text = json.dumps(palette(), separators=(",", ":"))
    return f'<script type="application/json" id="palette">{text}</script>'


def _script() -> str:
    return (_HERE / "page.js").read_text(encoding="utf-8").strip()


def _library() -> str:
    path = static_path() / "js" / "bokeh.min.js"
    return path.read_text(encoding="utf-8").strip()


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
