"""The trained tables in examples/ are what docs/results.md says they are."""

from pathlib import Path

import pytest
import somagate as sg
from somagate.export.tables import Tables
from somagate.hw.plan.support import reasons
from somagate.model import recipes

TOP = Path(__file__).parents[2]
EXAMPLES = sorted((TOP / "examples").glob("*.safetensors"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_of_a_recipe_and_runs_on_the_hardware(path: Path) -> None:
    tables = Tables.load(path)
    recipe = recipes.find(path.stem)
    assert tables.name == path.stem.replace("-", "_")
    assert tables.steps == recipe.steps
    assert [why for layer in tables.layers for why in reasons(tables, layer)] == []


def test_every_recipe_with_results_has_its_tables() -> None:
    lines = (TOP / "docs/results.md").read_text().splitlines()
    named = {line.split("`")[1] for line in lines if line.startswith("|") and "`" in line}
    assert named == {path.stem for path in EXAMPLES}


@pytest.mark.parametrize("name", ["digits", "digits-dense", "digits-spquant"])
def test_the_digits_are_as_good_as_the_page_says(name: str) -> None:
    tables = Tables.load(TOP / "examples" / f"{name}.safetensors")
    found = sg.measure(tables, sg.samples(tables, "digits"))
    row = next(
        line for line in (TOP / "docs/results.md").read_text().splitlines() if f"`{name}`" in line
    )
    assert f"| {found.accuracy:.2%} |" in row
