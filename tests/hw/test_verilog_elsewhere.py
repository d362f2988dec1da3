"""The Verilog of `generate`, unchanged, in every tool, and under a bench that isn't ours."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from portable import Portable, portable
from somagate.export.tables import Tables
from somagate.hw.generate import AXI_TOP, TOP, generate
from somagate.hw.plan.plan import Plan
from somagate.hw.rtl.observe import ObserveLayout
from somagate.hw.rtl.update.readout import ResultLayout
from somagate.toolchain import tools
from strict_tools import findings

ROOT = Path(__file__).parents[2]
DESIGNS = portable()
RESET_AT = 180
"""In an inference: the cycle in which the reset comes."""

BENCH = """
module bench;
  reg clk = 0, rst = 0, anew = 0;
  reg [{word}-1:0] words [0:{count}];
  reg [31:0] tables [0:{loads}];
  integer sent = 0, loaded = 0, got = 0, early = 0, cycle = 0, stalls = 0;
  wire ready, valid{wires};
  wire [{result}-1:0] payload;
  wire [7:0] identity;
  {updates}
  wire started = loaded == {loads};
  {top} dut (.clk(clk), .rst(rst), .input__valid(started && sent < {count}), .input__ready(ready),
    .input__payload(words[sent]), .output__valid(valid),
    .output__ready(stalls[1]), .output__payload(payload){ports});
  initial $readmemh("words.hex", words);
  initial $readmemh("config.hex", tables);
  initial begin
    #1 if (^{{valid, ready{handshakes}}} === 1'bx) $display("X before the first clock");
    forever #5 clk = ~clk;
  end
  always @(posedge clk) begin
    cycle <= cycle + 1;
    stalls <= stalls * 1103515245 + 12345;
    rst <= {reset} && started && sent > 0 && !anew && cycle >= {reset_at};
    if (!anew && valid && stalls[1]) early <= early + 1;
    if (rst) begin
      if (early >= {values}) $display("reset behind the last answer");
      anew = 1;
      sent <= 0;
    end
    if (^{{valid, ready{handshakes}}} === 1'bx) $display("X in handshakes at %0d", cycle);
    if (valid && ^payload === 1'bx{told}) $display("X in an answer at %0d", cycle);
    if (anew && !rst && ^{{payload{shown}}} === 1'bx) $display("X behind the reset at %0d", cycle);
    if (!rst && !started) loaded <= loaded + 1;
    if (!rst && started && sent < {count} && ready) sent <= sent + 1;
    if (!rst && anew == {reset} && valid && stalls[1]) begin
      $display("%h", payload);
      got = got + 1;
      if (got == {values}) $finish;
    end
    if (cycle > 200000) begin $display("deadline"); $finish; end
  end
endmodule
"""


@pytest.fixture(params=DESIGNS)
def design(request: pytest.FixtureRequest) -> Portable:
    return DESIGNS[request.param]


def test_strict_tools_say_nothing(design: Portable, tmp_path: Path) -> None:
    generate(design.plan, tmp_path / "rtl", axi=True)
    for files, top in (([f"{TOP}.v"], TOP), ([f"{TOP}.v", f"{AXI_TOP}.v"], AXI_TOP)):
        said = findings(tmp_path / "rtl", files, top)
        assert set(said.values()) == {""}, said
    text = (tmp_path / "rtl" / f"{TOP}.v").read_text(encoding="utf-8")
    assert "[-1:0]" not in text and "always @*" not in text


def bench(design: Portable, *, reset: bool) -> str:
    """Return the text of a bench: with a reset in an inference, or without any reset at all."""
    names = list(design.plan.observers)
    config = bool(design.config)
    return BENCH.format(
        top=TOP,
        word=design.plan.word_bits,
        count=len(design.words),
        loads=len(design.config),
        result=ResultLayout(design.plan.stages[0]).size,
        values=design.samples * design.plan.classes,
        reset=int(reset),
        reset_at=RESET_AT + len(design.config),
        wires="".join(f", {name}" for name in names)
        + (", config_ready, config_refused, config_finished" if config else ""),
        ports="".join(
            f", .{name}__ready(1'b1), .{name}__valid({name}), .{name}__payload(of_{name})"
            for name in names
        )
        + (
            ", .config__payload(tables[loaded]), .config__valid(!started), "
            ".config__ready(config_ready), .config_refused(config_refused), "
            ".config_finished(config_finished), .identity__en(1'b1), .identity__addr(6'd0), "
            ".identity__data(identity)"
            if config
            else ""
        ),
        handshakes="".join(f", {name}" for name in names)
        + (", config_ready, config_refused, config_finished" if config else ""),
        shown=", identity" if config else "",
        # What says nothing may read behind the end of a memory.
        told="".join(f" || {name} && ^of_{name} === 1'bx" for name in names),
        updates=f"wire [{ObserveLayout(design.plan).size}-1:0] of_{', of_'.join(names)};",
    )


@pytest.mark.parametrize("reset", [False, True], ids=["never reset", "reset in an inference"])
def test_icarus_finds_what_golden_finds_in_every_version_of_the_language(
    design: Portable, reset: bool, tmp_path: Path
) -> None:
    """And no output that says anything is ever X, from the start."""
    if tools.find("iverilog").kind == "missing":
        pytest.skip("Icarus Verilog is not here")
    generate(design.plan, tmp_path / "rtl")
    digits = design.plan.word_bits // 4
    for name, words, width in (("words", design.words, digits), ("config", design.config, 8)):
        # One more, as no Verilog has a memory without words.
        text = "".join(f"{word:0{width}x}\n" for word in [*words, 0])
        (tmp_path / f"{name}.hex").write_text(text, encoding="utf-8")
    (tmp_path / "bench.v").write_text(bench(design, reset=reset), encoding="utf-8")
    layout, classes = ResultLayout(design.plan.stages[0]), design.plan.classes
    for generation in ("2005", "2005-sv", "2009", "2012"):
        for command in (
            ["iverilog", f"-g{generation}", "-s", "bench", "-o", "sim", "bench.v", f"rtl/{TOP}.v"],
            ["vvp", "sim"],
        ):
            done = subprocess.run(
                command, cwd=tmp_path, capture_output=True, text=True, timeout=300
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
        assert not any(word in done.stdout for word in ("X", "reset", "deadline")), done.stdout
        found = [layout.from_bits(int(line, 16)) for line in done.stdout.split()]
        assert [value.value for value in found] == design.trace.output.ravel().tolist(), generation
        last = found[classes - 1 :: classes]
        assert [value.prediction for value in last] == design.trace.prediction.tolist()


def test_the_page_s_example_is_right(tmp_path: Path) -> None:
    """Every tool takes it, and its widths are those of the manifest."""
    page = (ROOT / "docs" / "integrate.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```verilog\n(.*?)```", page, re.DOTALL)
    plan = Plan.single(
        Tables.load(ROOT / "examples" / "digits-dense.safetensors"), lanes=16, word_bits=16
    )
    generate(plan, tmp_path / "rtl")
    # It doesn't use everything that it could.
    waived = "// verilator lint_off PINCONNECTEMPTY\n// verilator lint_off UNUSEDSIGNAL\n"
    (tmp_path / "rtl" / "recognizer.v").write_text(waived + example, encoding="utf-8")
    said = findings(tmp_path / "rtl", [f"{TOP}.v", "recognizer.v"], "recognizer")
    assert set(said.values()) == {""}, said
    manifest = json.loads((tmp_path / "rtl" / "manifest.json").read_text(encoding="utf-8"))
    places = ", ".join(
        f"{field['field']} [{field['first_bit'] + field['bits'] - 1}:{field['first_bit']}]"
        for field in manifest["output_payload"]
    ).replace("[20:20]", "[20]")
    assert f"// {places}\n" in example
    assert [manifest[key] for key in ("steps", "input_words", "classes")] == [8, 4, 10]
