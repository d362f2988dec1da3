"""Golden against the spikes of a framework's own modules, in float32."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import somagate as sg
from frameworks import snntorch
from somagate.imports.bits import Bits
from somagate.imports.graph import Linear, Network, Neuron, Node, Recording
from somagate.imports.importing import ImportSettings, imported
from somagate.imports.lower import lower
from somagate.imports.own_run import own_run
from somagate.imports.paths import LoweringError
from somagate.imports.reference import run


def rounding(snn: Any, torch: Any, **leaky: Any) -> Any:
    """One neuron of snnTorch that float32 keeps from its threshold, as 1.5 and 3/2² … add up."""
    net = torch.nn.Sequential(torch.nn.Linear(1, 1, bias=False), snn.Leaky(beta=0.5, **leaky))
    with torch.no_grad():
        net[0].weight.fill_(1.5)
    return net


def looped(snn: Any, torch: Any) -> Any:
    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.lif = rounding(snn, torch)

        def forward(self, x: Any) -> Any:
            mem, spikes = self.lif.init_leaky(), []
            for step in x:
                spk, mem = self.lif(self.fc(step), mem)
                spikes.append(spk)
            return torch.stack(spikes)

    return Net()


def test_spikes_that_float32_rounds_away_are_counted_and_said() -> None:
    snn, torch = snntorch()
    net, x = looped(snn, torch), torch.ones(25, 1, 1)
    tables = sg.from_snntorch(net, x)
    with torch.no_grad():
        own = net(x).numpy()
    golden = sg.simulate(tables, sg.as_input(tables, x)).spikes["lif"]
    assert (own.sum(), golden.sum()) == (24, 25)
    assert tables.source is not None
    assert tables.source["own_run"] == {
        "steps": 25, "samples": 1, "spikes": 24, "differing": 1, "rounded": True,
        "first": {"layer": "lif", "step": 22, "sample": 0, "place": [0], "own": 0, "golden": 1,
                  "rule": 1},
        "first_difference": (
            "layer lif, step 22, sample 0, neuron 0: the source's module has 0, golden 1"
        ),
    }  # fmt: skip
    assert own[22] == 0 and golden[22] == 1
    assert re.fullmatch(
        r"exact: all \d+ spikes of 9 samples are the source's; 1 of 1 predictions are the "
        r"source's; from step 22 on the framework's own float32 rounds: 1 of 24 spikes of its own "
        r"run differ",
        tables.source["verdict"],
    )
    proof = sg.proof(tables)
    assert proof.equal and not proof.exact
    text = re.sub(r"\s+", " ", str(proof))
    assert (
        "The framework's own run, 25 steps of 1 samples: 1 of 24 spikes differ, as float32 rounds, "
        "first in layer lif, step 22, sample 0, neuron 0: the source's module has 0, golden 1"
    ) in text
    message = (
        "layer lif must be exact, but in step 22 neuron 0 of sample 0 of the source's own run "
        "puts out 0 where golden has 1: float32 rounds there, and the rule in float64 fires as "
        "golden does; leave exact out to take the rule without that rounding, or take fewer steps"
    )
    with pytest.raises(LoweringError, match=f"^{re.escape(message)}$"):
        sg.from_snntorch(net, x, exact=True)
    assert sg.proof(sg.from_snntorch(net, x[:22], exact=True)).exact


@pytest.mark.parametrize(("steps", "compared", "differing"), [(30, 30, 1), (2, 2, 0), (None, 4, 0)])
def test_a_network_that_takes_a_step_a_call_runs_a_whole_inference(
    steps: int | None, compared: int, differing: int
) -> None:
    snn, torch = snntorch()
    net, x = rounding(snn, torch, init_hidden=True), torch.ones(1, 1)
    samples = x if steps else torch.ones(6, 1, 1)
    tables = sg.from_snntorch(net, x, steps=steps, samples=samples)
    assert tables.source is not None
    own = tables.source["own_run"]
    assert (own["steps"], own["differing"]) == (compared, differing)


def test_long_inferences_of_large_layers_are_run_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    snn, torch = snntorch()
    from somagate.imports.modules import torch_net

    monkeypatch.setattr(torch_net, "REHEARSED_UPDATES", 9)
    net, x = rounding(snn, torch, init_hidden=True), torch.ones(1, 1)
    tables = sg.from_snntorch(net, x, steps=30)
    assert tables.source is not None and tables.source["own_run"]["steps"] == 10


def recorded(x: Any) -> Network:
    """A network of a file's rule, with spikes as its own modules would have put them out."""
    network = Network(
        input_shape=(4,),
        nodes=(
            Node(name="fc", op=Linear(weight=np.full((1, 4), 0.25)), sources=("input",)),
            Node(name="n", op=Neuron(threshold=np.array(0.5)), sources=("fc",)),
        ),
    )
    return replace(
        network, recorded=Recording(samples=x, spikes={"n": run(network, x).spikes["n"] > 0})
    )


def test_what_the_tables_round_is_told_from_what_float32_does() -> None:
    x = np.random.default_rng(0).random((40, 90, 4))
    x *= 255 / 256 / x.max()  # whole numbers of 1/256 hold the threshold, and not the samples
    network = recorded(x)
    found = own_run(lower(network, samples=x))
    assert found is not None and found.first is not None
    assert not found.rounded and found.first.own == found.first.rule != found.first.golden
    assert (found.steps, found.samples) == (40, 90) and 0 < found.differing < found.spikes
    tables = imported(network, ImportSettings(samples=x))
    assert tables.source is not None and "float32" not in tables.source["verdict"]
    assert "spikes differ, as the tables round, first in layer n" in " ".join(
        str(sg.proof(tables)).split()
    )
    first = found.first
    message = (
        f"layer n must be exact, but in step {first.step} neuron 0 of sample {first.sample} of the "
        f"source's own run puts out {first.own} where golden has {first.golden}: a number of the "
        "tables or their input is rounded; leave exact out to take that"
    )
    with pytest.raises(LoweringError, match=f"^{re.escape(message)}$"):
        imported(network, ImportSettings(samples=x, bits=Bits(exact=True)))


def test_a_run_on_numbers_beyond_the_tables_input_is_not_compared() -> None:
    x = np.random.default_rng(0).random((40, 3, 4))
    spikes = np.round(x)
    assert own_run(lower(recorded(x), samples=spikes)) is None
    assert own_run(lower(recorded(2 * x), samples=x)) is None
    assert own_run(lower(replace(recorded(x), recorded=None), samples=x)) is None
    found = own_run(lower(recorded(spikes), samples=spikes))
    assert found is not None and not found.differing and found.spikes


def test_a_reset_without_delay_is_followed_where_float32_rounds() -> None:
    snn, torch = snntorch()
    nn = torch.nn
    generator = torch.Generator().manual_seed(4)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.lif = nn.Linear(8, 6, bias=False), snn.Leaky(beta=0.5, reset_delay=False)
            weight = torch.randint(-8, 17, (6, 8), generator=generator) / 16
            self.fc.weight = nn.Parameter(weight)

        def forward(self, x: Any) -> Any:
            mem, spikes = self.lif.init_leaky(), []
            for _ in range(50):
                spk, mem = self.lif(self.fc(x), mem)
                spikes.append(spk)
            return torch.stack(spikes)

    net = Net()
    x = (torch.rand(10, 8, generator=generator) > 0.5).float()
    tables = sg.from_snntorch(net, x)
    assert tables.source is not None
    own = tables.source["own_run"]
    assert own["rounded"] and own["first"]["step"] == 24 and 0 < own["differing"] < 20
