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
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LEAVES = {"checks", "shown", "toolchain", "workers"}
MAY_IMPORT = {
    "checks": set(),
    "shown": set(),
    "toolchain": set(),
    "workers": set(),
    "data": LEAVES,
    "model": LEAVES | {"data"},
    "export": LEAVES | {"data"},
    "hw/plan": LEAVES | {"export"},
    "hw/rtl": LEAVES | {"hw/plan"},
    "hw/cost": LEAVES | {"export", "hw/plan", "hw/rtl"},
    "hw/search": LEAVES | {"export", "hw/plan", "hw/cost"},
    "hw": LEAVES | {"export", "hw/plan", "hw/rtl", "hw/cost", "hw/search"},
    "sim/golden": LEAVES | {"export"},
    "sim/causes": LEAVES | {"export", "sim/golden"},
    "sim/cycles": LEAVES | {"export", "hw/plan", "hw/rtl", "sim/golden"},
    "sim/bench": LEAVES | {"export", "hw", "hw/plan", "hw/rtl", "sim/golden"},
    "sim/verify": LEAVES
    | {"export", "hw", "hw/plan", "hw/rtl", "sim/golden", "sim/cycles", "sim/bench"},
    "sim": set(),
    "boards": LEAVES | {"export", "hw", "hw/plan", "hw/rtl", "hw/cost"},
    "host": LEAVES
    | {"boards", "data", "export", "hw/plan", "hw/rtl", "sim/bench", "sim/golden", "sim/verify"},
    "imports": LEAVES | {"data", "export", "sim/golden"},
    "imports/modules": LEAVES | {"imports", "model"},
}
"""By wing, which other wings it may import; the longest name that a module's path starts with."""
MAY_IMPORT["view"] = set(MAY_IMPORT)
MAY_IMPORT["api"] = set(MAY_IMPORT)
MAY_IMPORT["cli"] = set(MAY_IMPORT)
READS_MODELS = {"export/checkpoint.py", "export/torch_net.py"}
"""The modules of export/ that may import model/."""
IMPORTERS = {
    *READS_MODELS,
    *(path.relative_to(ROOT).as_posix() for path in (ROOT / "imports/modules").glob("*.py")),
}
"""The modules that read checkpoints and other frameworks' networks, with torch."""
MOST_MODULES = 25
"""Of a folder; recipes aside."""
FOLDERS = sorted(PROJECT["tool"]["setuptools"]["package-dir"].values())
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
NAMES = {path.relative_to(ROOT).with_suffix("").as_posix() for path in MODULES}


def imported(path: Path) -> Iterator[str]:
    """Yield the full name of everything a module imports, at any depth of its code."""
    parts = path.relative_to(ROOT).parent.parts
    package = ["somagate", *(() if parts == ("api",) else parts)]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base += node.module.split(".") if node.module else []
            yield from (".".join([*base, alias.name]) for alias in node.names)


def module_of(name: str) -> str | None:
    """Return the module of ours that an imported name is or lies in, such as 'hw/plan/plan'."""
    if name == "somagate":
        return "api/__init__"
    parts = name.split(".")[1:] if name.startswith("somagate.") else []
    for count in range(len(parts), 0, -1):
        path = "/".join(parts[:count])
        for found in (path, f"{path}/__init__", f"api/{path}"):
            if found in NAMES:
                return found
    return None


def ours(path: Path) -> set[str]:
    """Return the modules of ours that a module imports."""
    return {module for name in imported(path) if (module := module_of(name)) is not None}


def wing_of(module: str) -> str:
    """Return the wing of a module."""
    return max((wing for wing in MAY_IMPORT if module.startswith(f"{wing}/")), key=len)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_its_wing_may(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    wing = wing_of(name)
    allowed = MAY_IMPORT[wing] | {wing} | ({"model"} if name in READS_MODELS else set())
    assert {wing_of(module) for module in ours(path)} <= allowed


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {path.relative_to(ROOT).with_suffix("").as_posix(): ours(path) for path in MODULES}
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " imports ".join([*above[above.index(module) :], module])
        if module in done:
            return
        for other in sorted(graph[module]):
            visit(other, (*above, module))
        done.add(module)

    for module in sorted(graph):
        visit(module, ())


def test_no_folder_holds_more_modules_than_a_reader_can_oversee() -> None:
    for folder in {path.parent for path in MODULES} - {ROOT / "model" / "recipes"}:
        found = [path.name for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(found) <= MOST_MODULES, folder


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_torch_is_imported_by_models_and_importers_only(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    if "torch" in {module.split(".")[0] for module in imported(path)}:
        assert name.startswith("model/") or name in {*IMPORTERS, "api/reading.py"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_inside_the_package_are_relative(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            assert not (node.module or "").startswith("somagate"), f"line {node.lineno}"


def test_hardware_users_need_no_torch(tmp_path: Path) -> None:
    free = [
        "somagate." + name.removeprefix("api/").removesuffix("/__init__").replace("/", ".")
        for name in sorted(NAMES)
        if not name.startswith("model/") and f"{name}.py" not in {*IMPORTERS, "api/__init__.py"}
    ]
    code = f"""
import importlib, sys
for name in ["torch", "sklearn", "PIL"]:
    sys.modules[name] = None
for name in {free}:
    importlib.import_module(name)
"""
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr


def test_only_gateware_is_exempt_from_type_checks() -> None:
    overrides = PROJECT["tool"]["mypy"]["overrides"]
    exempt = [m for o in overrides if o.get("ignore_errors") for m in o["module"]]
    assert exempt == sorted(exempt)
    for module in exempt:
        path = ROOT.joinpath(*module.split(".")[1:]).with_suffix(".py")
        assert "amaranth" in {name.split(".")[0] for name in imported(path)}, module
