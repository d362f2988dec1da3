"""Results are kept for what they follow from, and written as they are."""

import json
from types import SimpleNamespace

import pytest

from benchmarks.lib import output


def test_results_are_kept_for_what_they_follow_from(tmp_path):
    runs = []

    def make():
        runs.append(1)
        return {"n": len(runs)}

    kept = output.Kept(tmp_path, "code")
    assert kept.get("a", {"seed": 1}, make) == kept.get("a", {"seed": 1}, make) == {"n": 1}
    assert kept.get("a", {"seed": 2}, make) == {"n": 2}
    assert output.Kept(tmp_path, "other code").get("a", {"seed": 1}, make) == {"n": 3}


@pytest.mark.parametrize(
    ("file", "changes"),
    [
        ("package/__init__.py", True),
        ("package/a.py", True),
        ("package/native.cpp", True),
        ("package/inner/__init__.py", True),
        ("folder/module.py", True),
        ("folder/beside.py", False),
    ],
)
def test_code_is_that_of_packages_and_modules(tmp_path, file, changes):
    names = ("package/__init__.py", "folder/module.py")
    for name in (*names, "package/a.py", "package/native.cpp", "package/inner/__init__.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    modules = [SimpleNamespace(__file__=str(tmp_path / name)) for name in names]
    before = output.sources(*modules)
    (tmp_path / file).write_text("changed")
    assert (output.sources(*modules) != before) == changes


def test_code_has_the_versions_of_its_tools(monkeypatch):
    version = "1"
    monkeypatch.setattr(output, "versions", lambda *names: dict.fromkeys(names, version))
    monkeypatch.setattr(output.metadata, "version", lambda name: f"{name} {version}")
    before = output.sources(tools=("yosys",))
    assert before != output.sources(tools=("verilator",))
    assert before == output.sources(tools=("yosys",))
    version = "2"
    assert before != output.sources(tools=("yosys",))


def test_a_result_is_written_as_json_and_as_tables(tmp_path, capsys):
    text = output.markdown(("a", "b"), [[1, "x"]])
    assert text == "| a | b |\n| --- | --- |\n| 1 | x |\n"
    output.write(tmp_path, "result", {"a": 1}, text, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"a": 1}
    assert (tmp_path / "result.md").read_text() == text
    assert json.loads((tmp_path / "result.json").read_text()) == {"a": 1}
