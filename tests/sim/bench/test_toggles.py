import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from refusal import refused
from somagate.hw.generate import verilog
from somagate.hw.plan.plan import Plan
from somagate.sim.bench import native_engine, toggles
from somagate.sim.bench.engines import scenario
from somagate.sim.bench.ports import Ports
from somagate.sim.bench.scenario import Scenario
from somagate.sim.bench.toggles import BlockToggles, count_toggles, counting
from somagate.sim.cycles.predict import predict
from somagate.sim.golden import golden

COUNTER = r"""
module dut(clk, rst, input__valid, input__payload, input__ready, output__valid, output__payload,
  output__ready);
  input clk, rst, input__valid, output__ready;
  input [3:0] input__payload;
  output input__ready, output__valid;
  output [3:0] output__payload;
  wire [3:0] next;
  wire [3:0] _1_;
  reg [3:0] \count.all = 4'h0;
  reg [1:0] memory [3:0];
  reg [1:0] _0_ = 2'h0;
  always @(posedge clk)
    \count.all  <= _1_;
  always @(posedge clk) begin
    if (next[0])
      memory[next[2:1]] <= next[3:2];
  end
  always @(posedge clk) begin
    if (next[1]) begin
      _0_ <= memory[2'h1];
    end
  end
  assign next = \count.all  + 4'h1;
  assign _1_ = rst ? 4'h0 : next;
  assign input__ready = 1'h1;
  assign output__valid = 1'h1;
  assign output__payload = \count.all ;
endmodule
"""
"""A counter that writes and reads a memory on its way, as Yosys would write it."""


def test_a_counter_toggles_as_counters_do(models: Path, tmp_path: Path) -> None:
    ports = Ports(widths={"input": 4, "output": 4}, output={}, observe={})
    library = native_engine.build(counting(COUNTER), ports, models)
    played = Scenario(
        words={"input": np.zeros((1, 1), np.uint32)}, due={"output": 100}, deadline=100, go={}
    )
    counts = tmp_path / "counts"
    native_engine.run(library, ports, played, window=(0, 40), counts=counts)
    # What is counted at the edge of a cycle is of the one before: of the reset's last one, too.
    values = [0, *(cycle % 16 for cycle in range(40))]
    steps = list(zip(values, values[1:], strict=False))
    written: dict[int, int] = {}
    shown, flips = 0, 0
    for value in values[:-1]:
        following = (value + 1) % 16
        if following & 2:
            flips += (shown ^ written.get(1, 0)).bit_count()
            shown = written.get(1, 0)
        if following & 1:
            written[following >> 1 & 3] = following >> 2
    reads = sum((v + 1) % 16 >> 1 & 1 for v in values[:-1])
    writes = sum((v + 1) % 16 & 1 for v in values[:-1])
    assert sorted(counts.read_text().splitlines()) == [
        f"memory bench.dut memory {reads} {writes} {flips}",
        f"registers bench.dut 4 {sum((a ^ b).bit_count() for a, b in steps)}",
    ]


def test_what_is_neither_a_register_nor_a_memory_is_refused() -> None:
    strange = COUNTER.replace("    \\count.all  <= _1_;", "    if (rst) \\count.all  <= _1_;")
    message = (
        "Verilog module dut must have registers and memories as Yosys writes them, to count their "
        "toggles, but 1 of them is something else"
    )
    with refused(ValueError, message):
        counting(strange)


def test_a_module_without_a_clock_stays_as_it_is() -> None:
    text = "module wires(a, b);\n  input a;\n  output b;\n  assign b = a;\nendmodule\n"
    assert counting(text) == text


def registers(text: str) -> dict[str, list[str]]:
    """Return the names of the registers of each module, by its place in the design."""
    found = {}
    for module in re.findall(r"^module .*?^endmodule\n", text, re.MULTILINE | re.DOTALL):
        place = module.split()[1].lstrip("\\").split("(")[0]
        names = re.findall(r"always @\(posedge clk\)\n    (\S+) +<=", module)
        found[f"bench.{place}"] = [name.lstrip("\\") for name in names]
    return found


