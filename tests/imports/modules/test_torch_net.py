"""Networks of torch modules, read from one forward pass, against what their framework computes."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from frameworks import norse, snntorch, spikingjelly
from somagate.imports.graph import (
    Affine,
    Conv,
    Delay,
    Flatten,
    Linear,
    Network,
    Neuron,
    Pool,
)  # fmt: skip
from somagate.imports.reference import run
from traced_nets import dyadic, read, spiking

torch = pytest.importorskip("torch", reason="torch is not installed")
nn, F = torch.nn, torch.nn.functional
KINDS: dict[Any, str] = {
    Affine: "affine", Conv: "conv", Delay: "delay", Flatten: "flatten", Linear: "linear",
    Neuron: "neuron", Pool: "pool",
}  # fmt: skip


def wired(network: Network) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(node.name, KINDS[type(node.op)], node.sources) for node in network.nodes]


def agrees(network: Network, x: Any, spikes: Any) -> None:
    theirs = spikes.detach().numpy()
    ours = run(network, x.numpy()).spikes[network.output]
    assert np.array_equal(ours, theirs.reshape(ours.shape))
    assert 0 < ours.sum() < ours.size


def test_a_loop_over_time_is_unrolled_to_one_step() -> None:
    snn, _ = snntorch()

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1, self.lif1 = nn.Linear(12, 9), snn.Leaky(beta=0.5)
            self.fc2, self.lif2 = nn.Linear(9, 4), snn.Leaky(beta=0.5)

        def forward(self, x: Any) -> Any:
            mem1, mem2 = self.lif1.init_leaky(), self.lif2.init_leaky()
            spikes, mems = [], []
            for _ in range(6):
                spk1, mem1 = self.lif1(self.fc1(x), mem1)
                spk2, mem2 = self.lif2(self.fc2(spk1), mem2)
                spikes.append(spk2)
                mems.append(mem2)
            return torch.stack(spikes), torch.stack(mems)

    net, x = dyadic(Net()), spiking(3, 12)
    network = read("snntorch", net, x)
    assert wired(network) == [
        ("fc1", "linear", ("input",)),
        ("lif1", "neuron", ("fc1",)),
        ("fc2", "linear", ("lif1",)),
        ("lif2", "neuron", ("fc2",)),
    ]
    assert (network.steps, network.constant, network.readout) == (6, True, "count")
    agrees(network, x.expand(6, 3, 12), net(x)[0])


def test_the_readme_network_of_snntorch_pools_currents() -> None:
    snn, _ = snntorch()

    def leaky(**more: Any) -> Any:
        return snn.Leaky(beta=0.5, init_hidden=True, **more)

    net = dyadic(
        nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.MaxPool2d(2), leaky(), nn.Conv2d(4, 6, 3), nn.MaxPool2d(2),
            leaky(), nn.Flatten(), nn.Linear(54, 5), leaky(output=True),
        ),
        most=14,
    )  # fmt: skip
    x = spiking(5, 2, 1, 18, 18)
    with torch.no_grad():
        spikes = torch.stack([net(step)[0] for step in x])
    states = [module.mem.clone() for module in net if isinstance(module, snn.Leaky)]
    net.train()
    network = read("snntorch", net, x[0])
    kinds = [kind for _, kind, _ in wired(network)]
    assert kinds[:6] == ["conv", "pool", "neuron", "conv", "pool", "neuron"]
    assert network.steps is None
    agrees(network, x, spikes)
    after = [module.mem for module in net if isinstance(module, snn.Leaky)]
    assert all(torch.equal(a, b) for a, b in zip(states, after, strict=True))
    assert net.training and net[2].training


def test_residuals_norms_and_loops_of_ones_own_are_followed() -> None:
    snn, _ = snntorch()

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.c1, self.b1 = nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4, eps=0)
            self.c2 = nn.Conv2d(4, 4, 3, padding=1, bias=False)
            self.b2 = nn.BatchNorm2d(4, eps=0, affine=False)
            self.l1, self.l2, self.l3 = (snn.Leaky(beta=0.5) for _ in range(3))
            self.drop, self.fc, self.back = nn.Dropout(0.5), nn.Linear(64, 3), nn.Linear(3, 3)

        def forward(self, x: Any) -> Any:
            m1, m2, m3 = self.l1.init_leaky(), self.l2.init_leaky(), self.l3.init_leaky()
            s3, out = torch.zeros(x.shape[1], 3), []
            for step in x:
                s1, m1 = self.l1(self.b1(self.c1(step)), m1)
                s2, m2 = self.l2(self.b2(self.c2(self.drop(s1))) * 0.5 + s1, m2)
                pooled = F.avg_pool2d(s2, 2).view(x.shape[1], -1)
                s3, m3 = self.l3(self.fc(pooled) + self.back(s3), m3)
                out.append(s3)
            return torch.stack(out)

    net, x = dyadic(Net()).eval(), spiking(7, 2, 2, 8, 8)
    for norm in (net.b1, net.b2):
        norm.running_mean.fill_(0.25)
        norm.running_var.fill_(4)
    network = read("snntorch", net, x)
    assert network.node("back").sources == ("l3.delayed",)
    assert network.node("l2").sources == ("l1", "mul")
    assert network.steps == 7 and not network.constant
    agrees(network, x, net(x))


def test_recurrent_layers_of_snntorch_are_read() -> None:
    snn, _ = snntorch()
    layers: list[Callable[[], Any]] = [
        lambda: snn.RLeaky(beta=0.5, linear_features=8, reset_mechanism="zero"),
        lambda: snn.RLeaky(beta=0.5, V=0.5, all_to_all=False, reset_delay=False),
        lambda: snn.RSynaptic(alpha=0.5, beta=0.5, linear_features=8, reset_mechanism="zero"),
        lambda: snn.RSynaptic(alpha=0.5, beta=0.5, linear_features=8),
        lambda: snn.Synaptic(alpha=0.5, beta=0.75, reset_mechanism="zero", reset_delay=False),
    ]
    for make in layers:
        layer = make()
        layer.init_hidden = True
        net, x = dyadic(nn.Sequential(nn.Linear(6, 8), layer)), spiking(12, 2, 6)
        with torch.no_grad():
            spikes = torch.stack([net(step) for step in x])
        agrees(read("snntorch", net, x[0]), x, spikes)


def test_parameters_of_each_neuron_are_spread_as_torch_does() -> None:
    snn, _ = snntorch()
    beta, threshold = torch.arange(6) / 8, torch.arange(1, 7) / 4
    layer = snn.Leaky(beta=beta, threshold=threshold, init_hidden=True)
    net, x = dyadic(nn.Sequential(nn.Linear(4, 6), layer)), spiking(9, 2, 4)
    with torch.no_grad():
        spikes = torch.stack([net(step) for step in x])
    agrees(read("snntorch", net, x[0]), x, spikes)
    channels = snn.Leaky(beta=(torch.arange(3) / 4)[:, None, None], init_hidden=True)
    network = read("snntorch", nn.Sequential(nn.Conv2d(1, 3, 3), channels), torch.ones(1, 1, 5, 5))
    assert network.neurons["1"].decay.shape == (3, 3, 3)


def test_lines_are_maps_of_one_row() -> None:
    snn, _ = snntorch()

    def leaky() -> Any:
        return snn.Leaky(beta=0.5, init_hidden=True)

    net = dyadic(
        nn.Sequential(
            nn.Conv1d(2, 4, 3, stride=2, padding=1, dilation=2), leaky(), nn.AvgPool1d(2),
            nn.Flatten(), nn.Linear(16, 3), leaky(),
        )
    )  # fmt: skip
    x = spiking(6, 2, 2, 17)
    with torch.no_grad():
        spikes = torch.stack([net(step) for step in x])
    network = read("snntorch", net, x[0])
    assert network.input_shape == (2, 1, 17)
    agrees(network, x[:, :, :, None, :], spikes)


def test_spikingjelly_takes_all_steps_at_once() -> None:
    neuron, _ = spikingjelly()
    from spikingjelly.activation_based import functional, layer

    class CSNN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv_fc = nn.Sequential(
                layer.Conv2d(1, 4, 3, padding=1, bias=False), layer.BatchNorm2d(4),
                neuron.IFNode(), layer.MaxPool2d(2, 2), layer.Flatten(), layer.Linear(64, 6),
                neuron.LIFNode(decay_input=False, v_reset=-0.25),
                layer.Linear(6, 5, bias=False), neuron.ParametricLIFNode(v_reset=None),
            )  # fmt: skip
            functional.set_step_mode(self, "m")

        def forward(self, x: Any) -> Any:
            x_seq = x.unsqueeze(0).repeat(4, 1, 1, 1, 1)
            return self.conv_fc(x_seq).mean(0)

    net, x = dyadic(CSNN()).eval(), spiking(3, 1, 8, 8)
    network = read("spikingjelly", net, x)
    assert (network.steps, network.constant, network.input_shape) == (4, True, (1, 8, 8))
    functional.reset_net(net)
    rate = run(network, x.expand(4, 3, 1, 8, 8).numpy()).spikes[network.output].mean(0)
    assert np.array_equal(rate, net(x).detach().numpy()) and rate.any()


def test_spikingjellys_containers_delays_and_currents_are_read() -> None:
    neuron, _ = spikingjelly()
    from spikingjelly.activation_based import functional, layer

    cuba = neuron.CUBALIFNode(c_decay=0.5, v_decay=0.75)
    norm = nn.BatchNorm2d(2, eps=0, affine=False)
    net = dyadic(
        nn.Sequential(
            layer.SeqToANNContainer(nn.Conv2d(1, 2, 3), norm), cuba,
            layer.Flatten(), layer.Delay(2), layer.Linear(32, 4), neuron.IFNode(),
        )
    ).eval()  # fmt: skip
    functional.set_step_mode(net, "m")
    x = spiking(8, 2, 1, 6, 6)
    network = read("spikingjelly", net, x)
    assert network.steps == 8 and network.node("4").sources == ("3",)
    functional.reset_net(net)
    agrees(network, x, net(x))


@pytest.mark.parametrize("mode", ["s", "m"])
def test_spikingjellys_infinite_threshold_is_a_readout_by_potential(mode: str) -> None:
    from somagate.imports.modules.torch_net import UnsupportedModuleError

    neuron, _ = spikingjelly()
    from spikingjelly.activation_based import functional, layer

    never = neuron.LIFNode(tau=2.0, v_threshold=float("inf"))
    net = nn.Sequential(layer.Linear(6, 8), neuron.IFNode(), layer.Linear(8, 3), never)
    functional.set_step_mode(dyadic(net), mode)
    x = spiking(7, 4, 6) if mode == "m" else spiking(4, 6)
    network = read("spikingjelly", net, x)
    assert network.readout == "potential" and network.neurons["3"].threshold is None
    assert never.v == 0.0  # as before
    frames = x if mode == "m" else x.expand(7, 4, 6)
    done = run(network, frames.numpy())
    for part in [frames] if mode == "m" else frames:
        net(part)
    assert np.array_equal(done.kept["3"][-1], never.v.detach().numpy()) and done.kept["3"].any()
    never.v_reset = None
    message = (
        "layer 3: v_reset must be a number where v_threshold is infinite, not None: SpikingJelly "
        "subtracts 0 times infinity then, which is no number"
    )
    with pytest.raises(UnsupportedModuleError, match=f"^{re.escape(message)}$"):
        read("spikingjelly", net, x)


def test_a_potential_that_the_rule_does_not_say_is_found_in_a_layer_that_never_fires() -> None:
    from somagate.imports.modules.torch_net import UnsupportedModuleError

    neuron, _ = spikingjelly()

    never = neuron.IFNode(v_threshold=float("inf"))

    def twice(x: Any) -> Any:
        never.v = never.v + 2 * x
        return torch.zeros_like(x)

    never.single_step_forward = twice
    net = dyadic(nn.Sequential(nn.Linear(6, 3), never))
    with pytest.raises(UnsupportedModuleError, match="^layer 1: neurons must follow the rule"):
        read("spikingjelly", net, spiking(4, 6))


def test_norses_neurons_are_read() -> None:
    n, _ = norse()
    half = n.LIFBoxParameters(tau_mem_inv=torch.tensor(500.0))
    p = n.LIFParameters(tau_mem_inv=torch.tensor(500.0), tau_syn_inv=torch.tensor(250.0))
    net = n.SequentialState(
        nn.Linear(6, 8), n.LIFBoxCell(half), nn.Linear(8, 8), n.LIFCell(p), nn.Linear(8, 4),
        n.IAFCell(), nn.Linear(4, 3), n.LIBoxCell(),
    )  # fmt: skip
    dyadic(net, 4)
    x, state, spikes = spiking(12, 2, 6), None, []
    network = read("norse", net, x[0])
    assert network.readout == "potential"
    net.return_hidden = True
    with torch.no_grad():
        for step in x:
            hidden, state = net(step, state)
            spikes.append(hidden[5])
    done = run(network, x.numpy())
    assert np.array_equal(done.spikes["5"], torch.stack(spikes).numpy()) and done.spikes["5"].any()


def test_norses_recurrent_example_is_read() -> None:
    n, _ = norse()

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            p = n.LIFParameters(v_th=torch.tensor(0.25))
            self.l1, self.fc, self.out = n.LIFRecurrentCell(16, 8, p=p), nn.Linear(8, 3), n.LICell()

        def forward(self, x: Any) -> Any:
            s1 = so = None
            voltages = []
            for step in range(x.shape[0]):
                z = x[step, :, :].view(-1, 16)
                z, s1 = self.l1(z, s1)
                vo, so = self.out(self.fc(z), so)
                voltages.append(vo)
            return torch.stack(voltages)

    net, x = dyadic(Net()), spiking(9, 2, 4, 4)
    network = read("norse", net, x)
    assert network.node("l1").sources == ("l1.inner", "l1.recurrent")
    potential = run(network, x[:, :, :, None, :].numpy()).kept["out"]
    assert np.allclose(potential, net(x).detach().numpy(), atol=1e-4)


def test_norses_mnist_example_is_read_as_it_is() -> None:
    norse()
    from norse.torch.models.conv import ConvNet4

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rsnn = ConvNet4(method="super")

        def forward(self, x: Any) -> Any:
            m, _ = torch.max(self.rsnn(x), 0)
            return F.log_softmax(m, dim=1)

    torch.manual_seed(0)
    net, x = Net(), spiking(5, 2, 1, 28, 28)
    with torch.no_grad():
        for layer in (net.rsnn.conv1, net.rsnn.conv2, net.rsnn.fc1):
            layer.weight *= 8
    network = read("norse", net, x)
    assert (network.readout, network.steps, network.output) == ("largest", 5, "rsnn.out")
    done = run(network, x.numpy())
    assert all(done.spikes[f"rsnn.lif{layer}"].any() for layer in range(3))
    with torch.no_grad():
        wanted = net.rsnn(x).numpy()
    assert np.allclose(done.kept["rsnn.out"], wanted, atol=1e-4) and wanted.any()


def test_a_relu_of_what_may_be_negative_is_not_left_out() -> None:
    from somagate.imports.modules.torch_net import UnsupportedModuleError

    snn, _ = snntorch()
    net = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), snn.Leaky(beta=0.5, init_hidden=True))
    with pytest.raises(UnsupportedModuleError, match="^layer 2: it must read what layers .* relu"):
        read("snntorch", net, spiking(2, 6))


def test_time_may_be_the_second_axis_and_functions_stand_for_modules() -> None:
    snn, _ = snntorch()

    class Net(nn.Module):
        def __init__(self, unbind: bool) -> None:
            super().__init__()
            self.conv, self.fc = nn.Conv2d(1, 3, 3), nn.Linear(12, 3, bias=False)
            self.l1, self.l2 = snn.Leaky(beta=0.5), snn.Leaky(beta=0.5)
            self.unbind = unbind

        def forward(self, x: Any) -> Any:
            m1, m2, out = self.l1.init_leaky(), self.l2.init_leaky(), []
            steps = x.unbind(1) if self.unbind else [x[:, t] for t in range(x.shape[1])]
            for step in steps:
                current = F.conv2d(step, self.conv.weight, self.conv.bias, stride=1)
                s1, m1 = self.l1(current / 2, m1)
                flat = torch.flatten(F.adaptive_avg_pool2d(s1, 2), 1)
                s2, m2 = self.l2(F.linear(flat, self.fc.weight), m2)
                out.append(s2)
            return torch.stack(out)

    x = spiking(3, 8, 1, 6, 6)
    for unbind in (False, True):
        net = dyadic(Net(unbind))
        network = read("snntorch", net, x)
        assert (network.layout, network.steps, network.input_shape) == ("batch", 8, (1, 6, 6))
        agrees(network, x.swapaxes(0, 1), net(x))


def test_layers_of_brevitas_are_the_weights_that_their_quantizer_makes() -> None:
    snn, _ = snntorch()

    class QuantLinear(nn.Linear):
        """As brevitas.nn.QuantLinear: it computes with `quant_weight()`."""

        def quant_weight(self) -> Any:
            return type("QuantTensor", (), {"value": torch.round(self.weight * 4) / 4})()

        def forward(self, x: Any) -> Any:
            return F.linear(x, self.quant_weight().value, self.bias)

    net = nn.Sequential(QuantLinear(6, 4), snn.Leaky(beta=0.5, init_hidden=True))
    network = read("snntorch", net, spiking(2, 6))
    op = network.node("0").op
    assert isinstance(op, Linear) and np.array_equal(op.weight * 4, np.round(op.weight * 4))
    net[0].is_bias_quant_enabled = True
    from somagate.imports.modules.torch_net import UnsupportedModuleError

    message = "layer 0: QuantLinear bias must be left as it is, not quantized; pass bias_quant=None"
    with pytest.raises(UnsupportedModuleError, match=f"^{re.escape(message)}$"):
        read("snntorch", net, spiking(2, 6))


def regression(reduce: Any) -> Any:
    """A network as snnTorch's tutorial on regression has it, read by its potential."""
    snn, _ = snntorch()

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            beta, threshold = torch.arange(1, 7) / 8, torch.arange(2, 8) / 4
            self.fc = nn.Linear(1, 6)
            self.lif = snn.Leaky(beta=beta, threshold=threshold, learn_beta=True)
            self.fc_out, self.out = nn.Linear(6, 1), snn.Leaky(beta=0.5, reset_mechanism="none")

        def forward(self, x: Any) -> Any:
            mem, mem_out, record = self.lif.init_leaky(), self.out.init_leaky(), []
            for step in range(x.shape[0]):
                spk, mem = self.lif(self.fc(x[step, :, :]), mem)
                _, mem_out = self.out(self.fc_out(spk), mem_out)
                record.append(mem_out)
            return reduce(torch.stack(record))

    return dyadic(Net())


