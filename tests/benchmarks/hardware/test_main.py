"""A figure is measured again where its network, its script or a tool has changed."""

from pathlib import Path

import pytest

from benchmarks.hardware import __main__ as hardware
from benchmarks.lib import networks as bench_networks
from benchmarks.lib import output as bench_output
from benchmarks.rivals import __main__ as rivals
from benchmarks.rivals import crossbar, nonspiking

KEPT = {
    hardware.simulated: (bench_networks, hardware),
    hardware.synthesized: (bench_networks, hardware),
    nonspiking.simulated: (bench_networks, nonspiking),
    rivals.our_own: (bench_networks, crossbar, rivals),
}


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept.__qualname__)
def test_figures_follow_from_networks_scripts_and_tools(tmp_path, monkeypatch, kept):
    version = "1"
    monkeypatch.setattr(bench_output, "versions", lambda *names: dict.fromkeys(names, version))
    codes = [kept(tmp_path).code]
    read = Path.read_bytes
    for module in KEPT[kept]:
        file = Path(module.__file__)
        monkeypatch.setattr(
            Path, "read_bytes", lambda path, file=file: read(path) + b"#" * (path == file)
        )
        codes.append(kept(tmp_path).code)
    monkeypatch.setattr(Path, "read_bytes", read)
    version = "2"
    codes.append(kept(tmp_path).code)
    assert len(set(codes)) == len(codes)


def test_a_design_of_other_lanes_or_another_clock_is_built_again(tmp_path, monkeypatch):
    built = []
    monkeypatch.setattr(bench_output.Kept, "get", lambda _, label, of, make: built.append(of) or {})
    hardware.built(bench_output.Kept(tmp_path, ""), tmp_path, "up5k", 3)
    assert built == [{"design": "up5k", "seed": 3, "clock_mhz": 24, "lanes": 16}]
