"""The table's lines to install tools are those that the package has."""

import re
import tomllib
from pathlib import Path

import pytest
from somagate.toolchain.tool_table import SPECS

PROJECT = tomllib.loads(Path(__file__).parents[2].joinpath("pyproject.toml").read_text())["project"]


@pytest.mark.parametrize("spec", [s for s in SPECS if s.distribution], ids=lambda spec: spec.name)
def test_what_installs_a_wheel_brings_its_distribution(spec) -> None:
    extra = re.search(r"somagate\[(\w+)\]", spec.install)
    lines = PROJECT["optional-dependencies"][extra[1]] if extra else PROJECT["dependencies"]
    assert spec.distribution in [re.split(r"[<>=]", line)[0] for line in lines]


def test_a_tool_is_one_program_of_a_wheel_at_the_most() -> None:
    assert not [s.name for s in SPECS if s.script and s.binary]
    assert [s.name for s in SPECS if s.package] == [s.name for s in SPECS if s.binary]
    assert not [s.name for s in SPECS if not s.native and not s.distribution]
