"""How the tests print what they find, where they keep what they compile, and which are quick."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from somagate.sim.bench import native_engine

# Hypothesis warns, so fails, where a network that it found is more than 30,000 characters.
np.set_printoptions(threshold=50, edgeitems=1)

ROOT = Path(__file__).parent
QUICK = (
    *("api/test_front_door.py", "checks", "data", "shown", "hw/plan/test_descriptor.py"),
    *("hw/plan/test_plan.py", "hw/plan/test_plan_file.py", "hw/cost/test_part.py"),
    *("hw/cost/test_coefficients.py", "export/test_layer.py", "export/test_neuron.py"),
    *("export/test_synapse.py", "export/test_tables.py", "sim/verify/test_verdict.py"),
    *("sim/golden/test_neuron_rule.py", "hw/rtl/test_fork.py", "hw/rtl/test_queue.py"),
    *("toolchain/test_tools.py", "test_imports.py", "test_public.py", "test_docs_paths.py"),
)
"""Folders and files of tests that are worth their time at every commit: `make quick`."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the quick tests, and those that open a browser."""
    for item in items:
        name = item.path.relative_to(ROOT).as_posix()
        if any(name == quick or name.startswith(f"{quick}/") for quick in QUICK):
            item.add_marker("quick")
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.fixture(scope="session", autouse=True)
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep compiled models for the whole run, for all of its workers and what they start.

    Hundreds of models run for a moment each, so they are compiled fast rather than well.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "models"
    before = os.environ.get("SOMAGATE_CACHE")
    os.environ["SOMAGATE_CACHE"] = str(folder)
    native_engine.optimize = "-O1"
    yield folder
    del os.environ["SOMAGATE_CACHE"]
    if before is not None:
        os.environ["SOMAGATE_CACHE"] = before
