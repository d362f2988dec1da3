"""The page that the server fills: its template, its controls, and what moves them."""

import json
from pathlib import Path
from typing import Any

from bokeh.core.templates import get_env
from jinja2 import Template

from ..page import served
from ..text import escaped, plain
from .inspected import Inspected

_HERE = Path(__file__).parent


def heading(inspected: Inspected) -> dict[str, Any]:
    """Return the variables of the template."""
    tables = inspected.tables
    samples = f"{inspected.samples} samples" if inspected.samples > 1 else "1 sample"
    of = f", from number {inspected.first}" if inspected.first else ""
    return {
        "heading": plain(f"{tables.name}: {' and '.join(inspected.names)}"),
        "lead": (
            f"{samples}{of}, {tables.steps} time steps, {tables.updates:,} updates of neurons in "
            f"each; tables {tables.sha256[:12]}"
        ),
    }


def template(inspected: Inspected) -> Template:
    """Return the page's template."""
    count = len(inspected.traces)
    pair = count == 2
    # What stands in a template is text for that too.
    titles = [escaped(name).replace("{", "&#123;") for name in inspected.names]
    main = (
        (_difference(inspected) if pair else "")
        + _waveform(inspected)
        + _controls(inspected)
        + _NEURON
        + _pictures("maps", "The layer in this step", titles, _MAPS_NOTE, numbers=True)
        + _INPUT
        + _pictures("raster", "The layer over time", titles, _RASTER_NOTE)
        + "{{ embed(roots.wire) }}"
    )
    script = (_HERE / "traces.js").read_text(encoding="utf-8")
    sheet = (_HERE / "traces.css").read_text(encoding="utf-8")
    text = served(f"<style>{sheet}</style>{main}<script>{script}</script>")
    return get_env().from_string(text)


_DIFFERENCE = """
<section id="first" aria-labelledby="first-title"><h2 id="first-title">The first difference</h2>
<div data-html="difference"></div>WAY<div data-html="explained"></div></section>
"""

_WAY = """<h3>The way back</h3>
<p class="buttons">
<button type="button" data-go='{"way": "first"}'>from the first difference</button>
ANSWER<button type="button" data-go='{"way": "here"}'>from the neuron below</button></p>
<div data-html="way" aria-live="polite"></div>
<figure><figcaption>Layers above each other; a line is an input that wasn’t 0 in the
step of the fault, thicker the more it counted.</figcaption><div class="plot" role="img"
aria-label="The way back as a picture: its neurons are listed above.">{{ embed(roots.way) }}</div>
</figure>"""

_ANSWER = """<button type="button" data-go='{"way": "answer"}'>from the answer</button>
"""


def _difference(inspected: Inspected) -> str:
    """Return the section of the difference, with a way back where there is one."""
    answer = _ANSWER if inspected.answer_way.links else ""
    way = _WAY.replace("ANSWER", answer) if inspected.way.links else ""
    return _DIFFERENCE.replace("WAY", way)


def _waveform(inspected: Inspected) -> str:
    """Return the section of the waveform, where there is one."""
    waves = inspected.waves
    if waves is None:
        return ""
    what = "the difference" if waves.stream else "what is missing"
    update = waves.stream.startswith("observe")
    told = "the update that differs and of the streams around it" if update else (
        "the streams and updates"
    )  # fmt: skip
    return _WAVES.replace("WHAT", what).replace("PARTS", told)


_WAVES = """
<section id="waves" aria-labelledby="waves-title"><h2 id="waves-title">The waveform</h2>
<p class="note">Signals of PARTS, as far as they change in the cycles before and behind; WHAT shows
at the clock edge of the marked cycle. Numbers have a sign, or begin with 0x.</p>
<p class="buttons"><button type="button" data-go='{"waves": -4}'>Earlier</button>
<button type="button" data-go='{"waves": 0}'>The marked cycle</button>
<button type="button" data-go='{"waves": 4}'>Later</button></p>
<figure><div class="plot" role="img" aria-label="The waveform around the difference; its values are
in the table below.">{{ embed(roots.waves) }}</div></figure>
<details><summary>Values</summary><div data-html="wave-values" aria-live="polite"></div></details>
<div data-html="waveform"></div></section>
"""