def test_an_answer_of_potentials_is_told_by_what_the_network_returns() -> None:
    from somagate.imports.modules.torch_net import UnsupportedModuleError

    x = spiking(7, 3, 1)
    net = regression(lambda record: record)
    network = read("snntorch", net, x)
    assert network.readout == "potential"
    assert np.array_equal(run(network, x.numpy()).compared["out"], net(x).detach().numpy())
    with pytest.raises(UnsupportedModuleError) as caught:
        read("snntorch", regression(lambda record: record.mean(0)), x)
    assert re.fullmatch(
        r"the answer must be the potentials' last, largest or sum, not the mean over steps "
        r"\(test_torch_net.py:\d+: .*\); pass readout='potential', 'largest' or 'sum' to take "
        r"that, or 'every' for all steps",
        str(caught.value),
    )
    maximum = regression(lambda record: record.max(0).values)
    assert read("snntorch", maximum, x).readout == "largest"
    assert read("snntorch", regression(lambda record: record.sum(0)), x).readout == "sum"
    assert read("snntorch", maximum, x, readout="potential").readout == "potential"


@pytest.mark.parametrize(
    ("readout", "reduce"),
    [("potential", lambda record: record[-1]), ("largest", lambda record: record.max(0).values),
     ("sum", lambda record: record.sum(0)), ("every", lambda record: record.transpose(0, 1))],
)  # fmt: skip
def test_an_answer_of_potentials_is_the_networks_own_numbers(readout: str, reduce: Any) -> None:
    import somagate as sg

    x = spiking(7, 3, 1)
    net = regression(reduce)
    tables = sg.from_snntorch(net, x, readout=readout)
    output = sg.simulate(tables, sg.as_input(tables, x)).output
    with torch.no_grad():
        wanted = net(x).numpy()
    assert np.array_equal(sg.as_output(tables, output), wanted) and wanted.any()


