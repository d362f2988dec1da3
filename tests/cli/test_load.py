"""`somagate load` and `somagate run`, with a virtual board on a port."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import somagate as sg
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
        f"{tmp_path}/manifest.json must be of version 2, not None: generate it anew"
    )
