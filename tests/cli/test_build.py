import json
from pathlib import Path

import pytest
from somagate import generating
from somagate.boards import build as builder
from somagate.boards.registry import BOARDS
from somagate.hw.plan import plan_file


def test_build_makes_a_bitstream(somagate, tables_path: Path) -> None:
    result = somagate.json("build", tables_path, "--lanes", 2, "--update-lanes", 1)
    folder = tables_path.with_name("icebreaker")
    assert Path(result["bitstream"]).parent == folder
    assert Path(result["bitstream"]).stat().st_size > 50_000
    assert result["timing"] == "pass"
    assert result["fmax_hz"] >= result["clock_hz"]
    assert 0 < result["utilization"]["logic_cells"]["used"] < 5280
    report = json.loads(Path(result["report"]).read_text())
    assert report["tables_sha256"] == result["tables_sha256"]
    kinds = {
        memory["name"].removesuffix(".memory"): memory["kind"] for memory in report["memories"]
    }
    stage = "top.core.accelerator.stage"
    assert {kinds[f"{stage}.maps.memory"], kinds[f"{stage}.bank.weights.weights_4"]} == {
        "block_rams"
    }
    assert "flip_flops" not in kinds.values()
    assert plan_file.built(folder).tables.sha256 == result["tables_sha256"]
    assert somagate.error("build", tables_path) == (
        f"{folder} exists already: name another with --out, or give --force"
    )


def test_build_fails_where_the_clock_is_too_fast(
    somagate, tables_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Report:
        bitstream = "top.bin"
        fmax_hz, clock_hz, passed = 20_000_000, 24_000_000, False
        utilization: dict[str, object] = {}

        def to_dict(self):
            return {"timing": "fail", "clock_hz": self.clock_hz, "utilization": {}}

    asked = []

    def build(accelerator, board, folder, parameters, progress):
        progress("done", 4, 4)
        asked.append((board.name, parameters))
        return Report()

    monkeypatch.setattr(generating, "build_for", build)
    monkeypatch.setattr(generating, "accelerator_for", lambda plan, extras: plan)
    options = ("--clock", 30, "--baud", 9600, "--seed", 5, "--seeds", 2)
    result = somagate("build", tables_path, *options)
    assert result.exit_code == 1
    assert (
        "The clock of 24.00 MHz FAILS: try more --seeds, or lower it with --clock; "
        "the slowest path allows 20.00 MHz\n" in result.stdout
    )
    board, parameters = asked[0]
    assert board == "icebreaker"
    assert parameters == builder.BuildParameters(clock_hz=30_000_000, baud=9600, seed=5, seeds=2)


def test_build_names_the_boards(somagate, tables_path: Path) -> None:
    assert somagate.error("build", tables_path, "--board", "ulx3s") == (
        f"board must be one of {', '.join(sorted(BOARDS))}, not 'ulx3s'; did you mean 'ulx3s-85f'?"
    )
    assert not tables_path.with_name("ulx3s").exists()


def test_build_replaces_only_its_own_folders(somagate, tables_path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "precious"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear")
    assert somagate.error("build", tables_path, "--out", folder, "--force") == (
        f"{folder} must be a folder of ours to be replaced, but has no top.il"
    )


def test_demo_walks_the_whole_path(somagate, tmp_path: Path) -> None:
    out = tmp_path / "demo"
    arguments = (
        "--recipe",
        "digits-dense",
        "--epochs",
        1,
        "--samples",
        5,
        "--out",
        out,
        "--lanes",
        2,
        "--update-lanes",
        1,
    )
    result = somagate("demo", *arguments)
    assert result.exit_code == 0, result.output
    numbered = [line for line in result.stderr.splitlines() if line.startswith("[")]
    assert [line.split("]")[0] + "]" for line in numbered] == [f"[{n}/10]" for n in range(1, 11)]
    told = json.loads((out / "summary.json").read_text())
    assert told["equal"] is told["board_equal"] is True
    assert told["accuracy_quantized"] == told["accuracy_integers"]
    assert list(told["seconds"]) == [
        *("train float", "train", "export", "check", "simulate", "generate", "verify", "run"),
        *("build", "report"),
    ]
    for path in told["files"].values():
        assert Path(path).is_file()
        assert path in result.stdout.replace("\n", "")
    assert somagate.error("demo", *arguments) == (
        f"{out} exists already: name another with --out, or give --force"
    )


def test_demo_can_be_taken_up_after_it_was_interrupted(
    somagate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments, **settings):
        (tmp_path / "demo" / "float").mkdir(parents=True)
        raise OSError(28, "No space left on device", "demo")

    monkeypatch.setattr("somagate.train", interrupted)
    arguments = ("demo", "--out", tmp_path / "demo", "--force")
    assert somagate(*arguments).stderr.endswith("error: demo: No space left on device\n")
    monkeypatch.setattr("somagate.train", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        raise somagate(*arguments).exception


def test_demo_trains_on_bundled_data_only(somagate, tmp_path: Path) -> None:
    assert somagate.error("demo", "--recipe", "mnist", "--out", tmp_path / "demo") == (
        "recipe must be one of digits, digits-dense, not 'mnist'"
    )
