"""The front door's imports: torch modules and NIR files to tables, and their proof."""

from typing import Any

import numpy as np
import pytest
import somagate as sg
from frameworks import norse, snntorch, spikingjelly
from tiny_tables import tiny


def dyadic(torch: Any, net: Any) -> Any:
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in net.parameters():
            if p.ndim:
                p.copy_(torch.randint(-12, 17, p.shape, generator=generator) / 16)
    return net


def test_a_network_of_snntorch_becomes_tables_that_fire_as_it() -> None:
    snn, torch = snntorch()
    nn = torch.nn
    net = dyadic(
        torch,
        nn.Sequential(
            nn.Linear(8, 6), snn.Leaky(beta=0.5, init_hidden=True), nn.Linear(6, 3),
            snn.Leaky(beta=0.5, init_hidden=True, reset_mechanism="zero"),
        ),
    )  # fmt: skip
    x = torch.randint(0, 2, (10, 4, 8), generator=torch.Generator().manual_seed(1)).float()
    tables = sg.from_snntorch(net, x[0], samples=x, labels=[0, 1, 2, 0], exact=True)
    assert tables.name == "Sequential" and tables.steps == 10
    with torch.no_grad():
        spikes = torch.stack([net(step) for step in x]).numpy()
    trace = sg.simulate(tables, sg.as_input(tables, x))
    assert np.array_equal(trace.spikes["layer3"], spikes) and spikes.any()
    proof = sg.proof(tables)
    assert proof.exact and str(proof).startswith("From snntorch ")
    assert "right in the source" in str(proof)


def test_networks_of_spikingjelly_and_norse_become_tables() -> None:
    neuron, torch = spikingjelly()
    nn = torch.nn
    net = dyadic(torch, nn.Sequential(nn.Flatten(), nn.Linear(16, 5), neuron.LIFNode()))
    tables = sg.from_spikingjelly(net, torch.ones(2, 1, 4, 4), steps=4)
    assert tables.input.shape == (1, 4, 4) and sg.proof(tables).exact
    n, torch = norse()
    half = n.LIFBoxParameters(tau_mem_inv=torch.tensor(500.0))
    net = dyadic(torch, n.SequentialState(nn.Linear(4, 3), n.LIFBoxCell(half)))
    tables = sg.from_norse(net, torch.ones(2, 4), steps=4, name="mine")
    assert tables.name == "mine" and sg.proof(tables).exact


def test_an_input_of_0_and_minus_1_is_taken() -> None:
    snn, torch = snntorch()
    net = dyadic(torch, torch.nn.Sequential(torch.nn.Linear(8, 6), snn.Leaky(beta=0.5)))
    net[1].init_hidden = True
    x = -torch.randint(0, 2, (10, 8), generator=torch.Generator().manual_seed(1)).float()
    tables = sg.from_snntorch(net, x, steps=7, exact=True)
    trace = sg.simulate(tables, sg.as_input(tables, x))
    with torch.no_grad():
        spikes = torch.stack([net(x) for _ in range(7)]).numpy()
    assert np.array_equal(trace.spikes["layer1"], spikes) and spikes.any()


def test_a_trained_network_is_quantized_and_how_well_is_said() -> None:
    snn, torch = snntorch()
    nn = torch.nn
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Linear(64, 32), snn.Leaky(beta=0.9, init_hidden=True), nn.Linear(32, 10),
        snn.Leaky(beta=0.9, init_hidden=True),
    )  # fmt: skip
    with torch.no_grad():
        net[0].weight.mul_(4)
        net[2].weight.mul_(4)
    x = torch.rand(60, 64)
    proof = sg.proof(sg.from_snntorch(net, x, steps=12))
    assert not proof.exact
    agreement = [row["agreement"] for row in proof.source["quantization"]["layers"]]
    assert min(agreement) > 0.95
    assert set(proof.source["reasons"]) == {"layer1", "layer3"}


def test_tables_that_were_not_imported_have_no_proof() -> None:
    with pytest.raises(ValueError, match="^tables must be imported ones to have a proof, but say"):
        sg.proof(tiny())
    with pytest.raises(ValueError, match="^tables must be imported ones to know their source's"):
        sg.as_input(tiny(), np.zeros((1, 1, 1)))
