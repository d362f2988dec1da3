"""`somagate plan`, from tables to a plan file that the other verbs take."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_tables import tiny


def test_a_plan_is_chosen_and_written(somagate, tables_path: Path, tmp_path: Path) -> None:
    result = somagate.json(
        "plan", tables_path, "--data", "digits", "--samples", 2, "--goal", "fastest"
    )
    path = tmp_path / "plan.toml"
    assert result["file"] == str(path)
    assert (result["goal"], result["board"], result["fits"]) == ("fastest", "icebreaker", True)
    written = tomllib.loads(path.read_text())
    assert written["word_bits"] == result["plan"]["word_bits"]
    names = [name for stage in written["stages"] for name in stage["layers"]]
    assert names == [layer.name for layer in tiny().layers]
    measured = somagate.json(
        *("verify", tables_path, "--data", "digits", "--samples", 2),
        *("--plan", path, "--engine", "amaranth"),
    )
    assert measured["equal"] is True
    assert result["cycles_per_sample"] == measured["cycles_per_sample"]


def test_goals_differ(somagate, tables_path: Path, tmp_path: Path) -> None:
    fastest, smallest = (
        somagate.json("plan", tables_path, "--goal", goal, "--out", tmp_path / f"{goal}.toml")
        for goal in ("fastest", "smallest")
    )
    assert fastest["cycles_per_sample"] < smallest["cycles_per_sample"] / 4
    logic = [result["resources"]["logic"]["used"] for result in (fastest, smallest)]
    assert logic[0] > logic[1]
    rate = 24e6 / (fastest["cycles_per_sample"] * smallest["cycles_per_sample"]) ** 0.5
    between = somagate.json("plan", tables_path, "--goal", rate, "--out", tmp_path / "rate.toml")
    assert logic[1] <= between["resources"]["logic"]["used"] < logic[0]


def test_a_width_that_is_given_is_kept(somagate, tables_path: Path, tmp_path: Path) -> None:
    result = somagate.json("plan", tables_path, "--goal", "smallest", "--word-bits", 64)
    assert result["plan"]["word_bits"] == 64
    assert tomllib.loads((tmp_path / "plan.toml").read_text())["word_bits"] == 64


def test_what_is_chosen_is_shown(somagate, tables_path: Path, tmp_path: Path) -> None:
    result = somagate("plan", tables_path, "--goal", "smallest", "--part", "lfe5u-25f")
    assert result.exit_code == 0, result.output
    for text in ("layer", "stage", "banks", "LUT4", "potentials_3", "It fits lfe5u-25f"):
        assert text in result.stdout
    assert result.stdout.endswith(f"Plan in {tmp_path / 'plan.toml'}\n")


def test_a_plan_file_is_not_overwritten_unless_told(
    somagate, tables_path: Path, tmp_path: Path
) -> None:
    path = tmp_path / "plan.toml"
    path.write_text("word_bits = 8\n")
    given = ("plan", tables_path, "--goal", "smallest")
    assert somagate.error(*given) == (
        f"{path} exists already: name another with --out, or give --force"
    )
    assert path.read_text() == "word_bits = 8\n"
    assert somagate.json(*given, "--force")["file"] == str(path)
    folder = tmp_path / "folder"
    folder.mkdir()
    assert somagate.error(*given, "--out", folder) == (
        f"{folder} must be a file to write, but is a folder; name one with --out"
    )


def test_goals_that_are_none_are_named(somagate, tables_path: Path) -> None:
    for goal in ("large", "0", "inf"):
        assert somagate.error("plan", tables_path, "--goal", goal) == (
            f"goal must be 'smallest', 'fastest', 'latency' or images a second, not {goal!r}"
        )
    assert somagate.error("plan", tables_path, "--part", "xc7a35t", "--goal", "100") == (
        "clock must be given for images a second on a part without a board"
    )
    assert "must run tiny in 1 cycles an image" in somagate.error(
        "plan", tables_path, "--goal", "24000000"
    )


def test_what_no_plan_has_is_refused(somagate, tables_path: Path, tmp_path: Path) -> None:
    assert somagate.error("plan", tables_path, "--word-bits", 12) == (
        "Plan word_bits must be a power of two, not 12"
    )
    tables = tiny()
    last = replace(tables.layers[-1], channel_mask=np.arange(10) > 0)
    path = tmp_path / "pruned.safetensors"
    replace(tables, layers=(*tables.layers[:-1], last)).save(path)
    assert somagate.error("plan", path) == (
        "layer output: channel_mask must keep every class of the readout; prune other layers"
    )
    assert not (tmp_path / "plan.toml").exists()


def test_a_search_moves_a_bar_on_a_terminal(
    somagate, tables_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    told = somagate("plan", tables_path, "--goal", "fastest").stderr
    assert re.search(r"searching: [\d,]+ cycles an image, [\d,]+ plans compared.*━.*0:00:0", told)
