"""Toggles of an accelerator's flip-flops, and what its memories' ports do, counted in Verilator.

The Verilog gets counters: in each module one for its flip-flops, which adds up the bits that are
not what they were a cycle before, and one for each port of a memory, which counts the cycles in
which it is enabled. The counters are written to a file when the run is over. So a count is as exact
as the simulation, and as fast but for the adding up. Nets between flip-flops aren't counted, as a
simulation without delays doesn't see them settle; nor is the clock.
"""

import re
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...hw.plan import loading
from ...hw.plan.plan import Plan
from . import native_engine
from .engines import default_deadline, scenario
from .ports import Ports

_NAME = r"\\\S+ |[A-Za-z_][\w$]*"
_MODULE = re.compile(r"^module .*?^endmodule\n", re.MULTILINE | re.DOTALL)
_REGISTER = re.compile(rf"^  always @\(posedge clk\)\n    ({_NAME}) *<= [^\n]*;\n", re.MULTILINE)
_PORT = re.compile(
    r"^  always @\(posedge clk\) begin\n    if \((?P<enable>[^\n]+)\)(?: begin)?\n"
    rf"      (?:(?P<shown>{_NAME}) *<= (?P<read>{_NAME})\[|(?P<written>{_NAME})\[)",
    re.MULTILINE,
)
_NOTHING = re.compile(r"^  always @\(posedge clk\) begin\n  end\n", re.MULTILINE)
_STAGE = re.compile(r"stage(?:_(\d+))?")
_RESET = f"{native_engine.WRAPPER}.r_rst"
"""What the device's reset is connected to."""

_KINDS = ("reads", "writes", "toggles")
"""What is counted of a memory."""

Counted = dict[tuple[str, ...], NDArray[np.int64]]
"""By kind, module instance and what of it: 'registers' and their bits, or 'memory' and its name."""


@dataclass(frozen=True, kw_only=True)
class BlockToggles:
    """What the flip-flops of a block did.

    Attributes
    ----------
    stage
        Its number, or None of what lies beside the stages.
    block
        Its name in the Verilog: 'sequencer', 'walker', 'fetcher', 'bank' or 'bank_0', 'update',
        'map_maker', 'maps' and so on; 'stage' is what lies between them.
    flip_flops
        Bits.
    toggles
        Bits that changed.
    """

    stage: int | None
    block: str
    flip_flops: int
    toggles: int


@dataclass(frozen=True, kw_only=True)
class PortCycles:
    """What the ports of a memory did.

    Attributes
    ----------
    stage
        Of the memory.
    memory
        Its name in the memory map.
    reads
        Cycles in which the read port was enabled, whether or not what it shows is looked at.
    writes
        Words written.
    toggles
        Bits of the word that it shows, or of a slice, that changed.
    """

    stage: int
    memory: str
    reads: int
    writes: int
    toggles: int


@dataclass(frozen=True, kw_only=True)
class Toggles:
    """What a run did.

    Attributes
    ----------
    samples
        That ran, back to back.
    cycles
        From the first input word to the last output.
    blocks, memories
        In the order of their names.
    """

    samples: int
    cycles: int
    blocks: tuple[BlockToggles, ...]
    memories: tuple[PortCycles, ...]


def count_toggles(plan: Plan, verilog: str, x: NDArray[Any], *, folder: Path) -> Toggles:
    """Run samples back to back and count.

    What is loaded before the first sample isn't counted.

    Parameters
    ----------
    plan, verilog
        The accelerator, and its text.
    x
        Integers (steps, samples, *input shape).
    folder
        Where compiled models are kept.

    Raises
    ------
    ValueError
        Where the Verilog isn't of the plan, or has what can't be counted.
    RuntimeError
        Where the accelerator doesn't answer.
    ToolError, CompileError
        Where Verilator is missing, or does not take the Verilog.
    """
    ports = Ports.of(plan)
    ports.check(verilog)
    config = loading.words(plan, plan.tables) if plan.must_load else []
    library = native_engine.build(counting(verilog), ports, folder)

    played = scenario(plan, ports, x, config=config, go={}, deadline=default_deadline(plan, 0))
    record = native_engine.run(library, ports, played)
    times, due = record.times["output"], played.due["output"]
    if len(times) < due:
        raise RuntimeError(f"accelerator must give {due} outputs, not {len(times)}")
    first, last = int(record.times["input"][0]), int(times[-1])

    def until(cycle: int) -> Counted:
        """Return what was counted up to a cycle, whose changes show in the next one."""
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "counts"
            native_engine.run(library, ports, played, window=(0, cycle + 2), counts=path)
            lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
        return {tuple(line[:3]): np.array(line[3:], np.int64) for line in lines}

    before = until(first - 1)
    found = {key: counts - before[key] for key, counts in until(last).items()}
    return Toggles(
        samples=x.shape[1],
        cycles=last - first + 1,
        blocks=_blocks(found),
        memories=_memories(found),
    )


def counting(verilog: str) -> str:
    """Return a Verilog text of ours with counters.

    Raises
    ------
    ValueError
        Where something is clocked that is neither a register nor a memory's port.
    """
    return _MODULE.sub(lambda module: _counting(module[0]), verilog)


