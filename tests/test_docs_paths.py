"""Every file that a page names is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md"))]
WINGS = (
    "api|benchmarks|boards|checks|cli|data|docs|examples|export|host|hw|imports|model|shown|sim|"
    "tests|toolchain"
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = re.findall(rf"`((?:{WINGS})/[\w./]*)`", text)
    if page.name != "CHANGELOG.md":  # tells of files that were
        assert [path for path in named if not (ROOT / path).exists()] == []
