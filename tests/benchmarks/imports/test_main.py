"""Networks of frameworks' documentation have its layers, and what is measured of them is told."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from frameworks import norse, snntorch, spikingjelly

torch = pytest.importorskip("torch", reason="torch is not installed")


@pytest.fixture
def main() -> Any:
    for framework in (snntorch, spikingjelly, norse):
        framework()
    return importlib.import_module("benchmarks.imports.__main__")


def test_the_networks_have_the_sizes_of_their_documentation(main: Any) -> None:
    def sizes(name: str) -> list[tuple[int, ...]]:
        net = main.EXAMPLES[name].build()
        return [tuple(p.shape) for n, p in net.named_parameters() if n.endswith("weight")]

    assert sizes("snntorch-readme") == [(8, 1, 5, 5), (16, 8, 5, 5), (10, 256)]
    assert sizes("snntorch-5") == [(1000, 784), (10, 1000)]
    assert sizes("snntorch-6") == [(12, 1, 5, 5), (64, 12, 5, 5), (10, 1024)]
    assert sizes("snntorch-population") == [(128, 784), (500, 128)]
    assert sizes("spikingjelly-lif") == [(10, 784)]
    dense = [shape for shape in sizes("spikingjelly-csnn-128") if len(shape) == 2]
    assert dense == [(2048, 6272), (10, 2048)]
    assert sizes("norse-mnist")[:3] == [(32, 1, 5, 5), (64, 32, 5, 5), (1024, 1024)]


def test_a_network_is_trained_once_and_measured(
    main: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    one = replace(main.EXAMPLES["snntorch-regression-2"], epochs=1, images=64, verified=0)
    rng = np.random.default_rng(0)
    fake = torch.tensor(rng.integers(0, 256, (64, 1, 28, 28)) / 255).float()
    labels = torch.tensor(rng.integers(0, 10, 64))
    monkeypatch.setattr(main, "images", lambda folder, name, split, n: (fake[:n], labels[:n]))
    first = main.trained(one, tmp_path, tmp_path)
    again = main.trained(one, tmp_path, tmp_path)
    for a, b in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)
    found = main.measure(one, tmp_path, tmp_path, 20)
    assert found["weights"] == 784 * 128 + 128 * 128 + 128 * 10 + 100 and found["refused"] is None
    assert found["quantization"]["accuracy_source"] == found["accuracy_framework"]
    text = main.report.report({one.name: found})
    assert "| snntorch: regression, part II | mnist | 1 × 64 | 118,116 | 10 | 20 |" in text
    assert "| not simulated |" in text and "Potentials of every step" not in text


def test_lines_are_followed_in_every_step(main: Any, tmp_path: Path) -> None:
    from dataclasses import replace

    one = replace(main.EXAMPLES["snntorch-regression-1"], epochs=1, images=8, verified=0)
    found = main.measure(one, tmp_path, tmp_path, 6)
    assert found["error"]["apart"] < 0.2 and "accuracy_framework" not in found
    text = main.report.page({one.name: found})
    assert "## Potentials of every step" in text and "## Predictions" not in text
