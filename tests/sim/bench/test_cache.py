import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from refusal import refused
from somagate.hw.plan.plan import Plan
from somagate.sim.bench import cache as cache_module
from somagate.sim.bench import cocotb_engine, native_engine
from somagate.sim.bench.cache import (
    CompileError,
    cached,
    default_folder,
    digest,
    last_lines,
    makeable,
    place_for_make,
    runtime,
    verilator_environment,
)
from somagate.sim.bench.engines import scenario
from somagate.sim.bench.ports import Ports

BROKEN = "module broken (clk);\n  input clk;\n  assign nothing = ;\nendmodule\n"


def test_a_model_is_built_once(tmp_path: Path) -> None:
    built = []

    def build(target: Path) -> None:
        built.append(target)
        (target / "model").write_text("x")
        (target / "rest").write_text("y")

    for _ in range(2):
        model = cached(tmp_path / "models", "key", build, ["model"])
        assert model == tmp_path / "models/key"
        assert [path.name for path in model.iterdir()] == ["model"]
    assert len(built) == 1
    assert list((tmp_path / "models").iterdir()) == [model]


def test_the_quicker_of_two_builds_stays(tmp_path: Path) -> None:
    def build(target: Path) -> None:
        (target / "model").write_text("slow")
        cached(tmp_path, "key", lambda other: quick(other), ["model"])

    def quick(target: Path) -> None:
        (target / "model").write_text("quick")

    assert (cached(tmp_path, "key", build, ["model"]) / "model").read_text() == "quick"
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_make_never_sees_a_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spaced, plain = tmp_path / "my models", tmp_path / "plain"
    plain.mkdir()
    assert place_for_make(plain) == plain
    seen = []

    def build(target: Path) -> None:
        seen.append(target)
        (target / "model").write_text("x")

    assert (cached(spaced, "key", build, ["model"]) / "model").read_text() == "x"
    assert makeable(seen[0]) and not seen[0].exists()
    assert [path.name for path in spaced.iterdir()] == ["key"]
    monkeypatch.setattr(cache_module.tempfile, "gettempdir", lambda: str(spaced))
    monkeypatch.setattr(cache_module, "_PLACES", (plain,))
    assert place_for_make(spaced) == plain
    monkeypatch.setattr(cache_module, "_PLACES", ())
    with refused(
        CompileError,
        "make must have a folder to build in that can be written and whose path has no space or "
        f"special character, but there is none of {spaced}; name one in TMPDIR",
    ):
        place_for_make(spaced)


def test_a_verilator_in_a_path_with_a_space_is_known_by_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, building = tmp_path / "a b/verilator", tmp_path / "building"
    for folder in (root, building):
        folder.mkdir(parents=True)
    environment = {"VERILATOR_ROOT": str(root), "PATH": "/bin"}
    monkeypatch.setattr(cache_module.tools, "environment", lambda: dict(environment))
    for _ in range(2):  # for Verilator, and for make
        given = verilator_environment(building)
        link = Path(given["VERILATOR_ROOT"])
        assert makeable(link) and link.resolve() == root
        assert given["PATH"] == f"{link}/bin:/bin"
    environment["VERILATOR_ROOT"] = "/plain"
    assert verilator_environment(building)["VERILATOR_ROOT"] == "/plain"


@pytest.mark.parametrize("engine", ["cocotb-verilator"], indirect=True)
def test_cocotb_in_a_path_with_a_space_is_refused(
    engine: str, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cocotb_tools.config.libs_dir", Path("/my tools/cocotb/libs"))
    with refused(
        CompileError,
        "cocotb's libraries must lie in a path without spaces or special characters for "
        "Verilator's make, but lie in /my tools/cocotb/libs: use --engine native, or install "
        "Python's packages elsewhere",
    ):
        cocotb_engine.build(
            "module somagate (clk);\nendmodule\n", Ports.of(plan), "verilator", tmp_path
        )


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    def build(target: Path) -> None:
        raise CompileError("no")

    with refused(CompileError, "no"):
        cached(tmp_path, "key", build, [])
    assert list(tmp_path.iterdir()) == []


def test_verilators_library_is_kept_for_the_next_build(tmp_path: Path) -> None:
    for name in ("first", "second"):
        building = tmp_path / name
        building.mkdir()
        with runtime(tmp_path / "models", "key", building):
            lent = building / "verilated.o"
            if name == "second":
                assert lent.read_text() == "first"
                assert lent.stat().st_mtime > time.time() + 3600
            lent.write_text(name)
            (building / "Vdut.o").write_text(name)
    kept = tmp_path / "models/runtime-key"
    assert [(path.name, path.read_text()) for path in kept.iterdir()] == [("verilated.o", "first")]


def test_a_digest_tells_its_parts_apart() -> None:
    assert digest("a", b"b") == digest("a", "b")
    assert len({digest("ab"), digest("a", "b"), digest("", "ab"), digest("b", "a")}) == 4


def test_models_are_kept_in_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOMAGATE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert default_folder() == Path("/somewhere/somagate")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_folder() == Path.home() / ".cache/somagate"
    monkeypatch.setenv("SOMAGATE_CACHE", "/elsewhere/my models")
    assert default_folder() == Path("/elsewhere/my models")


def test_last_lines_are_the_end_of_a_text() -> None:
    assert last_lines("\n".join(map(str, range(20))) + "\n", 3) == "17\n18\n19"


@pytest.mark.parametrize(
    ("engine", "build", "start"),
    [
        ("native", native_engine.build, "verilator can't compile the Verilog:\n"),
        ("cocotb-verilator",
         lambda text, ports, folder: cocotb_engine.build(text, ports, "verilator", folder),
         "verilator can't compile the Verilog:\n"),
        ("cocotb-icarus",
         lambda text, ports, folder: cocotb_engine.build(text, ports, "icarus", folder),
         "icarus can't compile the Verilog:\n"),
    ],
    ids=["native", "cocotb-verilator", "cocotb-icarus"],
    indirect=["engine"],
)  # fmt: skip
def test_verilog_that_is_none_is_refused_with_the_tools_words(
    engine: str,
    build: Callable[[str, Ports, Path], Path],
    start: str,
    plan: Plan,
    tmp_path: Path,
) -> None:
    with pytest.raises(CompileError) as error:
        build(BROKEN, Ports.of(plan), tmp_path)
    assert str(error.value).startswith(start)
    assert "syntax error" in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("engine", ["cocotb-verilator"], indirect=True)
def test_a_simulator_that_ends_early_is_told_with_its_last_words(
    engine: str, plan: Plan, x: np.ndarray, tmp_path: Path
) -> None:
    model = tmp_path / "somagate"
    model.write_text("#!/bin/sh\necho the licence is over\n")
    model.chmod(0o755)
    ports = Ports.of(plan)
    what = scenario(plan, ports, x, go={}, deadline=9)
    with refused(CompileError, "verilator ended without a result:\nthe licence is over"):
        cocotb_engine.run(tmp_path, "module somagate (clk);", "verilator", ports, what)
