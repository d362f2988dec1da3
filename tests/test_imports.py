"""Who may import whom: see the table of CONTRIBUTING.md.

The specification can't read the implementation, nor the reverse, and hardware users need no torch.
"""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ["boards", "cli", "export", "hw", "model", "sim"]
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))

MAY_IMPORT = {
    "model": set(),
    "export": set(),
    "sim": {"export", "hw"},
    "hw": {"export"},
    "boards": {"export", "hw"},
    "cli": {"boards", "export", "hw", "model", "sim"},
}
IMPORTERS = {"export/checkpoint.py"}
"""The modules of export/ that read somebody else's file, with torch and our own `model`."""
TORCH_FREE_MODEL = {
    "model/__init__.py", "model/encode.py", "model/events.py",
    *(path.relative_to(ROOT).as_posix() for path in ROOT.glob("model/data/*.py")),
}  # fmt: skip


def imported(path: Path) -> Iterator[str]:
    """Yield the full name of everything a module imports, at any depth of its code."""
    package = ["somagate", *path.relative_to(ROOT).parent.parts]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base += node.module.split(".") if node.module else []
            yield from (".".join([*base, alias.name]) for alias in node.names)


def ours(path: Path) -> set[str]:
    """Return the folders of ours, besides its own, that a module imports."""
    folders = {name.split(".")[1] for name in imported(path) if name.startswith("somagate.")}
    return folders - {path.relative_to(ROOT).parts[0]}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_its_folder_may(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    allowed = MAY_IMPORT[name.split("/")[0]]
    if name in IMPORTERS:
        allowed = allowed | {"model"}
    assert ours(path) <= allowed


def test_the_golden_simulator_reads_the_tables_only() -> None:
    assert ours(ROOT / "sim/golden.py") <= {"export"}
    inside = {name for name in imported(ROOT / "sim/golden.py") if name.startswith("somagate.sim.")}
    for name in inside:
        module = ROOT.joinpath("sim", name.split(".")[2]).with_suffix(".py")
        assert ours(module) <= {"export"}, name


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_torch_is_imported_by_models_and_importers_only(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    if "torch" in {module.split(".")[0] for module in imported(path)}:
        trains = name.startswith("model/") and name not in TORCH_FREE_MODEL
        assert trains or name in {*IMPORTERS, "cli/train.py", "cli/export.py"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_inside_the_package_are_relative(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            assert not (node.module or "").startswith("somagate"), f"line {node.lineno}"


IMPORT_ALL = """
import importlib, pkgutil, sys
for name in ["torch", "sklearn", "PIL"]:
    sys.modules[name] = None
for folder in ["hw", "sim", "boards", "cli"]:
    package = importlib.import_module("somagate." + folder)
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
for name in ["somagate.model.data", "somagate.model.encode", "somagate.model.events"]:
    importlib.import_module(name)
"""


def test_hardware_users_need_no_torch(tmp_path: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT_ALL],
        cwd=tmp_path, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr


def test_only_gateware_is_exempt_from_type_checks() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    overrides = project["tool"]["mypy"]["overrides"]
    exempt = [m for o in overrides if o.get("ignore_errors") for m in o["module"]]
    assert exempt == sorted(exempt)
    for module in exempt:
        path = ROOT.joinpath(*module.split(".")[1:]).with_suffix(".py")
        assert "amaranth" in {name.split(".")[0] for name in imported(path)}, module