@pytest.mark.parametrize(("readout", "voters"), [("count", 1), ("count", 3), ("first", 1)])
def test_an_answer_of_spikes_is_the_networks_own(readout: str, voters: int) -> None:
    import snntorch as snn
    import somagate as sg

    net = dyadic(nn.Sequential(nn.Linear(5, 6), snn.Leaky(beta=0.5, init_hidden=True)))
    x = torch.ones(4, 5)
    tables = sg.from_snntorch(net, x, steps=6, readout=readout, voters=voters)
    trace = sg.simulate(tables, sg.as_input(tables, x))
    net[1].reset_hidden()
    with torch.no_grad():
        spikes = torch.stack([net(x) for _ in range(6)]).numpy()
    steps = np.arange(6, 0, -1)[:, None, None]
    values = (spikes * steps).max(0) if readout == "first" else spikes.sum(0)
    assert np.array_equal(trace.output, values.reshape(4, -1, voters).sum(-1)) and values.any()


STEPWISE = (
    "the loop must take every step of the sample in order, neurons start anew before it alone, and "
    "a module that is called twice in a step must be two modules, as it shares its state"
)


class Wrong(nn.Module):
    def __init__(self, forward: Callable[["Wrong", Any], Any]) -> None:
        super().__init__()
        snn, _ = snntorch()
        self.fc, self.fc2 = nn.Linear(4, 4), nn.Linear(4, 4)
        self.lif, self.lif2 = snn.Leaky(beta=0.5, init_hidden=True), snn.Leaky(beta=0.5)
        self._forward = forward

    def forward(self, x: Any) -> Any:
        return self._forward(self, x)


