"""The scripts of examples/ run as they are, outside the checkout."""

import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(script: str, folder: Path, *arguments: str) -> str:
    process = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / script), *arguments],
        cwd=folder, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_the_quickstart_ends_with_an_estimate(tmp_path: Path) -> None:
    told = run("quickstart.py", tmp_path)
    assert "98% of 100 images right" in told
    assert "It fits icebreaker" in told


def test_digits_are_verified_and_built(tmp_path: Path) -> None:
    told = run("verify_and_build.py", tmp_path, "built")
    assert "RTL equals golden on 100 samples" in told
    assert "The clock of 24.00 MHz passes" in told
    assert (tmp_path / "built" / "top.bin").stat().st_size > 50_000
