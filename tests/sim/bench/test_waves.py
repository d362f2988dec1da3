import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from somagate.hw.generate import verilog
from somagate.hw.plan.plan import Plan
from somagate.sim.bench.wave_file import read
from somagate.sim.verify.settings import Dut, Kept, Setup
from somagate.sim.verify.verdict import Verdict
from somagate.sim.verify.verify import verify
from somagate.view.text import escaped
from somagate.view.traces.wave_figure import drawn, short, wave_figure, wave_table

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
    rows = wave_figure(waves).yaxis[0].major_label_overrides
    assert len(rows) == len(names) > 10
    assert "observe.potentials(0)" in rows.values()
    told = wave_table(waves)
    assert '<td class="words">observe</td>' in told and f"cycle {waves.cycle:,}" in told
    assert all(
        escaped(short(signal)) in told
        for signal in waves.signals
        if not signal.name.endswith("clk")
    )


def test_what_verify_did_not_write_is_refused(verdict: Verdict, tmp_path: Path) -> None:
    other = tmp_path / "other.gtkw"
    other.write_text('[dumpfile] "other.vcd"\n@22\nbench.somagate.clk\n', encoding="utf-8")
    told = (
        f"{other} must be a save file that verify --waves wrote, with a waveform, a marker and "
        "signals; it lacks one of them"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        read(other)
    text = Path(verdict.waves).read_text(encoding="utf-8")
    other.write_text(text.replace("first.difference.vcd", "other.vcd"), encoding="utf-8")
    with pytest.raises(FileNotFoundError, match=r"other\.vcd"):
        read(other)
    other.with_suffix(".vcd").write_text("$enddefinitions $end\n#0\n", encoding="utf-8")
    told = f"{other.with_suffix('.vcd')} must hold the signals of {other}; it holds none"
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        read(other)
