"""What is told of a network by one call of it, and what isn't taken."""

import re

import pytest
import torch
import torch.nn.functional as F
from own_nets import Loop, spikes
from somagate.model import LI, LIF, MaxPool2d, QuantConv2d, QuantLinear, Residual, SumPool2d
from somagate.model.neuron import State
from somagate.model.own.structure import Pooled
from somagate.model.own.trace import UntracedError, trace
from torch import nn

torch.set_num_threads(1)

X = spikes(5, 3, 8, rate=0.5)
MAPS = spikes(4, 3, 2, 6, 6, rate=0.5)


class Net(nn.Module):
    """Layers to call in any way, by a function of the network and the sample."""

    def __init__(self, forward):
        super().__init__()
        self.fc1, self.lif1 = QuantLinear(8, 8), LIF(8)
        self.fc2, self.rec, self.lif2 = QuantLinear(8, 8), QuantLinear(8, 8), LIF(8)
        self.skip, self.drop, self.plain = Residual(8), nn.Dropout(0.5), nn.Linear(8, 8)
        self.fc3, self.out = QuantLinear(8, 2), LI(2)
        self.conv1, self.n1 = QuantConv2d(2, 4, 3, padding=1), LIF(4)
        self.conv2, self.n2 = QuantConv2d(4, 4, 3, padding=1), LIF(4)
        self.max, self.sum = MaxPool2d(2), SumPool2d(2)
        self.call = forward

    def forward(self, x):
        return self.call(self, x)


def loop(step):
    """Return a forward that calls a function in each time step."""

    def forward(net, x):
        kept = {}
        for frame in x:
            out = step(net, frame, kept)
        return out

    return forward


def told(found):
    """Return each layer with the sources of its synapses and its pool."""
    return {layer.name: ([s for _, s in layer.synapses], layer.pool) for layer in found.layers}


def hidden(net, frame, kept, name="lif1"):
    fired, kept[name] = getattr(net, name).step(net.fc1(frame), kept.get(name))
    return fired


def back_and_skip(net, frame, kept):
    first = hidden(net, frame, kept)
    before = kept["lif2"].fired if "lif2" in kept else torch.zeros(3, 8)
    sums = sum([net.fc2(net.drop(first).clone()), net.rec(before), net.skip(frame)])
    fired, kept["lif2"] = net.lif2.step(sums, kept.get("lif2"))
    return fired


def handed_on(net, x):
    """Hand on states that are detached, as truncated backpropagation does."""
    state = None
    for t in range(len(x)):
        fired, state = net.lif1.step(net.fc1(x[t]), state)
        state = State(v=state.v.detach(), fired=state.fired.detach())
    return fired


def layer_by_layer(net, x):
    state, fired = None, []
    for part in net.fc1(x).unbind():
        spike, state = net.lif1.step(part, state)
        fired.append(spike)
    maps = torch.stack(fired)
    return net.out(net.fc3(net.lif2(net.fc2(maps) + 0)))


def pooled(net, x):
    first = F.max_pool2d(net.n1(net.conv1(x)).flatten(0, 1), 2).unflatten(0, x.shape[:2])
    return net.n2(net.sum(net.conv2(first)))


def test_what_a_layer_reads_is_told_by_steps_and_by_all_at_once():
    found = trace(Net(loop(back_and_skip)), X)
    assert told(found) == {
        "lif1": (["input"], None), "lif2": (["lif1", "lif2", "input"], None)
    }  # fmt: skip
    assert (found.steps, found.inputs.shape) == (5, X.shape)
    assert told(trace(Net(handed_on), X)) == {"lif1": (["input"], None)}
    assert told(trace(Net(layer_by_layer), X)) == {
        "lif1": (["input"], None), "lif2": (["lif1"], None), "out": (["lif2"], None)
    }  # fmt: skip


def test_pools_belong_to_the_layer_before_or_to_its_sums():
    found = told(trace(Net(pooled), MAPS))
    assert found == {
        "n1": (["input"], Pooled(kind="max", size=(2, 2))),
        "n2": (["n1"], Pooled(kind="sum", size=(2, 2), of="sums")),
    }


