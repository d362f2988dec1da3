"""The benchmarks say what was measured: bounds, break-evens and kept results are what they seem."""

import importlib
import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def load(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module


@pytest.mark.parametrize(
    ("most", "measured", "row"),
    [
        (True, 11, ["x", "≤ 10 MHz", "11 MHz", "**no**"]),
        (True, 10, ["x", "≤ 10 MHz", "10 MHz", "yes"]),
        (False, 9, ["x", "≥ 10 MHz", "9 MHz", "**no**"]),
        (False, 10, ["x", "≥ 10 MHz", "10 MHz", "yes"]),
    ],
)
def test_a_goal_that_is_missed_says_so(load, most, measured, row):
    hardware = load("hardware")
    goal = hardware.Goal(what="x", goal=10, measured=measured, most=most, unit="MHz")
    assert goal.row() == row


def test_results_are_kept_for_what_they_follow_from(load, tmp_path):
    output = load("bench_output")
    runs = []

    def make():
        runs.append(1)
        return {"n": len(runs)}

    kept = output.Kept(tmp_path, "code")
    assert kept.get("a", {"seed": 1}, make) == kept.get("a", {"seed": 1}, make) == {"n": 1}
    assert kept.get("a", {"seed": 2}, make) == {"n": 2}
    assert output.Kept(tmp_path, "other code").get("a", {"seed": 1}, make) == {"n": 3}


def test_a_break_even_lies_where_the_line_crosses(load):
    nonspiking = load("nonspiking")
    assert nonspiking.break_even([(0.1, 100), (0.2, 200)], 150) == pytest.approx(0.15)
    assert nonspiking.break_even([(0.1, 100), (0.2, 200)], 300) is None


def test_values_have_the_zeros_that_were_asked_for(load):
    networks = load("bench_networks")
    tables = networks.convolution(steps=1, value_bits=4)
    x = networks.values(tables, 0.5, 2)
    assert x.shape == (1, 2, 32, 16, 16)
    assert 0.48 < (x == 0).mean() < 0.52
    assert (x.min(), x.max()) == (0, 15)
    assert 0.09 < networks.spikes(networks.convolution(), 0.1, 1).mean() < 0.11


def test_a_rival_is_wrapped_in_registers_for_every_bit(load, tmp_path):
    rivals = load("rivals")
    ports = {
        "CLK": {"direction": "input", "bits": [2]},
        "SCK": {"direction": "input", "bits": [3]},
        "data": {"direction": "input", "bits": [4, 5, 6]},
        "q": {"direction": "output", "bits": [7, 8]},
    }
    text, count = rivals.wrapper(rivals.RIVALS[0], ports)
    assert count == 5
    for part in (".CLK(clk)", ".SCK(pin_SCK)", ".data(shift[2:0])", ".q(result[1:0])"):
        assert part in text


def test_what_is_not_there_is_named(load, tmp_path, monkeypatch):
    rivals = load("rivals")
    monkeypatch.setenv("PATH", str(tmp_path))
    tiny, _, spiker = rivals.RIVALS
    told = rivals.attempt(lambda: rivals.synthesized(tiny, tmp_path, tmp_path / "build"))
    assert told == {"missing": f"not in {tmp_path.name}/tinyODIN"}
    (tmp_path / "tinyODIN").mkdir()
    told = rivals.attempt(lambda: rivals.synthesized(tiny, tmp_path, tmp_path / "build"))
    assert told == {"missing": "tinyODIN has no *.v"}
    (tmp_path / "Spiker").mkdir()
    (tmp_path / "Spiker" / "network.vhd").write_text("entity network is end;")
    told = rivals.attempt(lambda: rivals.synthesized(spiker, tmp_path, tmp_path / "build"))
    assert told == {"missing": "its VHDL needs GHDL, which is not installed"}
    result = {"designs": {"x": told}, "cycles": {"2%": {"x": told}}}
    assert rivals.report(result).count("GHDL, which is not installed") == 2


def test_a_result_is_written_as_json_and_as_tables(load, tmp_path, capsys):
    output = load("bench_output")
    text = output.markdown(("a", "b"), [[1, "x"]])
    assert text == "| a | b |\n| --- | --- |\n| 1 | x |\n"
    output.write(tmp_path, "result", {"a": 1}, text, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"a": 1}
    assert (tmp_path / "result.md").read_text() == text
    assert json.loads((tmp_path / "result.json").read_text()) == {"a": 1}


def test_a_placers_log_without_its_cells_is_refused(load):
    synthesis = load("synthesis")
    assert synthesis._cells("ecp5", "nextpnr-ecp5", "Info: TRELLIS_COMB:  1234/83640   1%") == 1234
    with pytest.raises(RuntimeError) as error:
        synthesis._cells("ecp5", "nextpnr-ecp5", "Info: nothing\n")
    assert str(error.value) == (
        "The log of nextpnr-ecp5 must count TRELLIS_COMB, but ends: Info: nothing\n"
    )