@pytest.mark.parametrize(
    ("forward", "message"),
    [
        (lambda net, x: net.lif(net.fc2(net.lif(net.fc(x)))),
         ("layer lif must read the same in every time step, not fc in step 0 and fc2 1 step ago "
         f"in step 1; {STEPWISE}")),
        (lambda net, x: net.lif(torch.relu(net.fc(x))),
         "layer lif: it must read what layers that are taken make, not relu (LINE)"),
        (lambda net, x: net.lif(net.fc2(net.lif2(net.fc(x))[1])),
         "layer fc2 must read spikes, not the potential or current of lif2 (LINE)"),
        (lambda net, x: net.fc2(net.lif(net.fc(x))),
         ("layer fc2: the output must be that of neurons, not of a Linear; put neurons behind it, "
         "or one that never fires, to read potentials of (behind lif)")),
        (lambda net, x: net.lif(F.dropout(net.fc(x))),
         ("layer net: dropout must be off once a network is trained: pass training=self.training "
         "(LINE)")),
        (lambda net, x: net.lif(net.fc(x) + torch.ones(4)),
         ("layer lif: it must read what layers that are taken make, not a sum with what isn't made "
         "of the sample, nor a layer's bias (LINE)")),
        (lambda net, x: net.lif(net.fc(x) + net.fc2(torch.ones(2, 4))),
         ("layer lif: it must read what layers that are taken make, not a sum with what isn't made "
         "of the sample, nor a layer's bias (LINE)")),
        (lambda net, x: net.lif(F.avg_pool2d(net.fc(x)[:, None, None], 2, ceil_mode=True)),
         "layer lif: it must read what layers that are taken make, not getitem (LINE)"),
        (lambda net, x: net.lif2(net.fc(x), torch.ones(2, 4))[0],
         "layer lif2: must start from a state of zeros (LINE)"),
        (lambda net, x: net.lif(net.fc(torch.ones(2, 4))),
         "layer lif: must read what depends on the sample (LINE)"),
    ],
)  # fmt: skip
def test_what_can_not_be_followed_is_refused_with_its_line(
    forward: Callable[[Wrong, Any], Any], message: str
) -> None:
    from somagate.imports.modules.torch_net import UnsupportedModuleError

    with pytest.raises(UnsupportedModuleError) as caught:
        read("snntorch", Wrong(forward), torch.rand(2, 4))
    shown = re.sub(r"\(test_torch_net\.py:\d+: .*\)$", "(LINE)", str(caught.value))
    assert shown == message


