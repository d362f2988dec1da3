"""Names and numbers on pages."""

import math

import pytest
from somagate.view.figures import factors
from somagate.view.text import decimal, escaped, isolated, label, percent, plain, size, whole


def test_what_can_not_be_seen_is_shown_as_its_code() -> None:
    assert plain("a\u202eb\x00\u200b\n") == "a\\u202eb\\u0000\\u200b\\u000a"
    assert plain("Größe 大 עברית") == "Größe 大 עברית"


def test_html_is_text() -> None:
    assert escaped("<b title='x'>&\"") == "&lt;b title=&#x27;x&#x27;&gt;&amp;&quot;"
    assert isolated("<i>") == "<bdi>&lt;i&gt;</bdi>"


def test_a_figure_takes_no_text_for_a_formula_and_no_long_one_whole() -> None:
    assert "$$" not in label("$$x$$")
    assert "\\(" not in label("\\(x\\)")
    assert label("x" * 40, 10) == "x" * 9 + "…"


def test_names_that_look_alike_are_different_factors() -> None:
    found = factors(["a" * 50, "a" * 51, "b", "b"])
    assert len(set(found)) == 4
    assert [name.rstrip("\u200b") for name in found] == ["a" * 27 + "…"] * 2 + ["b"] * 2


@pytest.mark.parametrize(
    ("share", "told"),
    [
        *((0.0, "0.0\u00a0%"), (1.0, "100.0\u00a0%"), (0.5, "50.0\u00a0%")),
        *((1e-6, "<\u00a00.1\u00a0%"), (1 - 1e-6, ">\u00a099.9\u00a0%")),
        *((None, "–"), (math.nan, "nan"), (math.inf, "inf")),
    ],
)
def test_a_share_that_is_not_nothing_or_all_never_looks_like_it(share: object, told: str) -> None:
    assert percent(share) == told


def test_numbers_have_thousands_and_units() -> None:
    assert (whole(1234.6), whole(None), whole(math.nan)) == ("1,235", "–", "–")
    assert (decimal(1234.56), decimal(None), decimal(-math.inf)) == ("1,234.6", "–", "-inf")
    assert [size(n) for n in (None, 12, 2048, 3 << 20, 5 << 30)] == [
        "–", "12 bytes", "2.0 KiB", "3.0 MiB", "5.0 GiB",
    ]  # fmt: skip
