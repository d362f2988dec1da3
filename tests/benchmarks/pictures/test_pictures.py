from pathlib import Path

from benchmarks.pictures import plans
from benchmarks.pictures.__main__ import PICTURES, ROOT

NAMES = sorted([*PICTURES, "inspect", plans.NAME])


def test_the_docs_have_all_pictures_and_no_other() -> None:
    folder = ROOT / "docs" / "pictures"
    assert sorted(path.name for path in folder.iterdir()) == [f"{name}.png" for name in NAMES]
    for path in folder.iterdir():
        assert path.read_bytes().startswith(b"\x89PNG")
        assert path.stat().st_size < 100_000


def test_every_picture_is_on_a_page() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    text = "".join(Path(page).read_text(encoding="utf-8") for page in pages)
    assert [name for name in NAMES if f"pictures/{name}.png" not in text] == []
