import sys
from pathlib import Path

import numpy as np
import own_nets
import pytest
import somagate as sg
import source_networks
import torch
from refusal import refused
from somagate import model as m
from somagate.imports.importing import ImportSettings, imported
from torch import nn

torch.set_num_threads(1)

EXAMPLES = Path(__file__).parents[2] / "examples"

FRAMES = own_nets.spikes(8, 6, 2, 6, 6)
IMAGES = torch.randint(0, 17, (6, 1, 8, 8), generator=torch.Generator().manual_seed(1)).float()
CASES = {
    "loop": (own_nets.Loop, own_nets.spikes(9, 6, 20)),
    "loop, subtract": (lambda: own_nets.Loop(reset="subtract", leak_at="store"),
                       own_nets.spikes(9, 6, 20)),
    "loop, counts": (lambda: own_nets.Loop(count=True, state_bits=5), own_nets.spikes(9, 6, 20)),
    "residual": (own_nets.Residual, IMAGES),
    "residual, maxima": (lambda: own_nets.Residual(nn.Identity, threshold="fixed"), IMAGES),
    "mixed": (own_nets.Mixed, own_nets.spikes(7, 5, 2, 9, 9)),
    "sequence": (own_nets.sequence, FRAMES),
    "sequence, stacked": (
        lambda: own_nets.sequence(store_gradient="stacked", leak_learned=False), FRAMES,
    ),
}  # fmt: skip


def golden_input(tables, sample):
    """Return what golden takes of a sample."""
    x = sample.numpy().astype(np.int64)
    return np.broadcast_to(x, (tables.steps, *x.shape)).copy() if tables.input.constant else x


def outputs(net, sample):
    """Return the spikes of all layers, by the module, with hooks on the neurons."""
    found = {}

    def note(name):
        def hook(module, args, result):
            found[name] = result

        return hook

    hooks = [
        module.register_forward_hook(note(name))
        for name, module in net.named_modules()
        if isinstance(module, m.LIF)
    ]
    with torch.no_grad():
        out = net.eval()(sample)
    for hook in hooks:
        hook.remove()
    return out, found


@pytest.mark.parametrize("case", CASES)
def test_tables_fire_as_the_module_does_before_and_after_training(case):
    make, sample = CASES[case]
    torch.manual_seed(0)
    net = make()
    if case == "residual, maxima":
        net.pool = m.MaxPool2d(2)
    net(sample)
    for training in (False, True):
        if training:
            own_nets.train(net, sample)
        tables = sg.from_torch(net, sample)
        fresh = sample.flip(1) if sample.ndim > 4 or "loop" in case else sample.flip(0)
        out, found = outputs(net, fresh)
        trace = sg.simulate(tables, golden_input(tables, fresh))
        out = out.sum(0) if out.ndim == 3 else out
        assert np.array_equal(out.numpy().argmax(1), trace.prediction)
        for name, spikes in found.items():
            layer = name.replace(".", "_")
            layer = layer if layer.isidentifier() else f"layer_{layer}"
            assert np.array_equal(spikes.numpy(), trace.spikes[layer])
        for name, fired in trace.spikes.items():
            if name != tables.readout.layer:
                assert 0 < fired.mean() < 1, name
        if tables.readout.kind == "count":
            assert np.array_equal(out.numpy(), trace.output)


def test_a_network_of_tables_is_exported_as_it_was_and_after_training():
    net = own_nets.Loop()
    x = own_nets.spikes(9, 6, 20)
    tables = sg.from_torch(net, x)
    trained = sg.to_torch(tables)
    assert sg.from_torch(trained).sha256 == tables.sha256
    own_nets.train(trained, x, 4)
    after = sg.from_torch(trained)
    assert after.sha256 != tables.sha256
    spikes, _ = trained.activities(x)["lif1"]
    trace = sg.simulate(after, x.numpy().astype(np.int64))
    assert np.array_equal(spikes.detach().numpy(), trace.spikes["lif1"])


