"""`somagate load` and `somagate run`, with a virtual board on a port."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import somagate as sg
from json_keys import documented
from served import BAUD, BOARD, planned
from somagate.boards.build import BuildParameters
from somagate.host.serving import Served
from somagate.host.virtual_board import VirtualBoard
from somagate.hw.generate import save_manifest
from somagate.hw.plan.identity import shape_sha256
from tiny_tables import tiny


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    save_manifest(planned(tiny(), loadable=True), folder)
    return folder


@pytest.fixture(scope="module")
def port(built: Path) -> Iterator[str]:
    plan = planned(tiny(), loadable=True)
    with Served(VirtualBoard(plan, BOARD, BuildParameters(baud=BAUD))) as served:
        yield served.port


def test_load_sends_tables_to_a_board_and_run_runs_them(
    somagate, built: Path, port: str, tmp_path: Path
) -> None:
    other = tiny(1)
    other.save(tmp_path / "other.safetensors")
    where = ("--port", port, "--baud", BAUD, "--generated", built)
    result = somagate.json("load", tmp_path / "other.safetensors", *where)
    assert result == {
        "tables": other.sha256,
        "accelerator": tiny().sha256,
        "shape": shape_sha256(planned(tiny(), loadable=True)),
        "port": port,
    }
    told = somagate("load", tmp_path / "other.safetensors", *where)
    assert told.stdout == f"The board on {port} runs tables {other.sha256[:12]}\n"
    ran = somagate.json("run", tmp_path / "other.safetensors", *where, "--samples", 40)
    data = sg.samples(other, "digits", 40)
    trace = sg.simulate(other, data)
    correct = int((trace.prediction == data.labels).sum())
    assert {key: ran[key] for key in ("tables", "data", "samples", "correct", "accuracy")} == {
        "tables": other.sha256, "data": "digits", "samples": 40, "correct": correct,
        "accuracy": correct / 40,
    }  # fmt: skip
    assert ran["per_second"] > 0 and ran["latency_ms"] > 0 and ran["damaged"] == 0
    text = somagate("run", tmp_path / "other.safetensors", *where, "--samples", 40).stdout
    assert text.startswith(f"{correct} of 40 right (")
    # In Python: the same samples, and the same answers as golden's.
    with sg.Device(port, built, baud=BAUD, tables=other) as device:
        answers = device.predict(data)
        assert device.identify().tables == other.sha256
    assert np.array_equal(answers.output, trace.output)


def test_run_joins_the_log_of_a_power_meter(
    somagate, built: Path, port: str, tmp_path: Path
) -> None:
    other = tiny(1)
    path = tmp_path / "other.safetensors"
    other.save(path)
    where = ("--port", port, "--baud", BAUD, "--generated", built)
    assert somagate.json("load", path, *where)["tables"] == other.sha256
    now, meter = time.time(), tmp_path / "meter.csv"
    rows = [f"{now + 0.01 * i},{5 if i < 0 else 8},0.25\n" for i in range(-1000, 30_000)]
    meter.write_text("".join(["time,volts,amps\n", *rows]), encoding="utf-8")
    call = ("run", path, *where, "--samples", 40)
    ran = somagate.json(*call, "--meter", meter)
    assert set(ran) == documented("run")
    assert now < ran["started"] < ran["ended"] < time.time()
    power, seconds = ran["power"], ran["ended"] - ran["started"]
    assert power["meter"] == str(meter) and power["readings"] >= 100 * seconds - 1
    assert power["watts"] == pytest.approx(2, abs=0.02)
    assert power["joules_per_sample"] == pytest.approx(power["watts"] * seconds / 40)
    assert 1.25 < power["idle_watts"] < 2
    assert power["joules_per_sample_above_idle"] == pytest.approx(
        power["joules_per_sample"] - power["idle_watts"] * seconds / 40
    )
    assert "J of it above the " in somagate(*call, "--meter", meter).stdout
    assert somagate.json(*call)["power"] is None
    missing = tmp_path / "no.csv"
    assert somagate.error(*call, "--meter", missing) == (
        f"{missing} must be a .csv file, but does not exist; there is {meter}"
    )
    # In Python: a log that ends before the run does.
    meter.write_text("".join(["time,power\n", f"{now - 2},1\n", f"{now},1\n"]), encoding="utf-8")
    with sg.Device(port, built, baud=BAUD, tables=other) as device:
        run = device.measure(sg.samples(other, "digits", 3))
    with pytest.raises(ValueError, match=r"meter\.csv must cover the run from "):
        run.metered(meter, wait=0)


def test_run_refuses_a_board_of_other_tables_and_no_board(
    somagate, built: Path, port: str, tmp_path: Path
) -> None:
    third = tiny(2)
    third.save(tmp_path / "third.safetensors")
    where = ("--port", port, "--baud", BAUD)
    message = somagate.error("run", tmp_path / "third.safetensors", *where, "--generated", built)
    assert message.startswith(f"the board must run tables {third.sha256[:12]}, not ")
    message = somagate.error("run", tmp_path / "third.safetensors", *where, "--lanes", 8)
    assert message.startswith("the board's shape must be ")
    message = somagate.error(
        "run", tmp_path / "third.safetensors", *where, "--generated", built, "--lanes", 8
    )
    assert message == "--lanes must be left out beside --generated"
    message = somagate.error("run", tmp_path / "third.safetensors", "--port", "/dev/none")
    assert message == (
        "/dev/none: must be a serial port that no other program has open; `somagate ports` lists "
        "them"
    )


def test_load_refuses_folders_that_are_not_ours(somagate, built: Path, tmp_path: Path) -> None:
    call = ("load", built / "tables.safetensors", "--port", "/dev/none")
    assert somagate.error(*call, "--generated", tmp_path) == (
        f"{tmp_path} must be a folder that `somagate generate` wrote, but has no manifest.json"
    )
    (tmp_path / "manifest.json").write_text(json.dumps({}))
    assert somagate.error(*call, "--generated", tmp_path) == (
        f"{tmp_path}/manifest.json must be of version 3, not None: generate it anew"
    )
