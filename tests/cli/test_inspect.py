import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest
import somagate as sg
from json_keys import documented
from refusal import refused
from somagate.export.tables import Tables
from somagate.sim.golden.trace import Trace
from tiny_tables import tiny


def with_one_weight_changed(tables: Tables) -> Tables:
    layer = tables.layers[0]
    weights = layer.synapses[0].weights.copy()
    weights[2, 0, 1, 1] -= 1
    changed = replace(layer, synapses=(replace(layer.synapses[0], weights=weights),))
    return replace(tables, layers=(changed, *tables.layers[1:]))


@pytest.fixture
def pair(somagate, tables_path: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Golden's trace of 3 samples, and one as if of an RTL with another weight."""
    other_tables = tmp_path / "other.safetensors"
    with_one_weight_changed(tiny()).save(other_tables)
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    for tables, path in ((tables_path, first), (other_tables, second)):
        assert somagate("simulate", tables, "--samples", 3, "--trace", path).exit_code == 0
    replace(Trace.load(second), tables=tiny().sha256).save(second)
    return first, second


def test_the_difference_and_the_way_back_are_an_object(
    somagate, pair: tuple[Path, Path], tables_path: Path
) -> None:
    found = somagate.json("inspect", *pair, "--tables", tables_path, exit_code=1)
    assert set(found) == documented("inspect")
    assert found["traces"] == ["first", "second"]
    assert (found["samples"], found["steps"]) == (3, 4)
    difference = found["first_difference"]
    assert (difference["layer"], difference["place"][0]) == ("conv1", 2)
    assert [link["by"] for link in found["way_back"]] == ["here"]
    assert found["breaks"][0]["channels"] == [2]
    assert {"number": "weight", "index": [2, 0, 1, 1], "was": 2}.items() <= (
        found["suspects"][0].items()
    )
    assert 1 in found["suspects"][0]["values"]


def test_equal_traces_and_one_by_itself_have_no_difference(
    somagate, pair: tuple[Path, Path], tables_path: Path
) -> None:
    for files in ((pair[0],), (pair[0], pair[0])):
        found = somagate.json("inspect", *files, "--tables", tables_path)
        assert set(found) == documented("inspect")
        assert found["first_difference"] is None
        assert found["way_back"] == found["breaks"] == found["suspects"] == []


def test_what_serves_no_page_takes_no_port(
    somagate, pair: tuple[Path, Path], tables_path: Path, tmp_path: Path
) -> None:
    call = ("inspect", *pair, "--tables", tables_path)
    for name, *value in (("--port", 8000), ("--no-browser",)):
        told = {"error": f"{name} must be left out with --json, which serves no page"}
        assert somagate.json(*call, name, *value, exit_code=2) == told
    none = tmp_path / "none" / "none.gtkw"
    assert somagate.error(*call, "--waves", none).startswith(
        f"{none} must be a .gtkw file, but does not exist"
    )


def test_a_trace_without_its_input_needs_the_data(
    somagate, pair: tuple[Path, Path], tables_path: Path
) -> None:
    for path in pair:
        replace(Trace.load(path), input=None).save(path)
    arguments = ("inspect", *pair, "--tables", tables_path)
    assert somagate.error(*arguments) == (
        "x must be given, as the trace holds no input: name the samples that ran, by --data on the "
        "command line"
    )
    assert somagate.json(*arguments, "--data", "digits", exit_code=1)["breaks"][0]["channels"] == [
        2
    ]


def test_inspect_refuses_what_does_not_belong_together(
    somagate, pair: tuple[Path, Path], tables_path: Path, tmp_path: Path
) -> None:
    assert somagate.error("inspect", pair[0]) == (
        "--tables must name the tables that ran, not be left out"
    )
    other = tmp_path / "other.safetensors"
    mine, theirs = tiny().sha256[:12], Tables.load(other).sha256[:12]
    assert somagate.error("inspect", pair[0], "--tables", other) == (
        f"trace first must be of the tables {theirs}, not of {mine}; name the tables that ran"
    )
    missing = tmp_path / "no.safetensors"
    assert somagate.error("inspect", missing, "--tables", tables_path).startswith(
        f"{missing} must be a .safetensors file, but does not exist"
    )
    assert somagate.error("inspect", tables_path, "--tables", tables_path).startswith(
        f"{tables_path}: metadata must have the entry 'somagate.trace' alone"
    )


def served(*arguments: object) -> tuple[list[str], int, str]:
    """Run a verb until it serves a page, ask for that, and interrupt it.

    Returns what it printed, its exit status, and what it wrote to stderr.
    """
    # As `conftest` has it, so that what is compiled already is found. Where the tests were started
    # in the background, an interrupt would be ignored from the start.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from somagate.sim.bench import native_engine; native_engine.optimize = '-O1'; "
        "from somagate.cli.main import main; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ),
    )  # fmt: skip
    lines: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if line.startswith("http://127.0.0.1:"):
                with urlopen(lines[-1], timeout=60) as answer:
                    assert answer.status == 200
                process.send_signal(signal.SIGINT)
                break
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    return lines, process.returncode, errors


def test_the_page_is_served_until_an_interrupt(pair: tuple[Path, Path], tables_path: Path) -> None:
    lines, status, errors = served("inspect", *pair, "--tables", tables_path, "--no-browser")
    assert lines[0].startswith("first and second differ first in layer conv1, step 0, sample 0")
    assert status == 1
    assert errors == "Ctrl-C ends it\n"


@pytest.fixture
def generated(somagate, tables_path: Path) -> Path:
    somagate.json("generate", tables_path, "--lanes", 4, "--update-lanes", 2)
    return tables_path.with_name("rtl")


