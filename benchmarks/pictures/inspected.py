"""The picture of `somagate inspect` in the docs: a planted weight and the way back to it."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import somagate as sg
from PIL import Image

from benchmarks.lib.chromium import shot

ROOT = Path(__file__).parents[2]
PLACE, VALUE = (5, 0, 1, 1), -2
"""The weight of the first layer that is another one, and what it is in place of 3."""
WIDTH = 980
"""In CSS pixels."""


def looked() -> sg.Inspection:
    """Return what is looked into: golden's trace, and that of an RTL with one other weight."""
    tables = sg.load(ROOT / "examples" / "digits.safetensors")
    layer = tables.layers[0]
    weights = np.array(layer.synapses[0].weights)
    weights[PLACE] = VALUE
    faulty = replace(layer, synapses=(replace(layer.synapses[0], weights=weights),))
    x = sg.samples(tables)[:12].x
    golden = sg.simulate(tables, x)
    other = sg.simulate(replace(tables, layers=(faulty, *tables.layers[1:])), x)
    rtl = replace(other, tables=tables.sha256)
    return sg.inspect(golden, rtl, tables=tables, x=x, names=("golden", "RTL"))


def shoot(chromium: Any) -> bytes:
    """Return the page's first section as a PNG file."""
    served = looked().serve()
    try:
        taken = shot(
            chromium, served.address, "#first", ready="data-ready", size=(WIDTH, 1.5), act=_led
        )
    finally:
        served.stop()
    return in_few_colours(taken)


def _led(page: Any) -> None:
    """Show the way back from the answer."""
    page.get_by_role("button", name="from the answer").click()
    page.get_by_text("readout, neuron").first.wait_for()
    page.wait_for_timeout(2000)  # the figure is drawn behind its words


def in_few_colours(png: bytes) -> bytes:
    """Return a PNG file of at most 256 colours, a third as large."""
    out = BytesIO()
    with Image.open(BytesIO(png)) as image:
        octree = Image.Quantize.FASTOCTREE  # keeps the hue of thin lines
        image.convert("RGB").quantize(256, octree).save(out, "PNG", optimize=True)
    return out.getvalue()
