"""The bench compiled together with the Verilated model: whole test sets, at full speed.

Verilator's model and `native.cpp` become one shared library, whose only function plays a scenario
and fills arrays with what it saw. Python is not in the loop, and other threads run meanwhile.
"""

import ctypes
import os
import subprocess
from pathlib import Path

import numpy as np

from ...toolchain import tools
from .cache import CompileError, cached, digest, last_lines, runtime, verilator_environment
from .ports import Ports, top
from .scenario import Record, Scenario

_HARNESS = Path(__file__).with_name("native.cpp")
_ARGUMENTS = [
    *("-Wno-fatal", "-Wno-WIDTHEXPAND", "-O3", "--x-assign", "fast", "--x-initial", "fast"),
    *("--output-split", "0"),  # every file would parse all headers again
]
_COMPILER = "-fPIC -std=c++17"
_LIBRARY = "libdut.so"
_HEADER = "verilated.h"
_HEADER_RULE = f"""
include Vdut.mk
{_HEADER}.gch:
\t$(CXX) $(OPT_FAST) $(CXXFLAGS) $(CPPFLAGS) -x c++-header -o $@ $(VERILATOR_ROOT)/include/{_HEADER}
"""
"""A makefile that compiles what all models include, once, with the flags that these have."""

optimize = "-O2"
"""How the compiler optimizes. With -O1 it takes half the time for a model an eighth slower."""

WRAPPER = "bench"
"""Name of the module around the device."""


def build(verilog: str, ports: Ports, folder: Path, *, traced: bool = False) -> Path:
    """Compile a Verilog text with the bench, and return the library.

    Parameters
    ----------
    verilog, ports
        The text, and the streams it has.
    folder
        Where models are kept.
    traced
        Whether the library can write waveforms, which makes it slower.

    Raises
    ------
    ToolError
        Where a tool is missing.
    CompileError
        Where Verilator or the compiler refuses the Verilog.
    """
    header = "".join(
        f"#define {kind}(X) {' '.join(f'X({name})' for name in names)}\n"
        for kind, names in (("SENT", ports.sent), ("RECEIVED", ports.received))
    )
    texts = {
        "dut.v": verilog,
        "bench.v": _wrapper(top(verilog), ports),
        "streams.h": header,
        _HARNESS.name: _HARNESS.read_text(encoding="utf-8"),
    }
    return compiled(texts, WRAPPER, folder, traced=traced)


def compiled(texts: dict[str, str], top_module: str, folder: Path, *, traced: bool = False) -> Path:
    """Compile Verilog and C++ into a library around the model `Vdut`, and return it.

    Parameters
    ----------
    texts
        Files by name; those that end in .v and .cpp are compiled.
    top_module
        Of the Verilog.
    folder
        Where models are kept.
    traced
        Whether the library can write waveforms.

    Raises
    ------
    ToolError
        Where a tool is missing.
    CompileError
        Where Verilator or the compiler refuses the text.
    """
    found = [tools.require(name) for name in ("verilator", "g++", "make", "perl")]
    versions = [f"{tool.name} {tool.version}" for tool in found]
    arguments = [*_ARGUMENTS, *(["--trace"] if traced else [])]
    options = digest(*versions, *arguments, _COMPILER, _HEADER_RULE, optimize)
    key = digest(top_module, *(part for text in texts.items() for part in text), options)
    sources = [name for name in texts if name.endswith((".v", ".cpp"))]

    def compile_into(target: Path) -> None:
        for name, text in texts.items():
            (target / name).write_text(text, encoding="utf-8")
        (target / "header.mk").write_text(_HEADER_RULE, encoding="utf-8")
        commands = [
            [*found[0].command, "--cc", "--exe", *arguments, "--prefix", "Vdut", "--top-module",
             top_module, "--Mdir", ".", "-CFLAGS", _COMPILER, "-LDFLAGS", "-shared",
             "-o", _LIBRARY, *sources],
            ["make", "-f", "header.mk", f"OPT_FAST={optimize}", f"{_HEADER}.gch"],
            ["make", "-j", str(os.cpu_count() or 1), "-f", "Vdut.mk",
             f"OPT_FAST={optimize} -include {_HEADER}"],
        ]  # fmt: skip
        with runtime(folder, options, target):
            for command in commands:
                _execute(command, target)

    return cached(folder, f"native-{key}", compile_into, [_LIBRARY]) / _LIBRARY


