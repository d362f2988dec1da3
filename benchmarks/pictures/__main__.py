"""The pictures of networks in the docs, made by the report's own code from the examples' tables.

One command makes them anew, in a Chromium (see `benchmarks.lib.chromium`):

    python -m benchmarks.pictures

It needs no data but the bundled digits; cycles of other networks are those of random spikes.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import somagate as sg
from somagate.view.figures import Picture
from somagate.view.page import Section, page
from somagate.view.report import histograms, layers, network

from benchmarks.lib.chromium import running, shot
from benchmarks.pictures import inspected, plans

ROOT = Path(__file__).parents[2]
WIDTHS = {"network": 440, "potentials": 520}
"""In CSS pixels; a pixel of the screen is two of the file."""
PICTURES = {
    "digits_network": ("digits", "network"),
    "digits_potentials": ("digits", "potentials"),
    "mnist_network": ("mnist", "network"),
}
"""By file: whose, and of what."""


def picture(example: str, kind: str, folder: Path) -> Picture:
    """Return a picture of an example's tables."""
    path = ROOT / "examples" / f"{example}.safetensors"
    content = sg.report(path, folder / f"{example}.html").content
    tables = content.run.tables
    if kind == "network":
        return network.graph(tables, content.cost)
    found = layers.facts(tables, content.measured)[2]
    assert found.potentials is not None
    return histograms.picture(
        found.potentials, "stored potential", f"Potentials of {found.name}",
        layers.thresholds(tables, found.name),
    )  # fmt: skip


def shoot(chromium: Any, shown: Picture, width: int, folder: Path) -> bytes:
    """Return a picture with its caption as a PNG file."""
    still = Picture(figure=shown.figure, alt=shown.alt, caption=shown.caption)
    sheet = folder / "sheet.html"
    text = page("picture", "", [Section(anchor="one", title="one", parts=(still,))])
    sheet.write_text(text, encoding="utf-8")
    return shot(chromium, sheet.as_uri(), "figure", ready="data-drawn", size=(width + 48, 2))


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the pictures; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures")
    out = parser.parse_args(arguments).out
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, running() as chromium:
        for file, (example, kind) in PICTURES.items():
            shown = picture(example, kind, Path(name))
            (out / f"{file}.png").write_bytes(shoot(chromium, shown, WIDTHS[kind], Path(name)))
            print(out / f"{file}.png")
        (out / "inspect.png").write_bytes(inspected.shoot(chromium))
        print(out / "inspect.png")
        page_of_plans = plans.explored(Path(name), ROOT / "examples" / "digits.safetensors")
        (out / f"{plans.NAME}.png").write_bytes(plans.shoot(chromium, page_of_plans))
        print(out / f"{plans.NAME}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
