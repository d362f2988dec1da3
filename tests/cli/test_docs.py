"""The manual: its links lead somewhere, its examples run, and it names every verb."""

import re
from pathlib import Path
from typing import Any

import pytest
from json_keys import documented
from somagate.cli.main import EXAMPLES

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_the_readme_explains_every_verb() -> None:
    headings = re.findall(r"^### (\w+)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(verb.__name__ for verb in EXAMPLES)


def test_the_readme_uses_options_that_exist(somagate) -> None:
    calls = re.findall(r"^\$ somagate (.*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert calls
    for call in calls:
        assert "No such option: --no-such-option" in somagate(
            *call.split(), "--no-such-option"
        ).stderr  # fmt: skip


def test_the_manual_has_every_key_that_json_prints(somagate, tables_path: Path) -> None:
    calls = [
        ("check", tables_path),
        ("estimate", tables_path),
        ("simulate", tables_path, "--samples", 2),
        ("generate", tables_path),
        ("verify", tables_path, "--samples", 1, "--engine", "amaranth"),
    ]
    for call in calls:
        assert documented(call[0]) == set(somagate.json(*call)), call[0]


@pytest.mark.parametrize(
    "page", ["README.md", "docs/json.md", "docs/results.md", "benchmarks/results/report.py"]
)
def test_cycles_a_sample_are_said_to_be_the_throughput(page: str) -> None:
    told = r"from one (sample|image) to the\snext, on average, back to\sback"
    assert len(re.findall(told, (ROOT / page).read_text())) == 1


def test_the_changelog_has_its_four_sections() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert re.findall(r"^### (.*)$", text, re.MULTILINE)[:4] == [
        *("Added", "Changed", "Removed", "Fixed")
    ]


def python_blocks(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


def test_the_examples_of_extending_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recipe, tables = python_blocks("docs/extending.md")
    names: dict[str, object] = {"__package__": "somagate.model.recipes"}
    exec(recipe, names)
    assert names["RECIPE"].steps == 4
    exec(tables, {})
    assert (tmp_path / "two.safetensors").exists()


def test_the_example_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tiny_tables import tiny

    monkeypatch.chdir(tmp_path)
    recipe, example = python_blocks("README.md")
    exec(recipe, {})
    (tmp_path / "runs" / "digits").mkdir(parents=True)
    tiny().save(tmp_path / "runs" / "digits" / "tables.safetensors")
    names: dict[str, Any] = {}
    exec(example, names)
    assert names["trace"].spikes["conv1"].shape == (4, 100, 4, 8, 8)


def test_the_contract_s_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tiny_tables import tiny

    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    tiny().save(tmp_path / "runs" / "digits.safetensors")
    (example,) = python_blocks("docs/contract.md")
    exec(example, {})


def test_the_hardware_s_example_runs() -> None:
    import numpy as np
    from tiny_tables import tiny

    example, _ = python_blocks("docs/hardware.md")  # the other one needs a board
    tables = tiny()
    x = np.zeros((tables.steps, 2, *tables.input.shape), np.uint8)
    names: dict[str, object] = {"tables": tables, "x": x}
    exec(example, names)
    assert names["prediction"].cycles.shape == (2,)
