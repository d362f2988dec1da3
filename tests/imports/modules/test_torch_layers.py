"""Layers of torch that compute what their kind does, and no more."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from frameworks import snntorch
from somagate.imports.ops import Linear
from traced_nets import dyadic, read, spiking

torch = pytest.importorskip("torch", reason="torch is not installed")
nn = torch.nn


class Clamped(nn.Linear):
    def forward(self, x: Any) -> Any:
        return super().forward(x).clamp(max=100.0)


class Clipped(nn.Identity):
    def forward(self, x: Any) -> Any:
        return x.clamp(max=100.0)


class Named(nn.Linear):
    """Nothing of its own but a name."""


def behind(layer: Any) -> Any:
    return nn.Sequential(layer, snntorch()[0].Leaky(beta=0.5, init_hidden=True))


def patched() -> Any:
    layer = nn.Linear(4, 4)
    layer.forward = lambda x: 2 * x
    return layer


@pytest.mark.parametrize(
    ("make", "kind", "base"),
    [(lambda: Clamped(4, 4), "Clamped", "Linear"), (Clipped, "Clipped", "Identity"),
     (patched, "Linear", "Linear")],
)  # fmt: skip
def test_a_layer_with_a_forward_of_its_own_is_refused_by_its_class(
    make: Callable[[], Any], kind: str, base: str
) -> None:
    from somagate.imports.modules.torch_net import UnsupportedModuleError

    message = (
        f"layer 0: {kind} must be a plain {base}, not have a forward of its own, of which a sample "
        f"shows a part; take {base}, and call what it adds in the network's forward"
    )
    with pytest.raises(UnsupportedModuleError, match=f"^{re.escape(message)}$"):
        read("snntorch", behind(make()), spiking(2, 4))


def clamps(module: Any, *given: Any) -> None:
    return None


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("register", ["register_forward_hook", "register_forward_pre_hook"])
def test_hooks_of_layers_and_neurons_are_refused_by_name(register: str, index: int) -> None:
    from somagate.imports.modules.torch_net import UnsupportedModuleError

    net = behind(nn.Linear(4, 4))
    getattr(net[index], register)(clamps)
    message = (
        f"layer {index}: {type(net[index]).__name__} must have no forward hooks, which may change "
        "what it reads or makes, but has clamps; remove them, or call them in the network's forward"
    )
    with pytest.raises(UnsupportedModuleError, match=f"^{re.escape(message)}$"):
        read("snntorch", net, spiking(2, 4))


def test_subclasses_and_hooks_that_change_nothing_are_taken() -> None:
    from torch.nn.utils import parametrizations, prune

    class Mine(prune.RandomUnstructured):
        pass

    named = Named(4, 4)
    prune.l1_unstructured(named, "weight", 0.5)
    Mine.apply(named, "bias", amount=2)
    for layer in (Named(4, 4), parametrizations.weight_norm(nn.Linear(4, 4)), named):
        net = behind(layer)
        op = read("snntorch", net, spiking(2, 4)).node("0").op
        assert isinstance(op, Linear)
        assert np.array_equal(op.weight, layer.weight.detach().double().numpy())
    assert len(named._forward_pre_hooks) == 2 and not named.weight.all()


def test_hooks_of_modules_that_hold_others_are_followed() -> None:
    net = behind(dyadic(nn.Linear(4, 4)))
    outer = nn.Sequential(nn.Sequential(net[0]), net[1])
    outer[0].register_forward_hook(lambda module, args, out: out * 0.5)
    network = read("snntorch", outer, spiking(2, 4))
    assert [node.name for node in network.nodes] == ["0.0", "mul", "1"]