def test_images_in_every_step_are_a_constant_input_that_samples_takes():
    torch.manual_seed(0)
    tables = sg.from_torch(own_nets.Residual(), IMAGES, name="my net", input_bits=5)
    assert tables.name == "my_net"
    assert (tables.input.constant, tables.input.encoding) == (True, "direct")
    assert (tables.input.activation.bits, tables.input.maximum) == (5, 31)
    samples = sg.samples(tables, (IMAGES.numpy().astype(int), [0, 1, 2, 3, 4, 5]))
    assert np.array_equal(samples.x[3], IMAGES.numpy())


def test_a_signed_input_has_a_sign_and_counts_have_their_bits():
    net = nn.Sequential(m.QuantLinear(3, 4), m.LIF(4))
    x = torch.tensor([[[0.0, -4, 2]], [[1.0, 0, 3]]])
    given = sg.from_torch(net, x).input.activation
    assert (given.kind, given.bits, given.signed) == ("value", 3, True)
    given = sg.from_torch(net, x.abs()).input.activation
    assert (given.kind, given.bits, given.signed) == ("count", 3, False)


def test_a_network_of_the_shape_of_shd_is_exported_and_verified():
    """700 inputs, 128 recurrent neurons, 20 classes: spoken digits as spikes of a cochlea."""
    torch.manual_seed(0)
    net = nn.Sequential(
        m.QuantLinear(700, 128),
        m.LIF(128, recurrent=m.QuantLinear(128, 128), leak=0.9375, leak_shift=4, state_bits=6),
        m.QuantLinear(128, 20), m.LI(20, leak=0.9375, leak_shift=4),
    )  # fmt: skip
    time = torch.arange(40).reshape(-1, 1, 1)
    center = torch.randint(0, 700, (1, 8, 1)) + 5 * time
    near = (torch.arange(700) - center % 700).abs() < 60
    x = (torch.rand(40, 8, 700) < 0.02 + 0.2 * near).float()
    own_nets.train(net, x)
    tables = sg.from_torch(net, x)
    with torch.no_grad():
        hidden = net[1](net[0](x))
    trace = sg.simulate(tables, x.numpy().astype(np.int64))
    assert 0.02 < hidden.mean() < 0.5
    assert np.array_equal(hidden.numpy(), trace.spikes["layer_1"])
    verdict = sg.verify(sg.design(tables), x[:, :2].numpy().astype(np.int64))
    assert verdict.equal


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.safetensors")))
def test_trained_tables_fire_in_torch_as_in_golden(name):
    tables = sg.load(EXAMPLES / f"{name}.safetensors")
    rng = np.random.default_rng(0)
    high = tables.input.activation.high
    x = rng.integers(0, high + 1, (tables.steps, 1, *tables.input.shape))
    x = np.broadcast_to(x[:1], x.shape).copy() if tables.input.constant else x
    trace = sg.simulate(tables, x)
    net = sg.to_torch(tables)
    with torch.no_grad():
        for layer, (spikes, _) in net.activities(torch.from_numpy(x)).items():
            if spikes is not None:
                assert np.array_equal(spikes.numpy(), trace.spikes[layer]), layer
    assert any(0 < fired.mean() < 1 for fired in trace.spikes.values())


@pytest.mark.parametrize("make", [source_networks.dense, source_networks.maps])
@pytest.mark.parametrize("seed", range(8))
def test_an_imported_network_is_trained_further_as_golden_has_it(make, seed):
    rng = np.random.default_rng(seed)
    network = make(rng)
    frames = source_networks.frames(rng, network)
    tables = imported(network, ImportSettings(steps=len(frames), samples=frames))
    x = torch.from_numpy(sg.as_input(tables, frames))
    net = sg.to_torch(tables)
    for _ in range(2):
        trace = sg.simulate(sg.from_torch(net), x.numpy())
        with torch.no_grad():
            for layer, (spikes, _) in net.activities(x).items():
                assert np.array_equal(spikes.numpy(), trace.spikes[layer]), layer
        own_nets.train(net, x)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: sg.train("digits"), "train"),
        (lambda: sg.from_checkpoint("x.pt"), "from_checkpoint"),
        (lambda: sg.convert("x.pt", "x.safetensors"), "convert"),
        (lambda: sg.to_torch(None), "to_torch"),
        (lambda: sg.from_torch(None, None), "from_torch"),
    ],
)
def test_what_needs_torch_says_what_to_install(call, name, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModuleNotFoundError) as caught:
        call()
    assert str(caught.value) == (
        f"{name} needs torch, which is not installed: pip install 'somagate[train]'"
    )
    assert caught.value.name == "torch"