def stepped(order: Callable[[Any], Any], anew: int = -1) -> Any:
    """Return a forward that takes steps in an order, and starts neurons anew before one."""

    def forward(net: Any, x: Any) -> Any:
        mem, out = net.lif2.init_leaky(), []
        for count, step in enumerate(order(x)):
            if count == anew:
                mem = net.lif2.init_leaky()
            spk, mem = net.lif2(net.fc(step), mem)
            out.append(spk)
        return torch.stack(out)

    return forward


def late_by_two(net: Any, x: Any) -> Any:
    """Feed spikes back two steps later, by hand."""
    mem, out = net.lif2.init_leaky(), [torch.zeros(2, 4), torch.zeros(2, 4)]
    for step in x:
        spk, mem = net.lif2(net.fc(step) + net.fc2(out[-2]), mem)
        out.append(spk)
    return torch.stack(out[2:])


@pytest.mark.parametrize(
    ("forward", "message"),
    [(stepped(lambda x: [x[t] for t in range(0, len(x), 2)]),
      "layer lif2: must read fc of the same time step or an earlier one, not of a later one; "),
     (stepped(lambda x: [x[t] for t in reversed(range(len(x)))]),
      "layer lif2: must read fc of the same time step or an earlier one, not of a later one; "),
     (stepped(lambda x: x, 3),
      "layer lif2: must read fc of the same time step or an earlier one, not of a later one; "),
     (late_by_two, ("layer lif2 must read the same in every time step, not fc2 of zeros + fc in "
      "step 1 and fc + fc2 2 steps ago in step 2; "))],
)  # fmt: skip
def test_a_loop_that_is_none_over_time_is_refused_with_all_that_may_be_wrong(
    forward: Any, message: str
) -> None:
    from somagate.imports.modules.torch_net import UnsupportedModuleError

    with pytest.raises(UnsupportedModuleError) as caught:
        read("snntorch", Wrong(forward), spiking(6, 2, 4))
    assert str(caught.value) == message + STEPWISE


def test_one_module_may_be_two_layers_one_behind_the_other() -> None:
    def forward(net: Any, x: Any) -> Any:
        first, maps = net.lif2.init_leaky(), []
        for step in x:
            spk, first = net.lif2(net.fc(step), first)
            maps.append(spk)
        second, out = net.lif2.init_leaky(), []
        for spk in maps:
            spk, second = net.lif2(net.fc2(spk), second)
            out.append(spk)
        return torch.stack(out)

    net, x = dyadic(Wrong(forward), most=28), spiking(12, 2, 4)
    network = read("snntorch", net, x)
    assert list(network.neurons) == ["lif2", "lif2_2"]
    agrees(network, x, net(x))