def waved(dump: Path, names: dict[str, list[str]], end: int) -> Counter[str]:
    """Count the changes of registers in a waveform, by their module, before a time."""
    scopes: list[str] = []
    owners: dict[str, list[str]] = {}  # several have one waveform where they are always equal
    values: dict[str, int] = {}
    found: Counter[str] = Counter()
    for line in dump.read_text(encoding="utf-8").splitlines():
        first, *rest = line.split() or [" "]
        if first == "$scope":
            scopes.append(rest[1])
        elif first == "$upscope":
            scopes.pop()
        elif first == "$var":
            # Beside the top module lies a scope of what Verilator drives.
            place = ".".join(scope for scope in scopes if scope != "$rootio")
            if rest[3] in names.get(place, ()):
                owners.setdefault(rest[2], []).append(place)
        elif first.startswith("#") and int(first[1:]) >= end:
            break
        elif first[0] in "01b":
            value, code = (first[1:], rest[0]) if rest else (first[0], first[1:])
            if code in owners:
                changed = values.get(code, int(value, 2)) ^ int(value, 2)
                for place in owners[code]:
                    found[place] += changed.bit_count()
                values[code] = int(value, 2)
    return found


def test_an_accelerator_toggles_as_its_waveform_does(
    plan: Plan, x: np.ndarray, models: Path, tmp_path: Path
) -> None:
    text = re.sub(r"\b_(\d+_)", r"net_\1", verilog(plan))  # others have no waveform
    ports = Ports.of(plan)
    library = native_engine.build(counting(text), ports, models, traced=True)
    played = scenario(plan, ports, x, go={}, deadline=5000)
    dump = tmp_path / "waves.vcd"
    told = []
    for end in (400, 1):  # before the first cycle, registers get what they hold at the start
        counts = tmp_path / f"counts_{end}"
        given = {"trace": dump} if end == 400 else {}
        native_engine.run(library, ports, played, window=(0, end), counts=counts, **given)
        lines = [line.split() for line in counts.read_text().splitlines()]
        told.append({place: int(n[1]) for kind, place, *n in lines if kind == "registers"})
    names = {place: each for place, each in registers(text).items() if each}
    mine = {place: count - told[1][place] for place, count in told[0].items()}
    assert set(mine) == set(names)
    assert sum(mine.values()) > 1000
    assert Counter(mine) == waved(dump, names, 10 * 399)


def test_blocks_and_memories_add_up(plan: Plan, x: np.ndarray, models: Path) -> None:
    found = count_toggles(plan, verilog(plan), x, folder=models)
    assert found.samples == 3
    assert found.cycles == predict(plan, golden.run(plan.tables, x), x).busy_cycles
    by_name = {block.block: block for block in found.blocks}
    assert len(by_name) == len(found.blocks)
    assert {"bank", "fetcher", "maps", "sequencer", "update", "walker"} <= set(by_name)
    assert all(isinstance(block, BlockToggles) and block.stage == 0 for block in found.blocks)
    assert [port.memory for port in found.memories] == [
        *("weights_3", "maps", "parameters", "potentials_4"),
    ]
    for block in found.blocks:
        assert 0 <= block.toggles <= block.flip_flops * found.cycles
    still = count_toggles(plan, verilog(plan), np.zeros_like(x), folder=models)
    assert sum(b.toggles for b in still.blocks) < sum(b.toggles for b in found.blocks)


def test_an_accelerator_that_does_not_answer_is_named(
    plan: Plan, x: np.ndarray, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(*given: Any, **more: Any) -> Scenario:
        asked = scenario(*given, **more)
        return replace(asked, due=asked.due | {"output": 20})

    monkeypatch.setattr(toggles, "scenario", wait)
    with refused(RuntimeError, "accelerator must give 20 outputs, not 15"):
        count_toggles(plan, verilog(plan), x, folder=models)
