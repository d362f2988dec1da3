"""States of neurons in a traced network: each step has to start from what the last one left."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from frameworks import norse, snntorch, spikingjelly
from traced_nets import dyadic, read, spiking

torch = pytest.importorskip("torch", reason="torch is not installed")
nn = torch.nn


def same(*_: Any) -> Any:
    return None


def handed_on(lif: Any, alter: Callable[[Any], Any], first: Callable[..., Any]) -> Any:
    """Return a network whose loop hands the state of its neurons on, as `alter` has it."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.lif = dyadic(nn.Linear(4, 3)), lif

        def forward(self, x: Any) -> Any:
            state, spikes = first(self.lif, x), []
            for step in x:
                spk, state = self.lif(self.fc(step), state)
                state = alter(state)
                spikes.append(spk)
            return torch.stack(spikes)

    return Net()


def held(lif: Any, alter: Callable[[Any], Any], first: Callable[[Any], Any] = same) -> Any:
    """Return a network whose neurons hold their state themselves, which `alter` changes."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.lif = dyadic(nn.Linear(4, 3)), lif

        def forward(self, x: Any) -> Any:
            first(self.lif)
            spikes = []
            for step in x:
                spikes.append(self.lif(self.fc(step)))
                alter(self.lif)
            return torch.stack(spikes)

    return Net()


def refused(framework: str, net: Any, x: Any = None) -> str:
    from somagate.imports.modules.torch_net import UnsupportedModuleError

    with pytest.raises(UnsupportedModuleError) as caught:
        read(framework, net, spiking(6, 2, 4) if x is None else x)
    return re.sub(r"\(test_torch_states\.py:\d+: .*?\)(?=;|$)", "(LINE)", str(caught.value))


CHANGED = (
    "layer lif: its state must be what it left in the step before, but something changed it before "
    "step 1 (LINE); leave potentials and currents as the module makes them, as tables can't change "
    "them between steps"
)


def leaky(**more: Any) -> Any:
    return snntorch()[0].Leaky(beta=0.5, **more)


def zeros(lif: Any, x: Any) -> Any:
    return lif.init_leaky()


@pytest.mark.parametrize("alter", [lambda mem: mem, lambda mem: mem.detach().clone()])
def test_states_that_are_handed_on_as_they_are_are_taken(alter: Any) -> None:
    assert read("snntorch", handed_on(leaky(), alter, zeros), spiking(6, 2, 4)).steps == 6


@pytest.mark.parametrize(
    "alter",
    [lambda mem: mem.clamp(min=-0.25), lambda mem: mem * 0.5, lambda mem: mem.mul_(0.5)],
)
def test_a_state_that_is_changed_before_it_is_handed_on_is_refused(alter: Any) -> None:
    assert refused("snntorch", handed_on(leaky(), alter, zeros)) == CHANGED


def test_a_state_that_starts_from_the_sample_is_refused() -> None:
    net = handed_on(leaky(), lambda mem: mem, lambda lif, x: x[0, :, :3] * 0.5)
    assert refused("snntorch", net) == "layer lif: must start from a state of zeros (LINE)"


def halved(*names: str) -> Callable[[Any], None]:
    def alter(lif: Any) -> None:
        for name in names:
            setattr(lif, name, getattr(lif, name) * 0.5)

    return alter


def test_a_state_that_snntorchs_neurons_hold_stays_as_they_left_it() -> None:
    for alter in (
        halved("mem"),
        lambda lif: lif.mem.clamp_(max=0.125),
        lambda lif: lif.reset_mem(),
    ):
        assert refused("snntorch", held(leaky(init_hidden=True), alter)) == CHANGED
    synaptic = snntorch()[0].Synaptic(alpha=0.5, beta=0.5, init_hidden=True)
    assert refused("snntorch", held(synaptic, halved("syn"))) == CHANGED
    ones = held(leaky(init_hidden=True), same, lambda lif: setattr(lif, "mem", torch.ones(2, 3)))
    assert refused("snntorch", ones) == CHANGED.replace(
        "what it left in the step before", "what its rule starts from"
    ).replace("step 1", "step 0")
    fresh = held(leaky(init_hidden=True), same, lambda lif: lif.reset_mem())
    assert read("snntorch", fresh, spiking(6, 2, 4)).steps == 6


def test_a_state_that_changes_from_call_to_call_is_refused() -> None:
    class Net(nn.Sequential):
        def forward(self, x: Any) -> Any:
            halved("mem")(self[1])
            return super().forward(x)

    net = Net(dyadic(nn.Linear(4, 3)), leaky(init_hidden=True))
    told = refused("snntorch", net, spiking(2, 4))
    assert told.startswith("layer 1: its state must be what it left in the step before, but")


def test_a_state_that_spikingjellys_neurons_hold_stays_as_they_left_it() -> None:
    neuron, _ = spikingjelly()
    for alter in (halved("v"), lambda lif: lif.reset()):
        assert refused("spikingjelly", held(neuron.LIFNode(v_reset=0.25), alter)) == CHANGED
    cuba = neuron.CUBALIFNode(c_decay=0.5, v_decay=0.5)
    assert refused("spikingjelly", held(cuba, halved("c"))) == CHANGED
    net = held(neuron.LIFNode(v_reset=0.25), same, lambda lif: lif.reset())
    assert read("spikingjelly", net, spiking(6, 2, 4)).steps == 6


def test_a_state_that_norses_neurons_get_is_what_they_left() -> None:
    n, _ = norse()
    net = handed_on(n.LIFCell(), lambda state: state._replace(v=state.v * 0.5), same)
    assert refused("norse", net) == CHANGED
    assert refused("norse", handed_on(n.LIFCell(), same, same)) == (
        "layer lif: its state must be what it left in the step before, but it starts anew in step "
        "1 (LINE); hand its state on, or make it two modules where it is called twice in a step"
    )
    assert read("norse", handed_on(n.LIFCell(), lambda s: s, same), spiking(6, 2, 4)).steps == 6
