"""The Verilog of `generate`, unchanged, in simulators and under a bench that isn't ours."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from plans import everything
from somagate.export.tables import Tables
from somagate.hw.generate import TOP, generate
from somagate.hw.plan.plan import Plan, StageShape
from somagate.hw.rtl.update.readout import ResultLayout
from somagate.sim.golden import run
from somagate.toolchain import tools
from tiny_tables import tiny

BENCH = """
module bench;
  reg clk = 0, rst = 1;
  reg [{word}-1:0] words [0:{count}-1];
  integer sent = 0, got = 0, cycle = 0;
  wire ready, valid;
  wire [{result}-1:0] payload;
  {top} dut (.clk(clk), .rst(rst), .input__valid(!rst && sent < {count}), .input__ready(ready),
    .input__payload(words[sent < {count} ? sent : 0]), .output__valid(valid), .output__ready(1'b1),
    .output__payload(payload){observers});
  initial $readmemh("words.hex", words);
  always #5 clk = ~clk;
  always @(posedge clk) begin
    cycle <= cycle + 1;
    rst <= cycle < 3;
    if (!rst && sent < {count} && ready) sent <= sent + 1;
    if (!rst && valid) begin
      $display("%h", payload);
      got = got + 1;
      if (got == {values}) $finish;
    end
    if (cycle > 100000) begin $display("deadline"); $finish; end
  end
endmodule
"""


def plans() -> dict[str, Plan]:
    two = (StageShape(layers=1, lanes=4), StageShape(layers=1, lanes=8, banks=2))
    return {
        "one stage": Plan.single(tiny(), lanes=4, word_bits=16),
        "two stages": Plan(tables=tiny(), shapes=two, word_bits=32),
        "the whole contract": Plan.single(everything(), lanes=4, update_lanes=2, word_bits=16),
    }


def samples(tables: Tables, count: int) -> np.ndarray:
    """Draw inputs with which the networks fire."""
    low, high = tables.input.activation.low, tables.input.activation.high
    return np.random.default_rng(3).integers(
        low, high + 1, (tables.steps, count, *tables.input.shape)
    )


@pytest.fixture(params=plans())
def plan(request: pytest.FixtureRequest) -> Plan:
    return plans()[request.param]


def test_a_strict_linter_says_nothing(plan: Plan, tmp_path: Path) -> None:
    generate(plan, tmp_path / "rtl")
    verilator = tools.require("verilator")
    done = subprocess.run(
        [*verilator.command, "--lint-only", "-Wall", f"{TOP}.v"],
        cwd=tmp_path / "rtl", env=tools.environment(), capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    text = (tmp_path / "rtl" / f"{TOP}.v").read_text(encoding="utf-8")
    assert "[-1:0]" not in text and "always @*" not in text


def test_icarus_finds_what_golden_finds_in_every_version_of_the_language(
    plan: Plan, tmp_path: Path
) -> None:
    if tools.find("iverilog").kind == "missing":
        pytest.skip("Icarus Verilog is not here")
    generate(plan, tmp_path / "rtl")
    x = samples(plan.tables, 2)
    words = [word for sample in range(2) for word in plan.pack_input(x[:, sample])]
    digits = plan.word_bits // 4
    (tmp_path / "words.hex").write_text("".join(f"{word:0{digits}x}\n" for word in words))
    layout = ResultLayout(plan.stages[0])
    count = len(plan.stages)
    names = ["observe"] if count == 1 else [f"observe_{stage}" for stage in range(count)]
    bench = BENCH.format(
        top=TOP, word=plan.word_bits, count=len(words), result=layout.size,
        values=2 * plan.classes, observers="".join(f", .{name}__ready(1'b1)" for name in names),
    )  # fmt: skip
    (tmp_path / "bench.v").write_text(bench)
    trace = run(plan.tables, x)
    assert any(spikes.any() for spikes in trace.spikes.values())
    for generation in ("2005", "2005-sv", "2009", "2012"):
        for command in (
            ["iverilog", f"-g{generation}", "-s", "bench", "-o", "sim", "bench.v", f"rtl/{TOP}.v"],
            ["vvp", "sim"],
        ):
            done = subprocess.run(
                command, cwd=tmp_path, capture_output=True, text=True, timeout=120
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
        found = [layout.from_bits(int(line, 16)) for line in done.stdout.split()]
        assert [value.value for value in found] == trace.output.ravel().tolist(), generation
        last = found[plan.classes - 1 :: plan.classes]
        assert [value.prediction for value in last] == trace.prediction.tolist()