def modules_that_are_not_taken() -> list[tuple[str, Callable[[], Any], str]]:
    from importlib import import_module

    def snn(name: str, **settings: Any) -> Callable[[], Any]:
        return lambda: getattr(snntorch()[0], name)(init_hidden=True, **settings)

    def sj(name: str) -> Callable[[], Any]:
        return lambda: getattr(spikingjelly()[0], name)()

    def sj_layer(name: str, *args: Any) -> Callable[[], Any]:
        spikingjelly()
        home = import_module("spikingjelly.activation_based.layer")
        return lambda: nn.Sequential(getattr(home, name)(*args), spikingjelly()[0].IFNode())

    def n(name: str) -> Callable[[], Any]:
        return lambda: getattr(norse()[0], name)()

    taken = "Leaky, RLeaky, Synaptic and RSynaptic"
    jelly = "IFNode, LIFNode, ParametricLIFNode and CUBALIFNode"
    theirs = (
        "IAFCell, LIFBoxCell, LIFCell, LIF, LIFRecurrentCell, LIFRecurrent, LIBoxCell, LICell, "
        "LILinearCell"
    )
    return [
        ("snntorch", snn("Alpha", alpha=0.9, beta=0.8),
         f"neurons must be snnTorch's {taken}, not Alpha; train with one of those"),
        ("snntorch", snn("Lapicque", beta=0.8),
         f"neurons must be snnTorch's {taken}, not Lapicque; train with one of those"),
        ("snntorch", snn("Leaky", beta=0.5, graded_spikes_factor=2.0),
         "Leaky graded_spikes_factor must be 1, not 2.0; scale the next layer's weights instead"),
        ("snntorch", snn("Leaky", beta=0.5, state_quant=lambda x: x),
         "Leaky state_quant must be False, not set"),
        ("snntorch", snn("Leaky", beta=torch.rand(3)),
         ("decay must have one value, or one for each of the (4,) neurons, not the shape "
         "(3,)")),
        ("spikingjelly", sj("KLIFNode"),
         f"neurons must be SpikingJelly's {jelly}, not KLIFNode; train with one of those"),
        ("spikingjelly", sj("QIFNode"),
         f"neurons must be SpikingJelly's {jelly}, not QIFNode; train with one of those"),
        ("spikingjelly", sj_layer("VotingLayer", 2),
         ("VotingLayer must be left out of the network, as the answer is added up behind it; pass "
         "voters=2")),
        ("spikingjelly", sj_layer("SynapseFilter"),
         "SynapseFilter must not be in the network, as it isn't taken"),
        ("norse", n("LSNNCell"),
         f"neurons must be Norse's {theirs}, LI, not LSNNCell; train with one of those"),
    ]  # fmt: skip


@pytest.mark.parametrize("index", range(10))
def test_neurons_that_are_not_taken_are_refused_by_name(index: int) -> None:
    from somagate.imports.modules.torch_net import UnsupportedModuleError

    framework, make, message = modules_that_are_not_taken()[index]
    layer = make()
    name = "1.0" if isinstance(layer, nn.Sequential) else "1"
    with pytest.raises(UnsupportedModuleError, match=f"^layer {name}: {re.escape(message)}$"):
        read(framework, nn.Sequential(nn.Linear(4, 4), layer), torch.rand(2, 4))


def test_parameters_of_neurons_that_are_not_taken_are_refused_with_the_layer() -> None:
    from somagate.imports.modules.torch_net import UnsupportedModuleError

    snn, _ = snntorch()
    rows = snn.Leaky(beta=0.5, threshold=torch.ones(4, 1), init_hidden=True)
    message = (
        "layer 1: Neuron threshold must have 0 or 1 or 3 axes, not 2: (4, 1); parameters of a "
        "Leaky must be finite numbers: one, one a channel of maps as (channels, 1, 1), or one a "
        "neuron"
    )
    with pytest.raises(UnsupportedModuleError, match=f"^{re.escape(message)}$"):
        read("snntorch", nn.Sequential(nn.Conv2d(1, 2, 3), rows), torch.rand(2, 1, 6, 6))
    n, _ = norse()
    never = n.LIFBoxCell(n.LIFBoxParameters(v_th=torch.tensor(float("inf"))))
    message = (
        "layer 1: LIFBoxCell v_th must be finite, not inf; to read potentials take neurons that "
        "never fire, LICell, LIBoxCell or LI"
    )
    with pytest.raises(UnsupportedModuleError, match=f"^{re.escape(message)}$"):
        read("norse", n.SequentialState(nn.Linear(4, 3), never), torch.rand(2, 4))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (lambda: nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular"),
         "Conv2d padding_mode must be 'zeros', not 'circular'"),
        (lambda: nn.Conv2d(1, 2, 2, padding="same"),
         "Conv2d padding 'same' must come with odd kernels, not (2, 2)"),
        (lambda: nn.MaxPool2d(2, ceil_mode=True), "MaxPool2d ceil_mode must be False, not True"),
        (lambda: nn.MaxPool2d(2, dilation=2), "MaxPool2d dilation must be 1, not 2"),
        (lambda: nn.AvgPool2d(2, divisor_override=3),
         "AvgPool2d divisor_override must be None, not 3"),
        (lambda: nn.AvgPool2d(2, padding=1, count_include_pad=False),
         "AvgPool2d count_include_pad must be True, not False"),
        (lambda: nn.AdaptiveAvgPool2d(4),
         "AdaptiveAvgPool2d output_size must divide the map of (1, 6, 6), not be (4, 4)"),
        (lambda: nn.BatchNorm2d(1, track_running_stats=False),
         ("BatchNorm2d track_running_stats must be True, or it depends on the other samples of a "
         "batch, not False")),
        (lambda: nn.Flatten(0, 1), ("Flatten must make one row of all but batch and "
         "time")),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_settings_of_layers_that_are_not_taken_are_refused(
    layer: Callable[[], Any], message: str
) -> None:
    from somagate.imports.modules.torch_net import UnsupportedModuleError

    snn, _ = snntorch()
    net = nn.Sequential(layer(), snn.Leaky(beta=0.5, init_hidden=True))
    with pytest.raises(UnsupportedModuleError, match=f"^{re.escape(f'layer 0: {message}')}$"):
        read("snntorch", net, torch.rand(2, 1, 6, 6))


