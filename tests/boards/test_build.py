"""One small bitstream a board, its report, and what a build refuses. Some ten seconds each."""

import gc
import hashlib
import json
import re

import pytest
from refusal import refused
from somagate.boards.build import BuildParameters, build
from somagate.boards.flow import BuildError
from somagate.boards.registry import BOARDS
from somagate.checks.files import held
from somagate.toolchain import tools
from stand_in import StandIn

STEPS = {
    "icebreaker": ("Amaranth", "yosys", "nextpnr", "icepack", "done"),
    "ulx3s-85f": ("Amaranth", "yosys", "nextpnr", "ecppack", "done"),
}


def stand_in(name: str) -> StandIn:
    return StandIn(word_bits=BOARDS[name].word_bits, words=32)


@pytest.mark.parametrize(
    ("name", "device", "lowest_fmax_hz", "bitstream", "rom_cells"),
    [
        ("icebreaker", "iCE40UP5K-SG48", 24_000_000, "top.bin", 2),
        ("ulx3s-85f", "LFE5U-85F-6BG381C", 100_000_000, "top.bit", 1),
    ],
)
def test_a_board_gets_a_bitstream_and_a_report(
    tmp_path, monkeypatch, name, device, lowest_fmax_hz, bitstream, rom_cells
):
    monkeypatch.setenv("OPENFPGALOADER", "absent")
    told = []
    report = build(
        stand_in(name), BOARDS[name], tmp_path / "a", progress=lambda *step: told.append(step)
    )
    assert told == [(step, done, 4) for done, step in enumerate(STEPS[name])]

    file = tmp_path / "a" / bitstream
    assert file.stat().st_size > 10_000
    assert report.bitstream == bitstream
    assert report.bitstream_sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    saved = json.loads((tmp_path / "a" / "report.json").read_text())
    assert saved == json.loads(json.dumps(report.to_dict()))

    assert (report.target, report.device, report.seed) == (name, device, 1)
    assert report.passed and saved["timing"] == "pass"
    assert report.fmax_hz >= lowest_fmax_hz
    assert report.clock_hz == BOARDS[name].clock_hz
    (clock,) = report.clocks.values()
    assert abs(clock.constraint_hz - report.clock_hz) < report.clock_hz * 1e-3
    assert set(report.tools) == {"yosys", STEPS[name][3], BOARDS[name].family.placer}
    assert report.critical_path.startswith("top.")

    assert 400 < report.utilization["logic_cells"].used < 900
    assert 200 < report.utilization["flip_flops"].used < 600
    assert report.utilization["block_rams"].used == rom_cells + 3
    assert {m.name: (m.words, m.kind, m.cells, m.written) for m in report.memories} == {
        "top.core.accelerator.rom": (512, "block_rams", rom_cells, False),
        "top.core.pages.memory.memory": (128, "block_rams", 1, False),
        "top.receiver.memory.memory": (BOARDS[name].buffer_bytes, "block_rams", 1, True),
        "top.sender.memory.memory": (512, "block_rams", 1, True),
    }
    assert report.flip_flop_memories == ()


def test_the_same_input_gives_the_same_bytes_anywhere(tmp_path):
    for folder in ("a", "other/b"):
        build(stand_in("icebreaker"), BOARDS["icebreaker"], tmp_path / folder)
    for file in ("top.bin", "report.json", "top.il", "top.pcf", "synthesis.ys"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "other/b" / file).read_bytes()
    assert str(tmp_path) not in (tmp_path / "a" / "report.json").read_text()


def test_timing_that_fails_is_reported_and_the_bitstream_is_kept(tmp_path):
    parameters = BuildParameters(clock_hz=300_000_000, seed=7, seeds=1)
    report = build(stand_in("ulx3s-85f"), BOARDS["ulx3s-85f"], tmp_path, parameters)
    assert not report.passed
    assert report.to_dict()["timing"] == "fail"
    assert report.fmax_hz < report.clock_hz == 300_000_000
    assert (tmp_path / report.bitstream).is_file()
    assert report.seed == 7


def test_an_option_that_yosys_does_not_know_is_an_error(tmp_path):
    parameters = BuildParameters(synthesis_options=("-nonsense",))
    with pytest.raises(BuildError) as error:
        build(stand_in("icebreaker"), BOARDS["icebreaker"], tmp_path, parameters)
    assert str(error.value) == (
        "Synthesis failed in yosys: ERROR: Command syntax error: Unknown option or option in "
        f"arguments. (all of it: {tmp_path}/synthesis.log)"
    )


def test_a_design_that_does_not_fit_is_an_error(tmp_path):
    parameters = BuildParameters(buffer_bytes=1 << 15)
    with pytest.raises(BuildError) as error:
        build(stand_in("icebreaker"), BOARDS["icebreaker"], tmp_path, parameters)
    assert re.sub(r"memory\.memory\.0\.\d+_", "memory.memory_", str(error.value)) == (
        "Placement and routing failed in nextpnr-ice40: ERROR: Unable to place cell "
        "'top.receiver.memory.memory_RAM', no BELs remaining to implement cell type 'ICESTORM_RAM' "
        f"(all of it: {tmp_path}/placement.log)"
    )


@pytest.mark.filterwarnings("ignore:.*created but never used")
def test_a_missing_tool_is_named_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setenv("ICEPACK", "absent")
    with pytest.raises(tools.ToolError) as error:
        build(stand_in("icebreaker"), BOARDS["icebreaker"], tmp_path / "out")
    assert str(error.value) == (
        "icepack must be installed for packing iCE40 bitstreams, but ICEPACK names absent, which "
        "is not found: pip install 'somagate[ice40]'"
    )
    assert not (tmp_path / "out").exists()
    del error
    gc.collect()


@pytest.mark.filterwarnings("ignore:.*created but never used")
def test_a_folder_in_which_another_builds_is_refused(tmp_path):
    with held(tmp_path), refused(
        BuildError,
        f"{tmp_path} must be built by one at a time, but another process builds there; wait for "
        "it, or name another folder",
    ):  # fmt: skip
        build(stand_in("icebreaker"), BOARDS["icebreaker"], tmp_path)
    gc.collect()


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        ({"seed": -1}, ValueError, "Build seed must be 0…2147483647, not -1"),
        ({"seeds": 0}, ValueError, "Build seeds must be 1…1000, not 0"),
        ({"seed": "1"}, TypeError, "Build seed must be an int, not '1'"),
    ],
)
def test_parameters_are_checked(settings, kind, message):
    with pytest.raises(kind) as error:
        BuildParameters(**settings)
    assert str(error.value) == message


@pytest.mark.filterwarnings("ignore:.*created but never used")
def test_a_clock_that_the_pll_can_not_make_is_refused(tmp_path):
    with pytest.raises(ValueError) as error:
        build(stand_in("icebreaker"), BOARDS["icebreaker"], tmp_path, BuildParameters(clock_hz=1))
    assert str(error.value) == "iCE40 PLL output_hz must be 16000000…275000000, not 1"
    del error
    gc.collect()
