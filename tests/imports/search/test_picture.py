"""The picture of a search: its points, and the same bytes each time."""

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import tiny_tables
from somagate.imports.search import FoundBits, Point
from somagate.imports.search.picture import draw, ready


def point(storage: int, accuracy: float, held_out: float | None = None) -> Point:
    return Point(
        allowed=((storage, 2),), weights=(4,), states=(3,), storage_bits=storage,
        accuracy=accuracy, held_out=held_out,
    )  # fmt: skip


POINTS = (point(100, 0.5, 0.5), point(200, 0.9, 0.8), point(300, 0.85), point(400, 0.95, 0.97))
FOUND = FoundBits(
    layers=("n",), tables=tiny_tables.tiny(), chosen=POINTS[1], within=True, points=POINTS,
    front=(POINTS[0], POINTS[1], POINTS[3]), searched=10, held=10, accuracy=0.9, held_accuracy=0.9,
)  # fmt: skip


def test_an_svg_has_all_points_and_the_same_bytes(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    for name in ("a.svg", "b.svg"):
        draw(FOUND, 1.0, tmp_path / name)
    text = (tmp_path / "a.svg").read_bytes()
    assert text == (tmp_path / "b.svg").read_bytes()
    root = ElementTree.fromstring(text)
    uses = {
        name: len(root.findall(f".//*[@id='{name}']//{{http://www.w3.org/2000/svg}}use"))
        for name in ("tried", "front", "held_out", "chosen")
    }
    assert uses == {"tried": 4, "front": 3, "held_out": 3, "chosen": 1}
    labels = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"weights and states, kibit", "accuracy, %", "source less the loss", "chosen"} <= labels


def test_a_png_is_written_and_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    path = tmp_path / "new" / "a.PNG"
    draw(FOUND, 1.0, path)
    assert path.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(FileExistsError):
        draw(FOUND, 1.0, path, overwrite=False)
    assert [file.name for file in path.parent.iterdir()] == ["a.PNG"]


def test_other_pictures_are_refused() -> None:
    message = "picture must be a file in .svg or .png, not a.pdf"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        draw(FOUND, 1.0, Path("a.pdf"))


def test_a_picture_needs_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    message = "matplotlib is not installed, which draws the picture: pip install 'somagate[search]'"
    with pytest.raises(ModuleNotFoundError, match=f"^{re.escape(message)}$"):
        ready(Path("a.svg"))