def test_what_is_no_network_is_refused() -> None:
    from somagate.imports.modules.torch_net import UnsupportedModuleError

    snn, _ = snntorch()
    with pytest.raises(TypeError, match="^net must be a torch.nn.Module, not int$"):
        read("snntorch", 3, torch.rand(2, 4))
    message = (
        "net must be a torch.nn.Module, not dict: weights alone hold no thresholds and no rule; "
        "build the network, load_state_dict into it, and pass that"
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        read("snntorch", {}, torch.rand(2, 4))
    with pytest.raises(TypeError, match="^sample must be a tensor that net takes, not list$"):
        read("snntorch", nn.Linear(4, 4), [1])
    message = (
        "net must hold neurons of snntorch, Leaky, RLeaky, Synaptic and RSynaptic, but has none"
    )
    with pytest.raises(UnsupportedModuleError, match=f"^{re.escape(message)}$"):
        read("snntorch", nn.Linear(4, 4), torch.rand(2, 4))
    message = "layer 0: sample must have the axes batch before its own, not shape (4,)"
    net = nn.Sequential(nn.Linear(4, 4), snn.Leaky(beta=0.5, init_hidden=True))
    with pytest.raises(UnsupportedModuleError, match=f"^{re.escape(message)}$"):
        read("snntorch", net, torch.rand(4))


def test_a_module_that_computes_something_else_is_found_out() -> None:
    from somagate.imports.modules.torch_net import UnsupportedModuleError

    snn, _ = snntorch()

    class Twice(nn.Linear):
        def quant_weight(self) -> Any:  # as Brevitas', whose forward is taken
            return self.weight

        def forward(self, x: Any) -> Any:
            return 2 * super().forward(x)

    net = nn.Sequential(dyadic(Twice(4, 4)), snn.Leaky(beta=0.5, init_hidden=True))
    with pytest.raises(UnsupportedModuleError, match="^layer 0 must compute what its kind does"):
        read("snntorch", net, torch.ones(2, 4))

    class Eager(snn.Leaky):
        def fire(self, mem: Any) -> Any:
            return (mem > self.threshold / 4).float()

    eager = Eager(beta=0.5, init_hidden=True)
    eager.__class__ = type("Leaky", (Eager,), {})
    with pytest.raises(UnsupportedModuleError, match="^layer 1: neurons must be snnTorch's"):
        read("snntorch", nn.Sequential(nn.Linear(4, 4), eager), torch.ones(2, 4))
    plain = snn.Leaky(beta=0.5, init_hidden=True)
    plain.fire = lambda mem: (mem > 0.25).float()
    net = nn.Sequential(dyadic(nn.Linear(4, 4)), plain)
    with pytest.raises(UnsupportedModuleError, match="^layer 1: neurons must follow the rule that"):
        read("snntorch", net, torch.ones(2, 4))


def looped(step: Callable[..., Any], answer: Callable[..., Any], **leaky: Any) -> Any:
    """Return a network of snnTorch in a loop: what it reads in a step, and what it answers."""
    snn, _ = snntorch()

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.lif = nn.Linear(4, 3), snn.Leaky(beta=0.5, **leaky)

        def forward(self, x: Any) -> Any:
            mem, spikes, potentials = self.lif.init_leaky(), [], []
            for t in range(len(x)):
                spk, mem = self.lif(step(self, x[t], t), mem)
                spikes.append(spk)
                potentials.append(mem)
            return answer(spikes, potentials)

    return dyadic(Net())


@pytest.mark.parametrize(
    "step",
    [lambda net, x, t: net.fc(x * (t + 1)), lambda net, x, t: net.fc(x) * 0.5**t,
     lambda net, x, t: net.fc(x * (t < 2))],
)  # fmt: skip
def test_what_changes_with_the_time_step_is_refused(step: Any) -> None:
    from somagate.imports.modules.torch_net import UnsupportedModuleError

    net = looped(step, lambda spikes, _: torch.stack(spikes).sum(0))
    with pytest.raises(UnsupportedModuleError) as caught:
        read("snntorch", net, torch.ones(6, 2, 4))
    assert re.fullmatch(
        r"layer lif must read in every time step what it is read as, but got other numbers in step "
        r"\d: something between the layers isn't the same in all steps, or more than weights, sums "
        r"and pools",
        str(caught.value),
    )


@pytest.mark.parametrize(
    ("answer", "readout"),
    [(lambda s, v: torch.stack(s), "count"), (lambda s, v: sum(s), "count"),
     (lambda s, v: torch.stack(s).mean(0), "count"), (lambda s, v: (sum(s), v[-1]), "count"),
     (lambda s, v: sum(v), "sum"), (lambda s, v: v[-1], "potential"),
     (lambda s, v: torch.stack(v), "potential"),
     (lambda s, v: torch.log_softmax(torch.stack(v).max(0).values, 1), "largest"),
     (lambda s, v: -v[-1], None), (lambda s, v: v[0], None), (lambda s, v: s[-1], None),
     (lambda s, v: sum(s[2:]), None), (lambda s, v: sum(v) / len(v), None),
     (lambda s, v: torch.stack(v[3:]).sum(0), None), (lambda s, v: sum(s)[:, :2], None),
     (lambda s, v: -sum(s), None), (lambda s, v: None, None)],
)  # fmt: skip
def test_the_answer_is_what_the_network_returns_or_refused(answer: Any, readout: Any) -> None:
    from somagate.imports.modules.torch_net import UnsupportedModuleError

    net = looped(lambda net, x, t: net.fc(x), answer, reset_mechanism="none")
    x = spiking(6, 5, 4)
    if readout is not None:
        assert read("snntorch", net, x).readout == readout
        return
    with pytest.raises(UnsupportedModuleError) as caught:
        read("snntorch", net, x)
    assert str(caught.value) == (
        "layer lif: the answer must be its spikes, their count, or its last, largest or summed "
        "potential, but net returns something else; return that of the last layer, or pass "
        "readout='count', 'first', 'potential', 'largest', 'sum' or 'every'"
    )
    assert read("snntorch", net, x, readout="count").readout == "count"


@pytest.mark.parametrize(
    ("answer", "name"),
    [(lambda s, v: torch.stack(s).max(0)[0], "max"), (lambda s, v: torch.stack(s).amax(0), "amax"),
     (lambda s, v: torch.stack(s).any(0).float(), "any"),
     (lambda s, v: torch.maximum(s[0], s[1]), "maximum")],
)  # fmt: skip
def test_spikes_are_not_taken_as_counted_where_another_function_makes_one_of_them(
    answer: Any, name: str
) -> None:
    from somagate.imports.modules.torch_net import UnsupportedModuleError

    def once(net: Any, x: Any, t: int) -> Any:
        return net.fc(x)

    x = torch.zeros(2, 5, 4)
    x[0] = 1  # nothing fires twice
    net = looped(once, answer, reset_mechanism="zero")
    with torch.no_grad():
        net.fc.bias.zero_()
        net.fc.weight[0] = 0.5
        assert net(x).any()
    with pytest.raises(UnsupportedModuleError) as caught:
        read("snntorch", net, x)
    assert re.fullmatch(
        rf"layer lif: the answer must be its spikes or their count, not their {name} "
        r"\(test_torch_net\.py:\d+: .*\), which is the count only where no neuron fires twice; "
        r"return their sum, or pass readout='count' to take that",
        str(caught.value),
    )
    assert read("snntorch", net, x, readout="count").readout == "count"
    both = looped(once, lambda s, v: (sum(s), answer(s, v)), reset_mechanism="zero")
    assert read("snntorch", both, x).readout == "count"


def test_potentials_of_a_layer_that_is_reset_are_refused_for_the_reset() -> None:
    from somagate.imports.modules.torch_net import UnsupportedModuleError

    def largest(s: Any, v: Any) -> Any:
        return torch.stack(v).max(0)[0]

    net = looped(lambda net, x, t: net.fc(x), largest, reset_mechanism="zero")
    message = (
        "layer lif: its neurons must have no reset where their potentials are the answer, as a "
        "layer of the tables doesn't fire then; return their spikes, or train it without a reset"
    )
    with pytest.raises(UnsupportedModuleError, match=f"^{re.escape(message)}$"):
        read("snntorch", net, spiking(6, 5, 4))


def test_potentials_of_a_layer_that_is_reset_are_no_answer() -> None:
    import somagate as sg
    from somagate.imports.paths import LoweringError

    net = looped(lambda net, x, t: net.fc(x), lambda s, v: v[-1], reset_mechanism="subtract")
    with pytest.raises(LoweringError, match="^layer lif: reset must be 'none' where its potential"):
        sg.from_snntorch(net, spiking(6, 5, 4))


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"stpes": 3}, ("from_snntorch takes the settings steps, readout, voters, samples, labels, "
                     "weight_bits, state_bits, scales, exact, name, not stpes")),
     ({"name": 5}, "name must be a str, not 5"),
     ({"steps": 0}, "steps must be 1…65535, not 0"),
     ({"steps": -1}, "steps must be 1…65535, not -1"),
     ({"steps": "6"}, "steps must be an int, not '6'")],
)  # fmt: skip
def test_settings_of_an_import_are_checked_by_name(settings: Any, message: str) -> None:
    import somagate as sg

    net = looped(lambda net, x, t: net.fc(x), lambda s, v: sum(s))
    with pytest.raises((TypeError, ValueError)) as caught:
        sg.from_snntorch(net, spiking(6, 5, 4), **settings)
    assert str(caught.value) == message


