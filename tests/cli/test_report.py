"""`somagate report`: what a run needs, what it lacks, and what is refused."""

import json
import math
from html import escape
from pathlib import Path

import numpy as np
import pytest
import somagate as sg
from json_keys import documented
from tiny_tables import tiny


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    tiny().save(folder / "tables.safetensors")
    return folder


def test_tables_alone_make_a_page_and_what_is_missing_is_said(somagate, run: Path) -> None:
    result = somagate("report", run, "--samples", 40)
    assert result.exit_code == 0, result.output
    page = (run / "report.html").read_text(encoding="utf-8")
    assert page.count("<section") == 7
    assert len(page) < 2_000_000
    for line in (
        f"Not in the run: training curves; somagate train RECIPE --out {run}",
        f"Not in the run: a bitstream; somagate build {run}/tables.safetensors --board BOARD",
        f"somagate verify {run}/tables.safetensors --json > {run}/verify.json",
    ):
        assert line in result.stdout


def test_the_figures_are_those_of_simulate_and_of_the_tables(somagate, run: Path) -> None:
    found = somagate.json("report", run, "--samples", 40)
    assert documented("report") == set(found)
    measured = somagate.json("simulate", run / "tables.safetensors", "--samples", 40)
    assert (found["correct"], found["samples"]) == (measured["correct"], 40)
    assert np.trace(found["confusion"]) == measured["correct"]
    assert np.sum(found["confusion"]) == 40
    for mine, theirs in zip(found["layers"], measured["layers"], strict=True):
        assert mine["layer"] == theirs["layer"]
        assert mine["activity"] == pytest.approx(theirs["activity"])
        assert len(mine["silent_channels"]) == theirs["silent_channels"]
        assert len(mine["saturated_channels"]) == theirs["saturated_channels"]
    assert found["report"] == str(run / "report.html")


def test_the_same_run_is_the_same_page(somagate, run: Path) -> None:
    somagate("report", run, "--samples", 20)
    first = (run / "report.html").read_bytes()
    somagate("report", run, "--samples", 20, "--force")
    assert (run / "report.html").read_bytes() == first


def test_a_tables_file_has_its_page_beside_it(somagate, tables_path: Path) -> None:
    found = somagate.json("report", tables_path, "--samples", 10)
    assert found["report"] == str(tables_path.with_suffix(".html"))
    assert found["missing"] == [
        {"what": "a verification", "command": f"somagate verify {tables_path}"}
    ]


def test_nothing_is_overwritten_without_force(somagate, run: Path) -> None:
    page = run / "report.html"
    page.write_text("mine")
    told = f"{page} exists already: name another with --out, or give --force"
    assert somagate.error("report", run) == told
    assert page.read_text() == "mine"
    with pytest.raises(FileExistsError) as error:
        sg.report(run, overwrite=False)
    assert str(error.value) == f"{page} must not exist yet, or be overwritten on purpose"


def test_a_folder_without_tables_is_refused_with_the_way_out(somagate, tmp_path: Path) -> None:
    told = f"run must be a folder with tables.safetensors, but {tmp_path} has none: "
    assert somagate.error("report", tmp_path) == told + (
        "name the tables' file where it lies elsewhere"
    )
    (tmp_path / "checkpoint.pt").write_bytes(b"")
    assert somagate.error("report", tmp_path) == told + (
        f"somagate export {tmp_path}/checkpoint.pt makes them"
    )
    nothing = tmp_path / "nothing"
    assert somagate.error("report", nothing) == (
        f"run must be a folder with tables.safetensors, or the tables' file, but {nothing} does "
        "not exist"
    )


def test_a_run_must_be_a_path() -> None:
    with pytest.raises(TypeError) as error:
        sg.report(3)  # as one may call it
    assert str(error.value) == "run must be a folder or a tables' file, not 3"


