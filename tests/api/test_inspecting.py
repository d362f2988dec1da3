import re
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest
import somagate as sg
from planted import plant
from refusal import refused
from somagate.sim.golden.trace import Trace
from tiny_tables import tiny

TABLES = tiny()
X = sg.samples(TABLES)[:3].x
GOLDEN = sg.simulate(TABLES, X)


def other() -> Trace:
    """Return a trace with one potential of the readout changed in the last step."""
    potentials = {name: values.copy() for name, values in GOLDEN.potentials.items()}
    potentials["output"][3, 1, 4] += 1
    return replace(GOLDEN, potentials=potentials)


def test_what_was_found_prints_as_sentences_and_a_table() -> None:
    found = sg.inspect(GOLDEN, other(), tables=TABLES, x=X)
    lines = str(found).splitlines()
    assert lines[0].startswith("golden and other differ first in layer output, step 3, sample 1")
    assert lines[1].startswith("1. output, neuron 4 in step 3: all that goes in is equal")
    assert found.chain.cause is not None and found.chain.cause.place == (4,)
    assert found.difference is not None and found.difference.count == 1
    assert str(sg.inspect(GOLDEN, GOLDEN, tables=TABLES, x=X)) == (
        "golden and other are equal: 3 samples, 4 time steps"
    )
    assert str(sg.inspect(GOLDEN, tables=TABLES, x=X)) == "golden: 3 samples, 4 time steps"


def test_samples_are_numbered_as_in_the_data() -> None:
    found = sg.inspect(replace(GOLDEN, first=7), replace(other(), first=7), tables=TABLES, x=X)
    told = "differ first in layer output, step 3, sample 8"
    assert told in str(found) and found.to_dict()["first_difference"]["sample"] == 8
    assert "step 3, sample 8" in found.to_dict()["first_difference"]["summary"]


def test_a_fault_of_the_readout_has_no_way_back() -> None:
    wrong = replace(GOLDEN, output=GOLDEN.output + 1)
    found = sg.inspect(GOLDEN, wrong, tables=TABLES, x=X)
    assert found.chain.links == () and found.chain.cause is None
    assert str(found).endswith("The fault is in what the readout makes of equal neurons.")
    assert found.to_dict()["suspects"] == []


def test_files_are_named_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    replace(GOLDEN, input=X).save(path)
    found = sg.inspect(path, str(path), tables=TABLES)
    assert found.inspected.names == ("mine", "mine")
    assert sg.inspect(path, tables=TABLES, x=X, names=["one"]).inspected.names == ("one",)


def test_a_notebook_gets_a_frame_of_the_page() -> None:
    frame = sg.inspect(GOLDEN, tables=TABLES, x=X).show(height=700)
    try:
        html = frame._repr_html_()
        assert 'height="700"' in html and 'title="Looking into traces"' in html
        address = re.findall('src="([^"]*)"', html)[0]
        with urlopen(address, timeout=30) as answer:
            assert answer.status == 200
    finally:
        frame.served.stop()
    with pytest.raises(OSError):
        urlopen(address, timeout=5)


def test_what_does_not_belong_together_is_refused() -> None:
    with refused(TypeError, "trace must be a Trace or the file of one, not 7"):
        sg.inspect(7, tables=TABLES, x=X)
    with refused(ValueError, "names must be 1, one a trace, not 2"):
        sg.inspect(GOLDEN, tables=TABLES, x=X, names=["a", "b"])
    with refused(ValueError, "x must be 3 samples, as the trace has, not 2"):
        sg.inspect(GOLDEN, tables=TABLES, x=X[:, :2])
    held = replace(GOLDEN, input=X)
    with refused(
        ValueError, "x must be left out, or be the input that the trace holds, not another"
    ):
        sg.inspect(held, tables=TABLES, x=1 - X)
    with refused(ValueError, "traces must be of the same input, but they hold different ones"):
        sg.inspect(held, replace(other(), input=1 - X), tables=TABLES)
    with refused(
        ValueError,
        "trace golden must have potentials of layer conv1 of shape (4, 3, 4, 8, 8), not none",
    ):
        sg.inspect(sg.simulate(TABLES, X, potentials=False), tables=TABLES, x=X)
    fewer = sg.simulate(TABLES, X[:, :2])
    with refused(
        ValueError,
        "traces must have spikes of layer conv1 of the same shape, not (4, 3, 4, 8, 8) and "
        "(4, 2, 4, 8, 8)",
    ):
        sg.inspect(GOLDEN, fewer, tables=TABLES, x=X)
    with refused(ValueError, "port must be 0…65535, not 70000"):
        sg.inspect(GOLDEN, tables=TABLES, x=X).serve(70000)


def test_random_faults_are_named_from_the_front_door() -> None:
    rng = np.random.default_rng(5)
    found = 0
    for _ in range(12):
        fault = plant(TABLES, rng)
        trace = replace(sg.simulate(fault.tables, X), tables=TABLES.sha256)
        looked = sg.inspect(GOLDEN, trace, tables=TABLES, x=X)
        if looked.chain.cause is None:
            continue
        found += 1
        assert (looked.chain.cause.layer, looked.chain.cause.place[0]) == (
            fault.layer, fault.channel,
        )  # fmt: skip
        assert any(
            (each.number, each.index) == (fault.number, fault.index) and fault.value in each.values
            for each in looked.inspected.suspects
        )
    assert found > 6


def saved(folder: Path, tables: str = TABLES.sha256) -> Path:
    """Write a waveform of two cycles by hand, and its save file."""
    save = folder / "w.gtkw"
    save.write_text(
        f'[*] tables {tables}\n[*] stream none\n[dumpfile] "w.vcd"\n*-6.0 2 -1\n@22\n'
        "bench.somagate.clk\n",
        encoding="utf-8",
    )
    save.with_suffix(".vcd").write_text(
        "$scope module bench $end\n$scope module somagate $end\n$var wire 1 ! clk $end\n"
        "$enddefinitions $end\n#0\n0!\n#5\n1!\n#10\n0!\n#15\n1!\n",
        encoding="utf-8",
    )
    return save


def test_a_waveform_is_of_the_run_that_is_looked_into(tmp_path: Path) -> None:
    found = sg.inspect(GOLDEN, tables=TABLES, x=X, waves=saved(tmp_path))
    assert found.inspected.waves is not None and found.inspected.waves.stream == ""
    (clock,) = found.inspected.waves.signals
    assert (clock.times, clock.values) == ((0.0, 0.5, 1.0, 1.5), (0, 1, 0, 1))
    others = saved(tmp_path, "0" * 64)
    told = f"waves must be of the tables {TABLES.sha256[:12]}, not of {'0' * 12}"
    with refused(ValueError, told):
        sg.inspect(GOLDEN, tables=TABLES, x=X, waves=others)
    with refused(ValueError, "waves must be left out, as the traces are equal"):
        sg.inspect(GOLDEN, GOLDEN, tables=TABLES, x=X, waves=saved(tmp_path))
    with refused(
        FileNotFoundError, f"waves must be the save file that verify wrote, not {tmp_path}"
    ):
        sg.inspect(GOLDEN, tables=TABLES, x=X, waves=tmp_path)
    with refused(TypeError, "waves must be the save file that verify wrote, not 3"):
        sg.inspect(GOLDEN, tables=TABLES, x=X, waves=3)