def early(net: Any, x: Any) -> Any:
    """End the loop where enough spikes came."""
    mem, count = net.lif2.init_leaky(), 0
    for step in x:
        spk, mem = net.lif2(net.fc(step), mem)
        count = count + spk.sum()
        if count > 40:
            break
    return spk


@pytest.mark.parametrize(
    ("forward", "shape"),
    [(lambda net, x: net.lif(net.fc(x)) if x.sum() < 60 else net.lif(net.fc2(x)), (2, 4)),
     (lambda net, x: net.lif(net.fc(x * (1 if float(x.max()) < 2 else 0.5))), (2, 4)),
     (early, (3, 2, 4))],
)  # fmt: skip
def test_what_a_forward_does_by_the_samples_numbers_is_refused(forward: Any, shape: Any) -> None:
    from somagate.imports.modules.torch_net import UnsupportedModuleError

    with pytest.raises(UnsupportedModuleError) as caught:
        read("snntorch", Wrong(forward), spiking(*shape))
    assert re.fullmatch(
        r"layer net: a forward must do the same with all samples, but (bool|float) makes a number "
        r"of what depends on the sample \(test_torch_net\.py:\d+: .*\); leave branches, breaks and "
        r"numbers of it out, or behind the network",
        str(caught.value),
    )
