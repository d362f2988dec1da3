"""What is installed: exactly our packages, under the one name `somagate`."""

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SETUPTOOLS = PROJECT["tool"]["setuptools"]
FOLDERS = sorted(SETUPTOOLS["package-dir"].values())
OTHERS = ["tests", "docs", "examples", "benchmarks"]

FIND_LEAKS = f"""
import importlib.metadata, importlib.util
assert importlib.util.find_spec("somagate.cli.main"), "somagate.cli.main is not there"
# Others leak too, and that isn't ours to tell: norse's wheel has its `docs` at the top.
theirs = importlib.metadata.packages_distributions()
leaked = [
    n for n in {[*FOLDERS, *OTHERS]}
    if importlib.util.find_spec(n) and not set(theirs.get(n, [])) - {{"somagate"}}
]
assert not leaked, leaked
"""


def packages_on_disk() -> list[str]:
    found = (path.parent.relative_to(ROOT) for path in ROOT.glob("*/**/__init__.py"))
    ours = (p for p in found if not p.parts[0].startswith(".") and p.parts[0] not in OTHERS)
    return sorted(package_of(p) for p in ours if "build" not in p.parts)


def package_of(folder: Path) -> str:
    """Return the package that a folder is installed as: api/ is `somagate` itself."""
    return ".".join(["somagate", *(() if folder.parts[0] == "api" else folder.parts)])


def test_packages_list_equals_the_folders() -> None:
    assert SETUPTOOLS["packages"] == packages_on_disk()


def test_package_dir_maps_each_folder_to_its_own_name() -> None:
    wanted = {package_of(Path(folder)): folder for folder in FOLDERS}
    assert SETUPTOOLS["package-dir"] == wanted


def test_the_package_says_that_it_is_typed() -> None:
    assert (ROOT / "api" / "py.typed").exists()
    assert SETUPTOOLS["package-data"]["somagate"] == ["py.typed"]


def test_every_dependency_has_an_exact_version_in_the_constraints() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(pin.count("==") == 1 and "+" not in pin for pin in pins)
    pinned = {normalized(pin.split("==")[0]) for pin in pins}
    extras = PROJECT["project"]["optional-dependencies"].values()
    wanted = PROJECT["project"]["dependencies"] + [r for extra in extras for r in extra]
    assert {normalized(r.split(">=")[0].split("[")[0]) for r in wanted} <= pinned


def normalized(name: str) -> str:
    return name.strip().lower().replace("_", "-")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the build needs of the repository, where it may write."""
    copy = tmp_path_factory.mktemp("copy")
    for name in ["pyproject.toml", "README.md", "LICENSE"]:
        shutil.copy(ROOT / name, copy)
    for name in FOLDERS + [other for other in OTHERS if (ROOT / other).exists()]:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def built(copy: Path, out: Path, kind: str) -> list[str]:
    """Build `kind` as pip would, unpack it into `out`, and return the names of its files."""
    code = f"from setuptools import build_meta as b; b.build_{kind}({str(out)!r})"
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=copy, capture_output=True, text=True, timeout=300
    )
    assert process.returncode == 0, process.stderr
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(out)
        return file.namelist()


def run_elsewhere(code: str, folder: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=300
    )
    assert process.returncode == 0, process.stderr


def test_a_wheel_holds_nothing_but_somagate(copy: Path, tmp_path: Path) -> None:
    names = built(copy, tmp_path, "wheel")
    assert {name.split("/")[0] for name in names} == {"somagate", "somagate-0.1.0.dist-info"}
    folders = {name.rsplit("/", 1)[0].replace("/", ".") for name in names if name.endswith(".py")}
    assert folders == set(SETUPTOOLS["packages"])
    files = {p.relative_to(copy) for f in FOLDERS for p in (copy / f).rglob("*") if p.is_file()}
    wanted = {f"somagate/{file.as_posix().removeprefix('api/')}" for file in files}
    assert wanted == {name for name in names if name.startswith("somagate/")}
    assert "somagate-0.1.0.dist-info/licenses/LICENSE" in names


def test_a_wheel_leaks_no_top_level_name(copy: Path, tmp_path: Path) -> None:
    built(copy, tmp_path, "wheel")
    site = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
    run_elsewhere(site + FIND_LEAKS, tmp_path / "somagate-0.1.0.dist-info")


def test_an_editable_install_leaks_no_top_level_name(copy: Path, tmp_path: Path) -> None:
    names = built(copy, tmp_path, "editable")
    tops = {name.split("/")[0] for name in names}
    assert all(top.startswith(("__editable__", "somagate-0.1.0")) for top in tops), tops
    site = f"import site; site.addsitedir({str(tmp_path)!r})\n"
    run_elsewhere(site + FIND_LEAKS, tmp_path / "somagate-0.1.0.dist-info")


def test_this_environment_has_no_leaked_top_level_name(tmp_path: Path) -> None:
    run_elsewhere(FIND_LEAKS, tmp_path)
