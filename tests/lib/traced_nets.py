"""Networks of torch modules as the imports read them, with weights whose sums are exact."""

from importlib import import_module
from typing import Any

import pytest
from somagate.imports.graph import Network, Origin

torch = pytest.importorskip("torch", reason="torch is not installed")


def read(framework: str, net: Any, sample: Any, **more: Any) -> Network:
    modules = import_module(f"somagate.imports.modules.{framework}_modules")
    from somagate.imports.modules import torch_net

    origin = Origin(framework=framework, version=modules.VERSION)
    return torch_net.read(net, sample, modules.cell, origin, taken=modules.TAKEN, **more)


def dyadic(net: Any, seed: int = 0, most: int = 17) -> Any:
    """Make all weights multiples of 1/16, so that every sum is exact."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in net.parameters():
            if p.ndim:
                p.copy_(torch.randint(-12, most, p.shape, generator=generator) / 16)
    return net


def spiking(*shape: int) -> Any:
    return torch.randint(0, 2, shape, generator=torch.Generator().manual_seed(1)).float()