class Averaged(own_nets.Loop):
    """Answers by its potentials of all steps."""

    def forward(self, x):
        super().forward(x)
        return -torch.arange(4.0).repeat(x.shape[1], 1) + 0 * x.sum()


class Odd(m.LIF):
    """Fires where neurons don't."""

    def forward(self, x):
        return 1 - super().forward(x)


class Shuffled(nn.Module):
    """Takes one sample for two."""

    def __init__(self):
        super().__init__()
        self.fc, self.lif = m.QuantLinear(8, 8), m.LIF(8)
        self.fc2, self.out = m.QuantLinear(4, 2), m.LIF(2)

    def forward(self, x):
        return self.out(self.fc2(self.lif(self.fc(x)).reshape(4, 6, 4)))


def test_what_does_not_fit_is_refused():
    net, x = own_nets.Loop(), own_nets.spikes(9, 6, 20)
    made = sg.to_torch(sg.from_torch(net, x))
    wide = nn.Sequential(m.QuantLinear(4, 3), m.LIF(3))
    cases = [
        (lambda: sg.to_torch(net), TypeError,
         "tables must be Tables, as somagate.load and from_checkpoint return them, not a Loop"),
        (lambda: sg.from_torch("net", x), TypeError, "net must be a torch.nn.Module, not str"),
        (lambda: sg.from_torch(net, None), TypeError,
         "sample must be a tensor that net takes, not NoneType"),
        (lambda: sg.from_torch(net, x, input_bits=9), ValueError, "input_bits must be 1…8, not 9"),
        (lambda: sg.from_torch(net, 3 * x, input_bits=1), ValueError,
         "input_bits must be 2…8 for this sample, not 1"),
        (lambda: sg.from_torch(made, x), ValueError,
         "sample must be left out for a network of to_torch, which knows its tables, not a Tensor"),
        (lambda: sg.from_torch(nn.Sequential(made), x), ValueError,
         "layer 0: a LayerNet must be given to from_torch by itself, not in a module"),
        (lambda: sg.from_torch(net, x / 2), ValueError,
         ("the input that layers read must be whole numbers, 0…255 or -128…127, not 0…0.5; "
         "multiply and round it in forward, or before")),
        (lambda: sg.from_torch(wide, own_nets.spikes(5, 2, 3, 4)), ValueError,
         ("layer layer_1: LIF must read sums of 3 channels behind the batch, and behind time where "
         "all steps come at once, not (5, 2, 3, 3)")),
    ]  # fmt: skip
    for call, kind, text in cases:
        with pytest.raises(kind) as caught:
            call()
        assert str(caught.value) == text


def test_what_golden_finds_otherwise_is_refused():
    torch.manual_seed(0)
    x, y = own_nets.spikes(9, 6, 20), own_nets.spikes(4, 3, 8, rate=0.5)
    cases = [
        (Averaged(), x,
         ("the largest output must be that of the potential after the last step of the last layer, "
         "out, but 6 of 6 samples are answered otherwise; return that, or one class a neuron")),
        (nn.Sequential(m.QuantLinear(8, 4), Odd(4)), y,
         ("layer layer_1: tables must fire as the network does, but don't in step 0, sample 0, at "
         "(0,); take the layers of somagate.model as they are")),
        (Shuffled(), y,
         "layer out: Dense weights must have 8 columns for the source 'lif' of shape (8,), not 4"),
    ]  # fmt: skip
    for net, sample, text in cases:
        with pytest.raises(ValueError) as caught:
            sg.from_torch(net, sample)
        assert str(caught.value) == text


def test_an_output_that_no_neurons_make_is_refused() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(m.QuantLinear(12, 8), m.LIF(8), m.QuantLinear(8, 4))
    frames = (torch.rand(6, 5, 12) < 0.5).float()
    net(frames)
    with refused(
        ValueError,
        "the output must be that of the last neurons, layer_1, of shape (5, 8) or of every step, "
        "not (6, 5, 4); put LIF or LI behind what comes last",
    ):
        sg.from_torch(net, frames)
    assert sg.from_torch(net[:2], frames).classes == 8