def _counting(module: str) -> str:
    """Return a module with counters."""
    registers = _REGISTER.findall(module)
    ports = list(_PORT.finditer(module))
    known = len(registers) + len(ports) + len(_NOTHING.findall(module))
    strange = module.count("always @(posedge") - known
    if strange:
        name = re.split(r"[\s(]", module, maxsplit=2)[1]
        raise ValueError(
            f"Verilog module {name} must have registers and memories as Yosys writes them, to "
            f"count their toggles, but {strange} of them {'are' if strange > 1 else 'is'} "
            "something else"
        )
    if not registers and not ports:
        return module
    # What is counted in a cycle is what was to be seen in the one before.
    kept: dict[str, str] = {}  # the names of their registers by expressions

    def before(expression: str) -> str:
        return kept.setdefault(expression, f"was${len(kept)}")

    counts: list[str] = []  # what is added in a cycle
    items: list[tuple[str, str, list[int]]] = []  # a kind, what else is told, and which counts
    if registers:
        counts.append(" + ".join(f"$countones({name} ^ {before(name)})" for name in registers))
        items.append(("registers", " + ".join(f"$bits({name})" for name in registers), [0]))
    memories: dict[str, dict[str, str]] = defaultdict(lambda: dict.fromkeys(_KINDS, "1'd0"))
    for port in ports:
        if port["read"]:
            shown, memory = port["shown"], memories[port["read"]]
            memory["reads"] = before(port["enable"])
            memory["toggles"] = f"$countones({shown} ^ {before(shown)})"
        else:
            memories[port["written"]]["writes"] = before(port["enable"])
    for name, memory in memories.items():
        items.append(("memory", f'"{name.strip()}"', [len(counts) + i for i in range(len(_KINDS))]))
        counts += [memory[kind] for kind in _KINDS]
    return module.removesuffix("endmodule\n") + "\n".join(
        [
            *(f"  reg [$bits({each})-1:0] {name};" for each, name in kept.items()),
            *(f"  longint count${i} = 0;" for i in range(len(counts))),
            "  always @(posedge clk) begin",
            *(f"    {name} <= {each};" for each, name in kept.items()),
            f"    if (!{_RESET}) begin",
            *(f"      count${i} <= count${i} + 64'({each});" for i, each in enumerate(counts)),
            "    end",
            "  end",
            "  string path$;",
            "  int file$;",
            '  final if ($value$plusargs("counts=%s", path$)) begin',
            '    file$ = $fopen(path$, "a");',
            *(_told(*item) for item in items),
            "    $fclose(file$);",
            "  end",
            "endmodule\n",
        ]
    )


def _told(kind: str, what: str, which: list[int]) -> str:
    """Return the statement that writes some counts down."""
    form = "%s" if kind == "memory" else "%0d"
    counts = ", ".join(f"count${i}" for i in which)
    return f'    $fdisplay(file$, "{kind} %m {form}{" %0d" * len(which)}", {what}, {counts});'


def _blocks(found: Counted) -> tuple[BlockToggles, ...]:
    """Return the flip-flops' counts, block by block."""
    total: dict[tuple[int | None, str], list[int]] = defaultdict(lambda: [0, 0])
    for (kind, scope, bits), counts in sorted(found.items()):
        if kind == "registers":
            stage, inside = _place(scope)
            known = total[stage, inside[0] if inside else "top" if stage is None else "stage"]
            known[0] += int(bits)
            known[1] += int(counts[0])
    return tuple(
        BlockToggles(stage=stage, block=block, flip_flops=bits, toggles=toggles)
        for (stage, block), (bits, toggles) in total.items()
    )


def _memories(found: Counted) -> tuple[PortCycles, ...]:
    """Return the counts of the stages' memories, of all replicas together.

    The slices of one are read and written as one.
    """
    each: dict[tuple[str, int, str], NDArray[np.int64]] = {}
    for (kind, scope, _), counts in sorted(found.items()):
        stage, inside = _place(scope)
        if kind == "memory" and stage is not None:
            name = next(name for name in reversed(inside) if name != "memory").split("$")[0]
            name += inside[0].removeprefix("bank") if inside[0].startswith("bank_") else ""
            replica = scope.split(".")[2]  # or the stage
            known = each.setdefault((replica, stage, name), np.zeros(3, np.int64))
            known[:2] = np.maximum(known[:2], counts[:2])
            known[2] += counts[2]
    total: dict[tuple[int, str], NDArray[np.int64]] = {}
    for (_, stage_number, name), counts in each.items():
        total.setdefault((stage_number, name), np.zeros(3, np.int64))[:] += counts
    return tuple(
        PortCycles(stage=stage, memory=name, reads=reads, writes=writes, toggles=toggles)
        for (stage, name), counts in total.items()
        for reads, writes, toggles in [counts.tolist()]
    )


def _place(scope: str) -> tuple[int | None, list[str]]:
    """Return the stage of a module instance, in whatever replica, and the names from there on."""
    _, _, *names = scope.split(".")
    if names and names[0].startswith("replica_"):
        del names[0]
    match = _STAGE.fullmatch(names[0]) if names else None
    return (int(match[1] or 0), names[1:]) if match else (None, names)