def run(
    library: Path,
    ports: Ports,
    scenario: Scenario,
    *,
    trace: Path | None = None,
    window: tuple[int, int] = (0, 2**63),
    counts: Path | None = None,
) -> Record:
    """Play a scenario with a library that `build` made; threads may do so at the same time.

    Parameters
    ----------
    library
        From `build`.
    ports
        Of the design.
    scenario
        What to do.
    trace
        A VCD file to write; the library must have been built with `traced`.
    window
        The first cycle in that file, and the one before which the run ends.
    counts
        A file that counters in the Verilog append to; see `toggles`.
    """
    go = {name: np.frombuffer(scenario.pattern(name), np.uint8) for name in ports.widths}
    payloads = {name: np.ascontiguousarray(scenario.words[name]) for name in ports.sent}
    payloads |= {
        name: np.empty((scenario.room(name), ports.limbs(name)), np.uint32)
        for name in ports.received
    }
    times = {name: np.empty(len(array), np.uint64) for name, array in payloads.items()}
    streams = {
        name: _Stream(
            payloads=payloads[name].ctypes.data,
            cycles=times[name].ctypes.data,
            go=go[name].ctypes.data if go[name].size else None,
            period=go[name].size,
            limbs=ports.limbs(name),
            room=len(payloads[name]),
            due=scenario.due.get(name, 0),
        )
        for name in ports.widths
    }
    sides = [
        (_Stream * len(names))(*(streams[name] for name in names))
        for names in (ports.sent, ports.received)
    ]
    job = _Job(
        sent=ctypes.addressof(sides[0]),
        received=ctypes.addressof(sides[1]),
        deadline=scenario.deadline,
        trace=None if trace is None else os.fsencode(trace),
        first=window[0],
        end=window[1],
        plusarg=None if counts is None else b"+counts=" + os.fsencode(counts),
    )
    ctypes.CDLL(str(library)).somagate_run(ctypes.byref(job))
    count = {
        name: stream.count
        for names, side in zip((ports.sent, ports.received), sides, strict=True)
        for name, stream in zip(names, side, strict=True)
    }
    return Record(
        times={name: times[name][: count[name]].view(np.int64) for name in ports.widths},
        payloads={name: payloads[name][: count[name]] for name in ports.received},
        cycles=job.cycles,
        late=bool(job.late),
    )


def _wrapper(device: str, ports: Ports) -> str:
    """Return a module with the device's ports and a register before each input but the clock."""
    inputs = {"rst": 1} | {f"{name}__valid": 1 for name in ports.sent}
    inputs |= {f"{name}__payload": ports.widths[name] for name in ports.sent}
    inputs |= {f"{name}__ready": 1 for name in ports.received}
    outputs = {f"{name}__ready": 1 for name in ports.sent}
    outputs |= {f"{name}__payload": ports.widths[name] for name in ports.received}
    outputs |= {f"{name}__valid": 1 for name in ports.received}
    lines = [
        f"module {WRAPPER}({', '.join(['clk', *inputs, *outputs])});",
        "input clk;",
        *(f"input [{width - 1}:0] {name}; reg [{width - 1}:0] r_{name};"
          for name, width in inputs.items()),
        *(f"output [{width - 1}:0] {name};" for name, width in outputs.items()),
        "always @(posedge clk) begin",
        *(f"r_{name} <= {name};" for name in inputs),
        "end",
        f"{device} {device}(.clk(clk),",
        ",\n".join([f".{name}(r_{name})" for name in inputs]
                   + [f".{name}({name})" for name in outputs]),
        "); endmodule",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _execute(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, env=verilator_environment(folder), check=False, encoding="utf-8",
        errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if done.returncode:
        name, words = Path(command[0]).name, last_lines(done.stdout)
        raise CompileError(f"{name} can't compile the Verilog:\n{words}")


class _Stream(ctypes.Structure):
    """`Stream` of `native.cpp`."""

    _fields_ = [
        ("payloads", ctypes.c_void_p), ("cycles", ctypes.c_void_p), ("go", ctypes.c_void_p),
        ("period", ctypes.c_uint64), ("limbs", ctypes.c_uint64), ("room", ctypes.c_uint64),
        ("due", ctypes.c_uint64), ("count", ctypes.c_uint64),
    ]  # fmt: skip


class _Job(ctypes.Structure):
    """`Job` of `native.cpp`."""

    _fields_ = [
        ("sent", ctypes.c_void_p), ("received", ctypes.c_void_p),
        ("deadline", ctypes.c_uint64), ("trace", ctypes.c_char_p),
        ("first", ctypes.c_uint64), ("end", ctypes.c_uint64),
        ("plusarg", ctypes.c_char_p),
        ("cycles", ctypes.c_uint64), ("late", ctypes.c_uint64),
    ]  # fmt: skip