def test_what_plain_torch_makes_of_the_sample_is_the_input():
    def forward(net, x):
        shown = (torch.rand_like(x) < x / 2).float().repeat(4, 1, 1) * 3
        return net.lif1(net.fc1(shown.unbind(0)[0].unsqueeze(0).expand(4, 3, 8)))

    found = trace(Net(forward), X[:1])
    assert found.inputs.shape == (4, 3, 8)
    assert set(found.inputs.unique().tolist()) <= {0, 3}


def test_a_network_is_as_before_and_ours_alone_are_watched():
    net = Loop().train()
    net(spikes(9, 6, 20))
    before = {name: value.clone() for name, value in net.state_dict().items()}
    trace(net, spikes(9, 6, 20))
    assert net.training and net.fc1.training
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert not any("forward" in module.__dict__ for module in net.modules())


def twice(net, frame, kept):
    hidden(net, frame, kept)
    kept.clear()
    return hidden(net, frame, kept)


def late(net, frame, kept):
    before = kept.get("fired", torch.zeros(3, 8))
    kept["fired"] = hidden(net, frame, kept)
    fired, kept["lif2"] = net.lif2.step(net.fc2(before) + net.fc1(frame), kept.get("lif2"))
    return fired


def changing(net, frame, kept):
    sums = net.fc1(frame) if len(kept) < 1 else net.fc2(frame)
    fired, kept["lif1"] = net.lif1.step(sums, kept.get("lif1"))
    return fired


def doubled(net, x):
    sums = net.fc1(x) * 2
    return net.lif1(sums)


