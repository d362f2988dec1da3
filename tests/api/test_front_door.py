"""What `import somagate` offers, and that it is all that it says."""

import subprocess
import sys
from pathlib import Path

import pytest
import somagate as sg


def test_every_public_name_is_there_and_documented() -> None:
    assert sg.__all__ == sorted(sg.__all__)
    for name in sg.__all__:
        assert getattr(sg, name).__doc__, name
    assert set(sg.__all__) <= set(dir(sg))


def test_no_module_bears_a_public_function_s_name() -> None:
    modules = {path.stem for path in Path(sg.__file__).parent.glob("*.py")}
    wings = {"boards", "checks", "cli", "data", "export", "hw", "imports", "model", "shown", "sim"}
    assert not (modules | wings | {"toolchain", "workers"}) & set(sg.__all__)


def test_a_name_that_is_not_there_is_named() -> None:
    with pytest.raises(AttributeError, match="^module 'somagate' has no attribute 'Devices'$"):
        sg.__getattr__("Devices")


def test_the_version_is_that_of_the_package() -> None:
    assert sg.__version__ == "0.1.0"


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import somagate", ["amaranth", "numpy", "rich", "torch"]),
        ("import somagate as sg; sg.load, sg.simulate, sg.samples", ["amaranth", "torch"]),
        ("import somagate as sg; sg.plan, sg.verify, sg.build", ["torch"]),
    ],
)
def test_nothing_is_imported_before_it_is_needed(code: str, absent: list[str]) -> None:
    check = f"{code}; import sys; print(sorted(set({absent}) & set(sys.modules)))"
    process = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert process.stdout == "[]\n", process.stderr
