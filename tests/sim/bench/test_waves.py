import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from somagate.hw.generate import verilog
from somagate.hw.plan.plan import Plan
from somagate.sim.bench import waves as module
from somagate.sim.bench.wave_file import Signal, read
from somagate.sim.verify.settings import Dut, Kept, Setup
from somagate.sim.verify.verdict import Verdict
from somagate.sim.verify.verify import verify
from somagate.view.text import escaped
from somagate.view.traces.wave_figure import WaveFigure, drawn, short

CYCLE = 10  # time units


@pytest.fixture(scope="module")
def verdict(
    plan: Plan, x: np.ndarray, models: Path, tmp_path_factory: pytest.TempPathFactory
) -> Verdict:
    """A verification that differs and drew waves."""
    layers = list(plan.tables.layers)
    neuron = layers[0].neuron
    raised = neuron.threshold + np.array([0, 0, 1, 0])
    layers[0] = replace(layers[0], neuron=replace(neuron, threshold=raised))
    other = replace(plan, tables=replace(plan.tables, layers=tuple(layers)))
    path = tmp_path_factory.mktemp("waves") / "drawn" / "first.difference"
    return verify(
        other,
        x,
        dut=Dut(verilog=verilog(plan)),
        setup=Setup(stalls=0.2),
        kept=Kept(waves=path, models=models),
    )


def test_the_save_file_opens_at_the_difference(verdict: Verdict) -> None:
    assert verdict.cycle is not None
    save = Path(verdict.waves)
    assert save.name == "first.difference.gtkw"
    lines = save.read_text().splitlines()
    assert '[dumpfile] "first.difference.vcd"' in lines
    assert save.with_suffix(".vcd").exists()
    (marker,) = [line.split()[1] for line in lines if line.startswith("*")]
    assert verdict.cycle * CYCLE <= int(marker) < verdict.cycle * CYCLE + CYCLE // 2
    (start,) = [int(line.split()[1]) for line in lines if line.startswith("[timestart]")]
    assert 0 <= start <= int(marker)


def test_the_save_file_shows_the_streams_and_the_update(verdict: Verdict) -> None:
    lines = Path(verdict.waves).read_text().splitlines()
    assert verdict.lane is not None
    for title in ("-observe", "-output", "-input", f"-update, lane {verdict.lane}"):
        assert lines.count(title) == 2  # where the group starts, and where it ends
    start = "bench.somagate."
    shown = [line.removeprefix(start) for line in lines if line.startswith(start)]
    for signal in ("clk", "observe__valid", "observe__payload/layer", "input__ready"):
        assert signal in shown
    assert any(re.fullmatch(r"observe__payload/potentials\(0\)\[\d+:0\]", n) for n in shown)
    assert any(re.fullmatch(rf".*\.update\.lane_{verdict.lane}\.u\[\d+:0\]", n) for n in shown)
    assert not any(f".update.lane_{1 - verdict.lane}.u[" in line for line in lines)


def test_the_waveform_holds_the_transfer_at_the_marker(verdict: Verdict) -> None:
    assert verdict.cycle is not None
    assert verdict.difference is not None
    values: dict[str, str] = {}
    names: dict[str, str] = {}
    time = -1
    for line in Path(verdict.waves).with_suffix(".vcd").read_text().splitlines():
        if match := re.match(r"\s*\$var \w+ \d+ (\S+) (\S+)", line):
            names.setdefault(match[2], match[1])
        elif line.startswith("#"):
            time = int(line[1:])
            if time > verdict.cycle * CYCLE:
                break
        elif match := re.match(r"b(\d+) (\S+)|([01])(\S+)", line):
            values[match[2] or match[4]] = match[1] or match[3]
    assert values[names["observe__valid"]] == values[names["observe__ready"]] == "1"
    potential = values[names[f"observe__payload/potentials({verdict.lane})"]]
    fires = int(values[names["observe__payload/spikes"]], 2) >> (verdict.lane or 0) & 1
    bits = 4
    seen = {"potential": (int(potential, 2) + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1),
            "spike": fires}  # fmt: skip
    assert seen[verdict.difference.quantity] == verdict.difference.values[1]


def test_nothing_is_drawn_where_all_is_equal(
    plan: Plan, x: np.ndarray, models: Path, tmp_path: Path
) -> None:
    verdict = verify(plan, x, kept=Kept(waves=tmp_path / "w", models=models), samples=1)
    assert (verdict.equal, verdict.waves) == (True, "")
    assert list(tmp_path.iterdir()) == []


def test_what_was_written_is_read_again(verdict: Verdict) -> None:
    waves = read(Path(verdict.waves))
    assert verdict.cycle is not None and verdict.difference is not None
    assert waves.cycle == verdict.cycle
    now = verdict.cycle + 0.2
    signals = {signal.name: signal for signal in waves.signals}
    assert [signals[f"observe__{name}"].at(now) for name in ("valid", "ready")] == [1, 1]
    potential = signals[f"observe__payload/potentials({verdict.lane})"]
    fires = signals["observe__payload/spikes"].at(now) >> (verdict.lane or 0) & 1
    assert potential.signed and potential.bits == 4
    seen = {"potential": potential.text(potential.at(now)), "spike": str(fires)}
    assert seen[verdict.difference.quantity] == str(verdict.difference.values[1])
    clock = signals["clk"]
    cycles = range(waves.first, min(waves.last, verdict.cycle) + 1)
    assert [clock.at(c + 0.2) for c in cycles] == [clock.at(cycles[0] + 0.2)] * len(cycles)
    assert [clock.at(c + 0.7) for c in cycles] == [1 - clock.at(cycles[0] + 0.2)] * len(cycles)
    u = signals[next(n for n in signals if n.endswith(f"lane_{verdict.lane}.u"))]
    assert u.group == f"update, lane {verdict.lane}" and u.signed