def test_a_broken_file_of_a_run_is_named(somagate, run: Path) -> None:
    (run / "summary.json").write_text("{")
    assert somagate.error("report", run) == (
        f"{run}/summary.json must be JSON, but Expecting property name enclosed in double quotes: "
        "line 1 column 2 (char 1); remove summary.json"
    )
    (run / "summary.json").write_text("[1]")
    assert somagate.error("report", run) == (
        f"{run}/summary.json must be a JSON object, not [1]; remove summary.json"
    )
    (run / "summary.json").unlink()
    (run / "metrics.jsonl").write_text('{"epoch": 0}\n7\n')
    assert somagate.error("report", run) == (
        f"{run}/metrics.jsonl line 2 must be a JSON object, not 7; remove metrics.jsonl"
    )


def test_samples_are_counted_and_their_data_named(somagate, run: Path) -> None:
    assert somagate.error("report", run, "--samples", 501) == (
        "samples must be 1…500 for digits, not 501"
    )
    (run / "result.json").write_text(json.dumps({"recipe": {"data": "mnist"}, "accuracy": 0.5}))
    assert somagate.error("report", run, "--samples", 3) == (
        "samples must come with data, not be 3 without it: the run names none that needs no folder"
    )
    found = somagate.json("report", run)
    assert (found["samples"], found["data"], found["confusion"]) == (0, None, None)
    assert found["missing"][0]["command"] == f"somagate report {run} --data DATA"
    assert found["accuracies"] == {"quantized": 0.5}


def test_no_samples_are_refused(run: Path) -> None:
    tables = sg.load(run / "tables.safetensors")
    with pytest.raises(ValueError) as error:
        sg.report(run, data=sg.samples(tables, "digits")[:0])
    assert str(error.value) == "digits must have a sample at least to be measured, not none"


def test_metrics_that_are_no_numbers_are_text(somagate, run: Path) -> None:
    (run / "metrics.jsonl").write_text('{"epoch": 0, "loss": NaN, "accuracy": "<b>x</b>"}\n')
    (run / "summary.json").write_text('{"accuracy_float": NaN, "equal": "yes", "samples": NaN}')
    found = somagate.json("report", run, "--samples", 10)
    assert (found["epochs"], found["accuracies"], found["equal"]) == (1, {}, None)
    told = 'holds no verification: equal must be true or false, not "yes"'
    assert found["left_out"] == [{"name": "summary.json", "why": told}]
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "<td>nan</td>" in page
    assert "<b>x</b>" not in page


def test_a_verification_and_an_accelerator_are_shown(somagate, run: Path) -> None:
    tables = run / "tables.safetensors"
    assert somagate("generate", tables, "--out", run / "rtl").exit_code == 0
    verdict = {
        "tables": tiny().sha256, "equal": False, "samples": 5, "spikes": 3, "potentials": 3,
        "cycles_per_sample": 9.5,
        "layers": [
            {"layer": layer.name, "cycles": 50, "additions": 20, "lanes": 4, "efficiency": 0.1}
            for layer in tiny().layers
        ],
        "first_difference": {"summary": "golden and RTL differ first in <i>", "layer": "x"},
    }  # fmt: skip
    (run / "verify.json").write_text(json.dumps(verdict))
    found = somagate.json("report", run, "--samples", 10)
    assert found["equal"] is False
    assert found["cost"]["counted"] == "counted in the Verilog on 5 samples"
    assert found["cost"]["cycles_per_sample"] == 9.5
    assert found["cost"]["layers"][0]["cycles"] == 10
    assert found["cost"]["planned"] == "The plan is that of the accelerator in the run"
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "golden and RTL differ first in &lt;i&gt;" in page