_NEURON = """
<section id="neuron" aria-labelledby="neuron-title"><h2 id="neuron-title">One neuron</h2>
<p class="lead" data-html="neuron-name" aria-live="polite"></p>
<figure><div class="plot" role="img" aria-label="The neuron’s potential, threshold and spikes over
the time steps; the numbers of this step are in the table below.">{{ embed(roots.life) }}</div>
<figcaption>A dot is u, which is compared with the threshold; the line is what was stored behind the
step; a triangle is a spike. A click goes to a step.</figcaption></figure>
<div class="figures"><div data-html="update"></div><div data-html="arrivals"></div></div></section>
"""

_INPUT = """
<section id="input" aria-labelledby="input-title"><h2 id="input-title">The input in this step</h2>
<div class="figures"><figure><div class="plot" role="img" aria-label="The input in this step, by
channels; what of it came into the neuron is in the table above.">{{ embed(roots.mapsinput) }}</div>
</figure></div></section>
"""

_MAPS_NOTE = (
    "Channels beside each other, one cell a neuron; potentials are green above 0, purple below. A "
    "click goes to a neuron."
)
_RASTER_NOTE = (
    "All neurons, by their number, over the time steps. Drag a box to zoom in; a click goes to a "
    "neuron and a step."
)


def _pictures(name: str, title: str, titles: list[str], note: str, numbers: bool = False) -> str:
    figures = "".join(
        f'<figure><figcaption><b>{title_}</b></figcaption><div class="plot" role="img" '
        f'aria-label="{title} of {title_}: {note}">{{{{ embed(roots.{name}{index}) }}}}</div>'
        "</figure>"
        for index, title_ in enumerate(titles)
    )
    differs = (
        ' <span class="bad">Orange</span> in the second is what differs.'
        if len(titles) == 2
        else ""
    )
    table = (
        '<details><summary>Numbers</summary><div data-html="numbers"></div></details>'
        if numbers else _RASTER_BUTTONS
    )  # fmt: skip
    return (
        f'<section id="{name}" aria-labelledby="{name}-title">'
        f'<h2 id="{name}-title">{title}</h2><p class="note">{note}{differs}</p>'
        f'<div class="figures">{figures}</div>{table}</section>'
    )


_RASTER_BUTTONS = """
<p class="buttons"><button type="button" data-go='{"raster": "whole"}'>All of it</button>
<button type="button" data-go='{"raster": "here"}'>Around this neuron</button></p>
"""


def _controls(inspected: Inspected) -> str:
    tables = inspected.tables
    layers = "".join(
        f'<option value="{escaped(layer.name)}">{escaped(layer.name)}</option>'
        for layer in tables.layers
    )
    last = inspected.first + inspected.samples - 1
    places = "".join(
        f'<label data-axis="{axis}"><span>{name}</span>'
        f'<input type="number" name="place{axis}" min="0" value="0"></label>'
        for axis, name in enumerate(("channel", "row", "column"))
    )
    go = ""
    if inspected.way.links:
        link = inspected.way.links[0]
        wanted = {"layer": link.layer, "step": link.step, "sample": link.sample,
                  "place": link.place}  # fmt: skip
        told = escaped(json.dumps(wanted))
        go = f'<button type="button" data-go="{told}">First difference</button>'
    return f"""
<form class="controls" aria-label="What to look at" onsubmit="return false">
<label><span>layer</span><select name="layer">{layers}</select></label>
{places}
<label><span>sample</span><input type="number" name="number" min="{inspected.first}" max="{last}"
 value="{inspected.first}"></label>
<label class="wide"><span>step <output></output></span>
<input type="range" name="step" min="0" max="{tables.steps - 1}" value="0"></label>
<label><span>pictures of</span><select name="quantity"><option>spikes</option>
<option>potentials</option></select></label>
{go}</form>
"""
