"""A tool that fails, even without a word, is one clear error."""

import sys

import pytest
from somagate.boards.ecp5 import LFE5U_85F
from somagate.boards.flow import BuildError, pack
from somagate.boards.ice40 import ICE40UP5K


def test_a_packer_that_fails_is_named_with_its_reason(tmp_path):
    (tmp_path / "top.config").write_text("nonsense\n")
    with pytest.raises(BuildError) as error:
        pack(LFE5U_85F, tmp_path)
    assert str(error.value) == (
        "Packing failed in ecppack: Failed to process input config: unrecognised config entry "
        f"nonsense (all of it: {tmp_path}/packing.log)"
    )


def test_a_tool_that_says_nothing_is_named_with_its_exit_status(tmp_path, monkeypatch):
    program = tmp_path / "icepack"
    program.write_text(f"#!{sys.executable}\nraise SystemExit(3)\n")
    program.chmod(0o755)
    monkeypatch.setenv("ICEPACK", str(program))
    with pytest.raises(BuildError) as error:
        pack(ICE40UP5K, tmp_path)
    assert str(error.value) == (
        f"Packing failed in icepack: exit status 3 (all of it: {tmp_path}/packing.log)"
    )