def test_an_accelerator_of_other_tables_is_left_out(somagate, run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    from dataclasses import replace

    replace(tiny(), name="other").save(other)
    assert somagate("generate", other, "--out", run / "rtl").exit_code == 0
    somagate("report", run, "--samples", 10)
    page = (run / "report.html").read_text(encoding="utf-8")
    told = "<bdi>rtl</bdi> is left out: it holds <bdi>an accelerator of other tables</bdi>"
    assert told in page


EQUAL = {"tables": tiny().sha256, "equal": True, "samples": 5}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({"error": "<i>no"}, "no verification, but the error: <i>no"),
        ([], "no verification: equal must be true or false, not null"),
        (EQUAL | {"tables": "ab"}, "a verification of other tables"),
        ({"equal": True, "samples": 5}, "a verification that doesn't say of which tables"),
    ],
    ids=["error", "nothing", "other", "nameless"],
)
def test_what_is_no_verdict_on_these_tables_is_left_out(
    somagate, run: Path, content: object, why: str
) -> None:
    (run / "verify.json").write_text(json.dumps(content or {}))
    result = somagate("report", run, "--samples", 5)
    assert f"Left out: verify.json holds {why}\n" in result.stdout
    assert "golden and RTL" not in result.stdout
    assert "Not in the run: a verification; " in result.stdout
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "not verified in this run" in page
    assert f"it holds <bdi>{escape(why)}</bdi>" in page
    (run / "summary.json").write_text(json.dumps(EQUAL))
    found = somagate.json("report", run, "--samples", 5, "--force")
    assert found["equal"] is True
    assert found["left_out"] == [{"name": "verify.json", "why": f"holds {why}"}]


def test_numbers_that_are_not_finite_are_none(somagate, run: Path) -> None:
    tables = run / "tables.safetensors"
    assert somagate("generate", tables, "--out", run / "rtl").exit_code == 0
    built = '{"clock_hz": NaN, "clocks": {"a": {"fmax_hz": Infinity}}, "utilization": {}}'
    (run / "rtl" / "report.json").write_text(built)
    rows = [
        {"layer": layer.name, "cycles": 50, "additions": 20, "efficiency": 0.1}
        for layer in tiny().layers
    ]
    for samples in ("Infinity", "-1", f"1{'0' * 400}"):
        verdict = json.dumps(EQUAL | {"layers": rows, "samples": 0})
        (run / "verify.json").write_text(verdict.replace('"samples": 0', f'"samples": {samples}'))
        found = somagate.json("report", run, "--samples", 5, "--force")
        assert (found["equal"], found["clock_hz"], found["fmax_hz"]) == (True, None, None)
        assert found["cost"]["counted"].startswith("predicted for 5 samples")


def test_only_a_page_is_replaced(somagate, run: Path, tables_path: Path) -> None:
    (run / "result.json").write_text("{}")
    for source, path in (
        (run, run / "tables.safetensors"), (run, run / "result.json"), (tables_path, tables_path)
    ):  # fmt: skip
        before = path.read_bytes()
        assert somagate.error("report", source, "--out", path, "--force") == (
            f"{path} must be an HTML page to be replaced by one; name another file"
        )
        assert path.read_bytes() == before


def test_neurobenchs_metrics_are_those_of_estimate(somagate, run: Path) -> None:
    found = somagate.json("report", run, "--samples", 10)["neurobench"]
    energy = somagate.json(
        "estimate", run / "tables.safetensors", "--data", "digits", "--samples", 10, "--energy"
    )["energy"]
    wanted = energy["synaptic_operations"] | {
        key: energy[key] for key in ("activation_sparsity", "connection_sparsity", "footprint")
    }
    assert {key: found[key] for key in wanted} == pytest.approx(wanted)


def test_python_gets_the_page_and_the_same_figures(somagate, run: Path) -> None:
    result = sg.report(run, data="digits", samples=10)
    assert result.path == run / "report.html"
    assert json.loads(json.dumps(result.to_dict())) == somagate.json(
        "report", run, "--samples", 10, "--force"
    )
    assert "report in" in str(result)
    assert math.isfinite(result.to_dict()["neurobench"]["Dense"])
