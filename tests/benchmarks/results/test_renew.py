"""Some rows of the page of results are renewed, and nothing else of it changes."""

from pathlib import Path

from refusal import refused

from benchmarks.results import __main__ as results
from benchmarks.results import rows
from benchmarks.results.renew import renewed

PAGE = """# Results

## Accuracy

| recipe | right |
| --- | --- |
| `a` | 1% |
| `b` | 2% |

Boxes:

| recipe | precision |
| --- | --- |
| `c` | 3% |

What else there is.

## Sizes

| recipe | bits |
| --- | --- |
| `a` | 1 |
| `b` | 2 |
| `c` | 3 |
"""


def test_rows_of_a_part_take_their_places():
    part = "## Accuracy\n| recipe | right |\n| --- | --- |\n| `b` | 9% |\n## Sizes\n"
    part += "| recipe | bits |\n| --- | --- |\n| `b` | 8 |\n| `a` | 7 |\n"
    found = renewed(PAGE, part)
    expected = PAGE.replace("`b` | 2%", "`b` | 9%").replace("`b` | 2 |", "`b` | 8 |")
    assert found == expected.replace("`a` | 1 |", "`a` | 7 |")
    assert renewed(PAGE, PAGE) == PAGE


def test_a_table_whose_rows_are_all_renewed_may_have_other_columns():
    part = "## Accuracy\nelse\n| recipe | lost |\n| --- | --- |\n| `c` | 4 |\n"
    expected = PAGE.replace("| precision |", "| lost |").replace("`c` | 3%", "`c` | 4")
    assert renewed(PAGE, part) == expected


def test_a_table_without_rows_changes_nothing():
    part = "## Accuracy\n| recipe | right |\n| --- | --- |\n\n## Sizes\n"
    assert renewed(PAGE, part) == PAGE


def test_other_columns_beside_rows_that_stay_are_refused():
    part = "## Sizes\n| recipe | weights |\n| --- | --- |\n| `a` | 4 |\n| `c` | 4 |\n"
    with refused(
        ValueError,
        "'Sizes' must have the columns that it had, as 1 of its rows stay; renew all rows",
    ):
        renewed(PAGE, part)


def test_a_recipe_that_has_no_row_is_refused():
    part = "## Sizes\n| recipe | bits |\n| --- | --- |\n| `a` | 4 |\n| `d` | 4 |\n"
    with refused(ValueError, "'Sizes' must have rows of a, d, but has none"):
        renewed(PAGE, part)


def test_publishing_some_rows_renews_their_lines_and_their_tables(tmp_path: Path):
    top, out = tmp_path / "top", tmp_path / "out"
    (top / "docs").mkdir(parents=True)
    (top / "docs/results.md").write_text("## A\n| r |\n| --- |\n| `digits` 1 |\n| `mnist` 2 |\n")
    (out / "digits").mkdir(parents=True)
    (out / "digits" / results.TABLES).write_bytes(b"tables")
    text = "## A\n| r |\n| --- |\n| `digits` 7 |\n"
    results.publish([row for row in rows.ROWS if row.recipe == "digits"], out, text, top)
    page = "## A\n| r |\n| --- |\n| `digits` 7 |\n| `mnist` 2 |\n"
    assert (top / "docs/results.md").read_text() == page
    assert [path.name for path in (top / "examples").iterdir()] == ["digits.safetensors"]