REFUSED = {
    "a layer of torch": (
        lambda net, x: net.lif1(net.plain(x)), X,
        ("layer plain: must be one of somagate.model, not torch's Linear; take QuantLinear, "
        "QuantConv2d, Residual, LIF, LI, MaxPool2d or SumPool2d, or import networks of other "
        "frameworks with from_snntorch, from_spikingjelly or from_norse"),
    ),
    "nothing of ours": (
        lambda net, x: x, X, "net must call layers of somagate.model, such as LIF, but has none",
    ),
    "not of the sample": (
        lambda net, x: net.lif1(net.fc1(torch.ones(2, 1, 8))), X,
        "layer fc1: must read what depends on the sample (LINE)",
    ),
    "no input": (
        lambda net, x: net.lif1(net.fc1(torch.zeros(2, 1, 8))), X,
        "net must have a layer that reads the sample, but has none",
    ),
    "sums of sums": (
        lambda net, x: net.lif1(net.fc2(net.fc1(x))), X,
        "layer fc2: must read spikes, not sums of synapses; put neurons between (LINE)",
    ),
    "potentials": (
        lambda net, x: net.lif1(net.fc2(net.out(net.fc3(x)).repeat(2, 1, 4))), X,
        "layer fc2: must read spikes, not the potentials of out (LINE)",
    ),
    "a factor": (
        lambda net, x: net.lif1(net.fc1(x) * 2), X,
        "layer lif1: must read sums of synapses, not what mul makes (LINE)",
    ),
    "a factor elsewhere": (
        doubled, X,
        "layer lif1: must read sums of synapses, not what mul makes (LINE) (LINE)",
    ),
    "spikes turned round": (
        lambda net, x: net.lif2(net.fc2(1 - net.lif1(net.fc1(x)))), X,
        "layer fc2: must read spikes, not what rsub makes (LINE)",
    ),
    "spikes as they are": (
        lambda net, x: net.lif2(net.lif1(net.fc1(x))), X,
        "layer lif2: must read sums of synapses, not the spikes of lif1 (LINE)",
    ),
    "spikes added to sums": (
        lambda net, x: net.lif2(net.fc2(s := net.lif1(net.fc1(x))) + s), X,
        ("spikes of lif1 must be added to sums through synapses, such as somagate.model.Residual, "
        "not as they are (LINE)"),
    ),
    "no sums": (
        lambda net, x: net.lif1(torch.ones(2, 1, 8)), X,
        "layer lif1: must read sums of synapses, not nothing of the sample (LINE)",
    ),
    "called twice at once": (
        lambda net, x: net.lif1(net.fc2(net.lif1(net.fc1(x)))), X,
        ("layer lif1: must be called once for all time steps, not twice; make it two modules, or "
        "call step in a loop over time"),
    ),
    "called twice in a step": (
        loop(twice), X,
        ("layer lif1: state must be that of its step before (LINE); a module that is called twice "
        "in a step must be two modules"),
    ),
    "a state to start from": (
        lambda net, x: net.lif1.step(net.fc1(x[0]), State(v=x[0], fired=x[0]))[0], X,
        ("layer lif1: state must be None in the first step (LINE); a module that is called twice "
        "in a step must be two modules"),
    ),
    "another layer's spikes late": (
        loop(late), X,
        ("layer lif2: must read the spikes of lif1 of the same time step, not those of step 0 in "
         "step 1; only a layer's own can be read one step late (LINE)"),
    ),
    "steps that differ": (
        loop(changing), X,
        ("layer lif1: must read the same in every time step, but the first and a later one differ; "
        "a module that is called twice in a step must be two modules"),
    ),
    "both ways": (
        lambda net, x: net.lif2.step(net.fc2(net.lif1(net.fc1(x))))[0], X,
        ("layer lif2: must read all time steps of lif1 at once, or one at a time as that is made "
        "(LINE)"),
    ),
    "other time steps": (
        lambda net, x: net.lif2(net.fc2(net.lif1(net.fc1(x)).reshape(3, 5, 8))), X,
        "layer lif2: must take 5 time steps as the input has, not 3",
    ),
    "dropout that is on": (
        lambda net, x: net.lif2(net.fc2(F.dropout(net.lif1(net.fc1(x))))), X,
        "dropout must be off once a network is trained: pass training=self.training (LINE)",
    ),
    "an average": (
        lambda net, x: net.conv2(F.avg_pool2d(net.n1(net.conv1(x)).flatten(0, 1), 2)), MAPS,
        "avg_pool2d must count spikes, not average them; take somagate.model.SumPool2d (LINE)",
    ),
    "windows that overlap": (
        lambda net, x: net.conv2(F.max_pool2d(net.n1(net.conv1(x)).flatten(0, 1), 3, 1)), MAPS,
        ("max_pool2d must have windows side by side, without padding, dilation or ceil_mode; take "
        "somagate.model.MaxPool2d or SumPool2d (LINE)"),
    ),
    "a pool of a pool": (
        lambda net, x: net.max(net.sum(net.n1(net.conv1(x)))), MAPS,
        "layer max: a pool must not follow a pool; put neurons between, or take one of both (LINE)",
    ),
    "pools that differ": (
        lambda net, x: net.n2(net.conv2(net.sum(s := net.n1(net.conv1(x))))
                              + net.conv2(net.max(s))), MAPS,
        ("layer n1: all must read its spikes behind the same pool, or all without one; give one of "
        "them a layer of its own"),
    ),
    "pools on both sides": (
        lambda net, x: net.n2(net.conv2(net.max(net.n1(net.max(net.conv1(x)))))), MAPS,
        "layer n1: must have one pool, before or behind its neurons, not both",
    ),
    "shapes": (
        lambda net, x: net.lif1(net.fc3(x)), X,
        ("layer lif1: LIF must read sums of 8 channels behind the batch, and behind time where all "
        "steps come at once, not (5, 3, 2)"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_tables_cannot_be_made_of_is_refused(case):
    forward, sample, text = REFUSED[case]
    torch.manual_seed(0)
    with pytest.raises(UntracedError) as caught:
        trace(Net(forward), sample)
    found = re.sub(r"\(test_trace\.py:\d+: .*?\)(?=( \(|;|$))", "(LINE)", str(caught.value))
    assert found == text


def test_what_reads_an_answer_is_refused_and_the_output_may_be_one():
    found = trace(Net(lambda net, x: F.softmax(net.lif1(net.fc1(x)).mean(0), 1)), X)
    assert found.output.shape == (3, 8)


def test_what_a_forward_does_by_the_samples_numbers_is_refused():
    def forward(net, x):
        return net.lif1(net.fc1(x) if x.sum() > 0 else net.fc2(x))

    with pytest.raises(UntracedError) as caught:
        trace(Net(forward), X)
    assert re.fullmatch(
        r"a forward must do the same with all samples, but bool makes a number of what depends on "
        r"the sample \(test_trace\.py:\d+: .*\); leave branches, breaks and numbers of it out, or "
        r"behind the network",
        str(caught.value),
    )