def test_verify_shows_where_a_changed_weight_is(somagate, generated: Path, tmp_path: Path) -> None:
    path = tmp_path / "changed.safetensors"
    with_one_weight_changed(tiny()).save(path)
    kept = tmp_path / "kept it"
    arguments = ("verify", path, "--samples", 20, "--generated", generated)
    text = somagate(*arguments, "--traces", kept).stdout
    files = [f"{kept}.golden.safetensors", f"{kept}.rtl.safetensors"]
    assert text.endswith(
        f"look into it: somagate inspect '{files[0]}' '{files[1]}' --tables {path}\n"
    )
    kept_traces = [Trace.load(file) for file in files]
    assert [(each.first, len(each.output)) for each in kept_traces] == [(0, 16)] * 2  # the batch
    found = somagate.json("inspect", *files, "--tables", path, exit_code=1)
    assert [(each["index"], each["was"], each["values"]) for each in found["suspects"]] == [
        ([2, 0, 1, 1], 1, [2])
    ]
    assert somagate.error(*arguments, "--traces", kept) == (
        f"{files[0]} exists already: name another path for the traces, or overwrite it, on the "
        "command line by --force"
    )
    result = somagate.json(*arguments, "--traces", kept, "--force", exit_code=1)
    assert result["first_difference"]["traces"] == files
    assert "--inspect shows where they differ" in somagate(*arguments).stdout
    lines, status, errors = served(*arguments, "--inspect", "--no-browser")
    assert lines[-1].startswith("http://127.0.0.1:")
    assert any(line.startswith("waveform: gtkwave ") for line in lines)
    assert status == 1
    assert errors == "Ctrl-C ends it\n"


def test_verify_finds_a_line_of_one_update_lane(
    somagate, generated: Path, tables_path: Path, tmp_path: Path
) -> None:
    verilog = generated / "somagate.v"
    text = verilog.read_text(encoding="utf-8")
    line = "start = $signed(loaded) + $signed(parameters[1:0])"
    assert text.count(line) == 2  # of the update's two lanes
    verilog.write_text(text.replace(line, "start = $signed(loaded) + 1", 1), encoding="utf-8")
    kept = tmp_path / "difference"
    arguments = ("verify", tables_path, "--samples", 4, "--generated", generated)
    result = somagate.json(*arguments, "--traces", kept, exit_code=1)
    files = result["first_difference"]["traces"]
    found = somagate.json("inspect", *files, "--tables", tables_path, exit_code=1)
    assert found["way_back"][-1]["by"] == "here"
    assert [[c % 2 for c in each["channels"]] for each in found["breaks"]] == [[0] * 5]
    assert found["pattern"].startswith("exactly the updates of channel 0, 2, … are wrong")
    assert [each["number"] for each in found["suspects"]][:1] == ["bias"]
    assert 1 in found["suspects"][0]["values"]


def test_verify_refuses_options_that_it_would_not_use(somagate, tables_path: Path) -> None:
    assert somagate.error("verify", tables_path, "--no-browser") == (
        "--no-browser must come with --inspect, not without it"
    )
    assert somagate.error("verify", tables_path, "--port", 8000) == (
        "--port must come with --inspect, not without it"
    )
    result = somagate("verify", tables_path, "--inspect", "--json")
    assert json.loads(result.stdout) == {
        "error": "--inspect must be left out with --json, which prints alone"
    }


def test_what_simulate_keeps_holds_its_input(somagate, tables_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "trace.safetensors"
    somagate("simulate", tables_path, "--samples", 2, "--trace", path)
    held = Trace.load(path).input
    assert held is not None and held.shape == (4, 2, 1, 8, 8)
    assert np.isin(held, (0, 1)).all()


def test_an_answer_that_never_comes_has_its_waveform(
    somagate, generated: Path, tables_path: Path
) -> None:
    verilog = generated / "somagate.v"
    text = verilog.read_text(encoding="utf-8")
    top, end, rest = text.partition("endmodule")
    assert "module somagate(" in top and top.count("(output__valid)") == 1
    stuck = top.replace("(output__valid)", "()") + "assign output__valid = 1'h0;\n"
    verilog.write_text(stuck + end + rest, encoding="utf-8")
    arguments = ("verify", tables_path, "--samples", 2, "--generated", generated)
    lines, status, errors = served(*arguments, "--predict", 0, "--inspect", "--no-browser")
    assert (status, errors) == (1, "Ctrl-C ends it\n")
    assert any("output 0 did not come" in line for line in lines)
    assert lines[-1].startswith("http://127.0.0.1:")


def test_verify_replaces_no_waveform_unasked(somagate, tables_path: Path, tmp_path: Path) -> None:
    taken = tmp_path / "mine.vcd"
    taken.write_text("mine", encoding="utf-8")
    call = ("verify", tables_path, "--samples", 1)
    assert somagate.error(*call, "--waves", tmp_path / "mine") == (
        f"{taken} exists already: name another path for the waves, or overwrite it, on the command "
        "line by --force"
    )
    assert taken.read_text(encoding="utf-8") == "mine"
    for option in ("waves", "traces"):
        assert somagate.error(*call, f"--{option}", ".") == (
            f"{option} must be a path of files, without their suffix, not '.'"
        )
        assert somagate.error(*call, f"--{option}", taken / "x" / "y") == (
            f"{option} must be where files can be written, which {taken} isn't"
        )
    with refused(TypeError, "waves must be a path, not 3"):
        sg.verify(sg.design(tiny()), sg.samples(tiny())[:1], waves=3)


def test_a_port_that_is_taken_is_told_before_anything_is_verified(
    somagate, tables_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = somagate("verify", tables_path, "--inspect", "--port", port, "--seed", 1)
    assert told.exit_code == 2
    assert told.stderr.startswith(f"error: port must be free, but 127.0.0.1:{port} is: ")