def test_only_fields_that_change_are_drawn(verdict: Verdict) -> None:
    waves = read(Path(verdict.waves))
    names = [signal.name for signal in drawn(waves)]
    assert "observe__payload/potentials(0)" in names
    assert not {"rst", "observe__payload", "observe__payload/potentials"} & set(names)
    assert names.count("clk") == 1 and not any(name.endswith(".clk") for name in names)
    pictured = WaveFigure(waves)
    rows = pictured.figure.yaxis[0].major_label_overrides
    assert len(rows) == len(names) > 10
    assert {"observe.potentials(0)", f"lane_{verdict.lane}.u"} <= set(rows.values())
    told = pictured.table()
    assert '<td class="words">observe</td>' in told and f"cycle {waves.cycle:,}" in told
    for signal in drawn(waves)[1:]:
        now = signal.text(signal.at(waves.cycle + 0.2))
        row = told[told.index(f">{escaped(short(waves, signal))}</th>") :].split("</tr>")[0]
        cells = re.findall(r"<td>(.*?)</td>", row)[1:]
        assert cells[pictured.cycles.index(waves.cycle)] == now


def test_the_window_goes_earlier_and_later_and_back(verdict: Verdict) -> None:
    waves = read(Path(verdict.waves))
    pictured = WaveFigure(waves)
    first = pictured.cycles
    assert waves.cycle in first and len(first) == 13
    pictured.turn(-4)
    assert pictured.cycles == range(first.start - 4, first.stop - 4)
    for turn, seen in ((10_000, waves.last), (-10_000, waves.first)):
        pictured.turn(turn)
        assert seen in pictured.cycles and len(pictured.cycles) == 13
    pictured.turn(0)
    assert pictured.cycles == first


def test_numbers_of_the_update_have_their_sign(verdict: Verdict) -> None:
    """As the Verilog declares them, so that what is compared is read alike."""
    waves = read(Path(verdict.waves))
    lane = [s for s in waves.signals if f".lane_{verdict.lane}." in s.name and s.bits > 1]
    signed = {s.name.rsplit(".", 1)[1] for s in lane if s.signed}
    assert {"u", "threshold", "acc", "r"} <= signed
    assert {s.name.rsplit(".", 1)[1] for s in lane if not s.signed} <= {"parameters", "mode"}
    signal = Signal(group="", name="", bits=5, signed=False, times=(0.0,), values=(9,))
    assert [signal.text(value) for value in (9, 10, 25)] == ["9", "0xa", "0x19"]
    assert [replace(signal, signed=True).text(value) for value in (9, 25)] == ["9", "-7"]


@pytest.mark.parametrize("name", ["observe_1_0", "observe_0_1"])
def test_of_several_updates_it_is_the_one_that_differs(name: str) -> None:
    paths = [
        f"bench.somagate.replica_{replica}.stage_{stage}.update.lane_0.u"
        for replica in range(2)
        for stage in range(2)
    ]
    _, replica, stage = name.split("_")
    pattern = rf"{module._update(paths, name)}\..*"
    assert [path for path in paths if re.fullmatch(pattern, path)] == [
        f"bench.somagate.replica_{replica}.stage_{stage}.update.lane_0.u"
    ]
    assert all(re.fullmatch(rf"{module._update(paths, 'output')}\..*", path) for path in paths)


def test_what_verify_did_not_write_is_refused(verdict: Verdict, tmp_path: Path) -> None:
    def must_tell(told: str) -> None:
        with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
            read(other)

    other, dump = tmp_path / "other.gtkw", tmp_path / "first.difference.vcd"
    for text in ('[dumpfile] "other.vcd"\n@22\nbench.somagate.clk\n', "\x00@zz22\n", ""):
        other.write_text(text, encoding="utf-8")
        must_tell(
            f"{other} must be a save file that verify --waves wrote, with its tables, a waveform, "
            "a marker and signals; it lacks some of them"
        )
    other.write_text(Path(verdict.waves).read_text(encoding="utf-8"), encoding="utf-8")
    must_tell(f"{other} must have its waveform beside it, {dump}, which is not there")
    dump.write_text("$enddefinitions $end\n#0\n", encoding="utf-8")
    must_tell(f"{dump} must hold the signals of {other}; it holds none")
    whole = Path(verdict.waves).with_suffix(".vcd").read_text(encoding="utf-8")
    head, end, _ = whole.partition("$enddefinitions $end\n")
    dump.write_text(f"{head}{end}#0\n", encoding="utf-8")
    must_tell(f"{dump} must reach cycle {verdict.cycle}, that of the marker, not end in 0")
    dump.write_text(f"{head}{end}#abc\n", encoding="utf-8")
    must_tell(f"{dump} must be a VCD file, but has a time 'abc\\n'")
