"""What can't be measured is named."""

from benchmarks.rivals.__main__ import attempt, report
from benchmarks.rivals.designs import RIVALS, synthesized


def test_what_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    tiny, _, spiker = RIVALS
    told = attempt(lambda: synthesized(tiny, tmp_path, tmp_path / "build"))
    assert told == {"missing": f"not in {tmp_path.name}/tinyODIN"}
    (tmp_path / "tinyODIN").mkdir()
    told = attempt(lambda: synthesized(tiny, tmp_path, tmp_path / "build"))
    assert told == {"missing": "tinyODIN has no *.v"}
    (tmp_path / "Spiker").mkdir()
    (tmp_path / "Spiker" / "network.vhd").write_text("entity network is end;")
    told = attempt(lambda: synthesized(spiker, tmp_path, tmp_path / "build"))
    assert told == {"missing": "its VHDL needs GHDL, which is not installed"}
    result = {"designs": {"x": told}, "cycles": {"2%": {"x": told}}}
    assert report(result).count("GHDL, which is not installed") == 2
