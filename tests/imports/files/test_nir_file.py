"""NIR files: the rules of their sources, what is read leniently, and what is refused."""

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from frameworks import snntorch, spikingjelly
from nir_files import affine, chain, leaky, lif, write
from somagate.imports.files import hdf5
from somagate.imports.files.hdf5 import NirFileError
from somagate.imports.files.nir_file import Stated, read
from somagate.imports.graph import Conv, Delay, Flatten, Linear, Neuron, Pool
from somagate.imports.reference import run

h5py = pytest.importorskip("h5py", reason="h5py is not installed")
RNG = np.random.default_rng(5)
W1 = RNG.integers(-16, 33, (6, 8)) / 16
W2 = RNG.integers(-16, 33, (3, 6)) / 16
X = RNG.integers(0, 2, (24, 2, 8)).astype(float)
SNN = Stated(source="snntorch", reset="zero")


def two_layers(path: Path, first: dict[str, Any], second: dict[str, Any], **more: Any) -> Path:
    nodes, edges = chain(affine(W1), first, affine(W2), second, shape=(8,), **more)
    return write(path / "net.nir", nodes, edges)


@pytest.mark.parametrize("reset", ["zero", "subtract", "none"])
@pytest.mark.parametrize("delay", [True, False])
def test_a_file_of_snntorch_means_what_snntorch_does(
    tmp_path: Path, reset: Any, delay: bool
) -> None:
    snn, torch = snntorch()
    path = two_layers(tmp_path, leaky(0.5, shape=(6,)), leaky(0.5))
    net = read(path, Stated(reset=reset, reset_delay=delay))
    assert net.origin.framework == "nir (snntorch)"
    done = run(net, X)
    layers = [snn.Leaky(beta=0.5, reset_mechanism=reset, reset_delay=delay) for _ in range(2)]
    mems = [layer.reset_mem() for layer in layers]
    for t, x in enumerate(torch.tensor(X)):
        for i, (layer, weight) in enumerate(zip(layers, (W1, W2), strict=True)):
            spike, mems[i] = layer(x @ torch.tensor(weight).T, mems[i])
            x = spike.double()
        assert np.array_equal(done.spikes["3"][t], x.numpy()), t
    assert 0 < done.spikes["3"].sum() < done.spikes["3"].size


@pytest.mark.parametrize("decay_input", [True, False])
def test_a_file_of_spikingjelly_means_what_spikingjelly_does(
    tmp_path: Path, decay_input: bool
) -> None:
    neuron, torch = spikingjelly()
    r = 1.0 if decay_input else 2.0
    fields = {"v_reset": -0.25, "v_leak": -0.25, "v_threshold": 0.5}
    path = two_layers(
        tmp_path, lif(2e-4, r=r, **fields), {"type": "IF", "r": 1e4, "v_threshold": 1.0},
        names="_{}",
    )  # fmt: skip
    net = read(path)
    assert net.origin.framework == "nir (spikingjelly)"
    done = run(net, X)
    first = neuron.LIFNode(tau=2.0, decay_input=decay_input, v_threshold=0.5, v_reset=-0.25)
    second = neuron.IFNode()
    for t, x in enumerate(torch.tensor(X)):
        x = second(first(x @ torch.tensor(W1).T) @ torch.tensor(W2).T)
        assert np.array_equal(done.spikes["_3"][t], x.numpy()), t


def test_norses_time_step_undoes_its_exporter(tmp_path: Path) -> None:
    path = two_layers(tmp_path, lif(2e-6), lif(np.float32(4e-6)))
    net = read(path, Stated(source="norse"))
    first, second = net.neurons.values()
    assert (first.decay, first.gain, first.comparator, first.reset) == (0.5, 0.5, ">", "zero")
    assert (second.decay, second.gain) == (0.75, 0.25)


def test_a_file_of_sinabs_fires_several_times_a_step(tmp_path: Path) -> None:
    iaf = {"type": "IF", "r": np.ones(6), "v_threshold": np.ones(6)}
    nodes, edges = chain(affine(W1), iaf, shape=(8,))
    path = write(tmp_path / "a.nir", nodes, edges)
    net = read(path, Stated(source="sinabs"))
    assert net.notes == ("v_min isn't in the file: potentials have no lower bound",)
    u, spikes = np.zeros((2, 6)), run(net, X).spikes["1"]
    for t, x in enumerate(X):
        u = u + x @ W1.T
        count = np.maximum(np.floor(u), 0)
        u -= count
        assert np.array_equal(spikes[t], count), t
    assert spikes.max() > 1
    bounded = read(path, Stated(source="sinabs", v_min=-1.0))
    assert bounded.neurons["1"].low == -1


def test_a_second_state_is_read_for_each_source(tmp_path: Path) -> None:
    cuba = {"type": "CubaLIF", "tau_syn": 4e-4, "tau_mem": 2e-4, "r": 2.0, "v_threshold": 1.0}
    path = two_layers(tmp_path, cuba | {"w_in": 4.0}, cuba | {"w_in": 4.0})
    neuron = read(path, SNN).neurons["1"]
    assert neuron.current and not neuron.current.late
    assert (neuron.decay, neuron.gain, neuron.current.decay) == (0.5, 1.0, 0.75)
    assert neuron.reset == "blank"
    plain = read(path, Stated(source="snntorch", reset="zero", reset_delay=False))
    assert plain.neurons["1"].reset == "zero"
    norse = {"type": "CubaLIF", "tau_syn": 4e-6, "tau_mem": 2e-6, "r": 1.0, "v_threshold": 1.0}
    path = two_layers(tmp_path, norse, norse)
    assert read(path, Stated(source="norse")).neurons["1"].gain == 0.5


def test_a_recurrent_layer_feeds_back_a_step_later(tmp_path: Path) -> None:
    w_rec = affine(np.eye(6) / 2, np.zeros(6))
    inner = {
        "nodes": {
            "input": {"type": "Input", "shape": [6]}, "lif": leaky(0.5, shape=(6,)),
            "output": {"type": "Output", "shape": [6]}, "w_rec": w_rec,
        },
        "edges": [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")],
    }  # fmt: skip
    nodes, edges = chain(affine(W1), inner, affine(W2), leaky(0.5, shape=(3,)), shape=(8,))
    net = read(write(tmp_path / "a.nir", nodes, edges), Stated(reset="zero"))
    assert net.node("1.lif").sources == ("0", "1.w_rec")
    assert net.node("1.w_rec").sources == ("1.lif.delayed",)
    assert isinstance(net.node("1.lif.delayed").op, Delay)
    assert net.node("2").sources == ("1.lif",)


def test_a_network_on_maps_is_read_as_exporters_write_it(tmp_path: Path) -> None:
    conv = {
        "type": "Conv2d", "weight": np.ones((4, 2, 3, 3), "f4"), "bias": np.zeros(4, "f4"),
        "stride": np.array([1, 1]), "padding": np.array([1, 1]), "dilation": np.array([1, 1]),
        "groups": 1,
    }  # fmt: skip
    pool = {"type": "AvgPool2d", "kernel_size": 2, "stride": 2, "padding": 0}
    flat = {"type": "Flatten", "start_dim": 0, "end_dim": -1}
    nodes, edges = chain(
        conv, leaky(0.5, shape=(4, 8, 8)), pool, flat, affine(np.ones((5, 64))), leaky(0.5),
        shape=(2, 8, 8),
    )  # fmt: skip
    net = read(write(tmp_path / "a.nir", nodes, edges), Stated(reset="zero"))
    kinds = [type(node.op) for node in net.nodes]
    assert kinds == [Conv, Neuron, Pool, Flatten, Linear, Neuron]
    assert net.shapes["2"] == (4, 4, 4)
    same = conv | {"padding": "same", "groups": 2, "weight": np.ones((4, 1, 3, 3))}
    nodes, edges = chain(same, leaky(0.5), shape=(2, 8, 8))
    found = read(write(tmp_path / "b.nir", nodes, edges), Stated(reset="zero")).node("0").op
    assert isinstance(found, Conv) and found.padding == (1, 1) and found.groups == 2


def test_a_line_is_a_map_of_one_row(tmp_path: Path) -> None:
    conv = {
        "type": "Conv1d", "weight": np.ones((4, 2, 3)), "bias": np.zeros(4), "stride": 1,
        "padding": 1, "dilation": 1, "groups": 1,
    }  # fmt: skip
    scale, late = {"type": "Scale", "scale": np.full(4, 0.5)}, {"type": "Delay", "delay": 2e-4}
    summed = {"type": "SumPool2d", "kernel_size": [1, 2], "stride": [1, 2], "padding": [0, 0]}
    nodes, edges = chain(
        conv, scale, late, leaky(0.5, shape=(4, 8)), summed, leaky(0.5, shape=(4, 4)), shape=(2, 8)
    )
    net = read(write(tmp_path / "a.nir", nodes, edges), Stated(source="snntorch", reset="zero"))
    assert net.input_shape == (2, 1, 8) and net.shapes["4"] == (4, 1, 4)
    delay = net.node("2").op
    assert isinstance(delay, Delay) and delay.steps == 2


@pytest.mark.parametrize(
    ("steps", "found"),
    [(np.full(4, 2), 2), (np.array([0, 3, 0, 0]), [0, 3, 0, 0]), (np.full((4, 1, 8), 1), 1)],
)
def test_delays_are_one_a_channel_or_one(tmp_path: Path, steps: Any, found: Any) -> None:
    late = {"type": "Delay", "delay": steps * 1e-4}
    conv = {
        "type": "Conv1d", "weight": np.ones((4, 2, 3)), "bias": np.zeros(4), "stride": 1,
        "padding": 1, "dilation": 1, "groups": 1,
    }  # fmt: skip
    nodes, edges = chain(conv, late, leaky(0.5, shape=(4, 8)), shape=(2, 8))
    net = read(write(tmp_path / "a.nir", nodes, edges), Stated(source="snntorch", reset="zero"))
    delay = net.node("1").op
    assert isinstance(delay, Delay) and delay.steps.tolist() == found


def test_batch_and_time_in_the_inputs_shape_are_left_out_and_said(tmp_path: Path) -> None:
    nodes, edges = chain(affine(W1), leaky(0.5), shape=(1, 24, 8))
    net = read(write(tmp_path / "a.nir", nodes, edges), Stated(reset="zero"))
    assert net.input_shape == (8,)
    assert net.notes == ("the Input's shape (1, 24, 8) is taken as 8 elements",)


def test_a_layer_that_never_fires_answers_by_its_potential(tmp_path: Path) -> None:
    li = {"type": "LI", "tau": 2e-4, "r": 2.0, "v_leak": 0.5}
    net = read(two_layers(tmp_path, leaky(0.5), li), SNN)
    assert net.readout == "potential"
    assert net.neurons["3"].threshold is None and net.neurons["3"].bias == 0.25


def test_the_layer_that_the_output_reads_answers(tmp_path: Path) -> None:
    nodes, edges = chain(affine(W1), leaky(0.5), affine(W2), leaky(0.75), shape=(8,))
    hidden = [*(edge for edge in edges if edge[1] != "output"), ("1", "output")]
    wide = nodes | {"output": {"type": "Output", "shape": [6]}}
    net = read(write(tmp_path / "hidden.nir", wide, hidden), SNN)
    assert net.output == "1" and [node.name for node in net.nodes] == ["0", "1"]
    left = "the Output doesn't depend on these, which are left out: 2, 3"
    assert net.notes[-1] == left
    # Names say nothing: a potential that is read elsewhere doesn't make this one a potential.
    li = {"type": "LI", "tau": 2e-4, "r": 2.0}
    more = {"y": affine(np.ones((3, 6))), "z": li}
    branch = [*edges, ("1", "y"), ("y", "z")]
    net = read(write(tmp_path / "branch.nir", nodes | more, branch), SNN)
    assert (net.output, net.readout) == ("3", "count") and list(net.neurons) == ["1", "3"]
    assert net.notes[-1] == "the Output doesn't depend on these, which are left out: y, z"


def test_the_output_may_flatten_and_a_delay_before_it_changes_nothing(tmp_path: Path) -> None:
    one = {"type": "Delay", "delay": 1e-4}
    nodes, edges = chain(
        affine(W1), leaky(0.5), affine(np.eye(6)), leaky(0.5), affine(W2), one, leaky(0.75),
        {"type": "Flatten", "start_dim": 0, "end_dim": -1}, shape=(8,),
    )  # fmt: skip
    net = read(write(tmp_path / "a.nir", nodes, edges), SNN)
    assert (net.output, list(net.neurons)) == ("6", ["1", "3", "6"])


def refused(path: Path, message: str, stated: Stated | None = None) -> None:
    with pytest.raises(NirFileError, match=f"^{re.escape(f'{path}: {message}')}$"):
        read(path, stated)


def test_what_a_file_does_not_say_has_to_be_stated(tmp_path: Path) -> None:
    path = two_layers(tmp_path, leaky(0.5), leaky(0.5))
    refused(
        path, "reset must be stated for a file of 'snntorch': 'zero', 'subtract' or 'none', as the "
        "file doesn't hold it (snnTorch's default is 'subtract')",
    )  # fmt: skip
    refused(path, "dt must be stated for source='nir', in seconds: the file doesn't hold it",
            Stated(source="nir", reset="zero"))  # fmt: skip
    refused(path, "comparator must be stated for source='nir': '>' or '>='",
            Stated(source="nir", reset="zero", dt=1e-4))  # fmt: skip
    refused(path, "reset must be left out for a file of 'norse', which has its own",
            Stated(source="norse", reset="zero"))  # fmt: skip
    refused(path, "comparator must be left out for a file of 'snntorch', which has its own",
            Stated(source="snntorch", reset="zero", comparator=">="))  # fmt: skip
    refused(path, "reset_delay must be left out for a file of 'norse'; snnTorch alone has one",
            Stated(source="norse", reset_delay=False))  # fmt: skip
    refused(path, "v_min must be left out for a file of 'snntorch'; sinabs alone has one",
            Stated(source="snntorch", reset="zero", v_min=-1.0))  # fmt: skip
    refused(path, "node 1: tau must be at least the time step of 0.001 s, or a potential changes "
            "its sign as it decays, not 0.00019999999494757503; state another dt",
            Stated(source="nir", reset="zero", dt=1e-3, comparator=">"))  # fmt: skip
    path = two_layers(tmp_path, lif(2e-4), lif(2e-4))
    refused(
        path, "source must be stated, one of 'snntorch', 'spikingjelly', 'norse', 'sinabs', 'nir': "
        "the file doesn't say which framework wrote it, and the same file means a different rule "
        "in each",
    )  # fmt: skip
    path = two_layers(tmp_path, lif(2e-4), lif(2e-4), names="{}_LIFTorch")
    refused(
        path, "source must be one whose rule is known exactly, not 'rockpool': it decays by "
        "exp(-dt/τ) where NIR says 1 - dt/τ, and fires several times a step; train in another "
        "framework, or state source='nir' with dt, reset and comparator to take NIR's own words",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"source": "lava"}, ("source must be 'snntorch', 'spikingjelly', 'norse', 'sinabs', 'nir' "
         "or 'rockpool', not 'lava'")),
        ({"dt": 0.0}, "dt must be 1e-12…1000000.0, not 0.0"),
        ({"reset": "sub"}, "reset must be 'zero', 'subtract' or 'none', not 'sub'"),
        ({"comparator": "<"}, "comparator must be '>' or '>=', not '<'"),
        ({"v_min": 1.0}, "v_min must be -1000000000000.0…0, not 1.0"),
    ],
)  # fmt: skip
def test_what_can_not_be_meant_is_refused(stated: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Stated(**stated)


@pytest.mark.parametrize(
    ("node", "change", "message"),
    [
        ("1", {"v_threshold": np.full(6, np.nan)},
         "node 1: v_threshold must be finite, not nan at (0,)"),
        ("1", {"tau": "fast"}, "node 1: tau must be numbers, not something else"),
        ("1", {"type": "Alpha"}, ("node 1: type must be one of Affine, AvgPool2d, Conv1d, Conv2d, "
         "CubaLI, CubaLIF, Delay, Flatten, I, IF, LI, LIF, Linear, NIRGraph, Scale, SumPool2d, "
         "not 'Alpha'")),
        ("1", {"type": "Threshold"}, ("node 1: type must not be Threshold, which has no state; "
         "use IF, LIF or CubaLIF")),
        ("1", {"tau": None}, ("node 1: LIF must have the field 'tau', but has "
         "['r', 'v_leak', 'v_reset', 'v_threshold']")),
        ("1", {"v_reset": np.ones(6)}, "node 1: v_reset must be 0 in a file of snnTorch, not 1.0"),
        ("1", {"tau": np.ones(5)}, ("node 1: fields must have one shape, or one value each, not "
         "r (6,), tau (5,), v_leak (6,), v_threshold (6,), v_reset (6,)")),
        ("0", {"weight": W1.astype(complex)},
         "node 0: weight must be numbers or strings, not complex128"),
        ("0", {"weight": W1[:, :7]},
         "node 0: Linear takes 7 elements, not a source of shape (8,)"),
        ("0", {"weight": W1[0]}, "node 0: weight must have 2 axes, not 1: (8,)"),
        ("0", {"weight": None}, "node 0: weight must be there; there is type"),
        ("input", {"shape": [0]}, "node input: shape must be sizes of 1 or more, not (0,)"),
        ("input", {"shape": [1 << 20, 1 << 20, 4]},
         "node 0: Linear takes 8 elements, not a source of shape (1048576, 1048576, 4)"),
        ("input", {"shape": [0.5]}, "node input: shape must be a few whole numbers, not [0.5]"),
        ("1", {"w_rec": np.eye(6)}, ("node 1: 'w_rec' must not be there, as it isn't read: a LIF "
         "has r, tau, v_leak, v_threshold, v_reset; write what it means as nodes, or take it out")),
        ("output", {"shape": [1, 7]}, ("node output: shape must be that of what the Output reads, "
         "(6,), not (1, 7); batch and time may be before it")),
    ],
)  # fmt: skip
def test_a_node_that_is_not_sound_is_named(
    tmp_path: Path, node: str, change: dict[str, Any], message: str
) -> None:
    nodes, edges = chain(affine(W1), leaky(0.5, shape=(6,)), shape=(8,))
    for name, value in change.items():
        nodes[node][name] = value
    nodes[node] = {name: value for name, value in nodes[node].items() if value is not None}
    refused(write(tmp_path / "a.nir", nodes, edges), message, SNN)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"tau": np.full(5, 1e-4)}, ("fields must have one shape, or one value each, not r (6,), tau "
      "(5,), v_leak (6,), v_threshold (6,), v_reset (6,)")),
     ({"tau": 0.0}, "tau must be a time constant above 0, in seconds, not 0"),
     ({"tau": -1e-4}, "tau must be a time constant above 0, in seconds, not -0.0001"),
     ({"r": -1.0}, ("r must be above 0, as exporters write it, not -1; pass source= where it is "
      "meant so"))],
)  # fmt: skip
def test_numbers_of_neurons_are_looked_at_before_their_source_is_looked_for(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    nodes, edges = chain(affine(W1), leaky(0.5, shape=(6,)) | change, shape=(8,))
    refused(write(tmp_path / "a.nir", nodes, edges), f"node 1: {message}", Stated(reset="zero"))


def test_what_exporters_leave_in_a_node_beside_its_numbers_is_taken(tmp_path: Path) -> None:
    nodes, edges = chain(affine(W1), leaky(0.5, shape=(6,)), shape=(8,))
    nodes["1"] |= {"input_type": np.array([6]), "output_type": np.array([6]), "metadata": "mine"}
    for shape in ([6], [1, 24, 6], [2, 3]):
        nodes["output"]["shape"] = np.array(shape)
        assert read(write(tmp_path / "a.nir", nodes, edges), SNN).output == "1"


def test_a_graph_that_is_not_sound_is_refused(tmp_path: Path) -> None:
    nodes, edges = chain(affine(W1), leaky(0.5, shape=(6,)), shape=(8,))
    path = tmp_path / "a.nir"

    def of(nodes: Any, edges: Any, message: str) -> None:
        refused(write(path, nodes, edges), message, SNN)

    of(nodes, None, "a graph must have 'edges', but has none: the export of it didn't end; export "
       "again")  # fmt: skip
    of(nodes, [*edges, ("1", "9")], "edges must join nodes, not '9', which is none")
    of(nodes, [("0", "1")], "node 0: must have an edge that leads to it")
    of(nodes | {"in2": nodes["input"]}, edges, "must have one Input, not 2")
    one = "must have one Output, which reads the layer that answers, not "
    inside = [(a, b) for a, b in edges if b != "output"]
    of({name: nodes[name] for name in ("input", "0", "1")}, inside, f"{one}0")
    of(
        nodes | {"out2": nodes["output"]},
        [*edges, ("0", "out2")],
        f"{one}2: out2 of 0; output of 1; take out those of branches that nothing depends on",
    )
    of(nodes, [*edges, ("0", "output")],
       "its Output must read one layer of neurons, not 2: 0, 1")  # fmt: skip
    behind = "; put an LI behind it, which answers by its potential, or let it read the spikes"
    of(nodes, [*inside, ("0", "output")],
       f"its Output must read a layer of neurons, not '0', of type Linear{behind}")  # fmt: skip
    of(nodes, [*inside, ("input", "output")],
       f"its Output must read a layer of neurons, not 'input', of type Input{behind}")  # fmt: skip
    of(nodes, [*edges, ("0", "0")], "a circle must hold one layer of neurons, whose spikes feed "
       "back a step later, but that of 0 holds none")  # fmt: skip
    two, more = chain(affine(W1), leaky(0.5), affine(np.eye(6)), leaky(0.5), shape=(8,))
    of(two | {"r": affine(np.eye(6))}, [*more, ("3", "r"), ("r", "1")], "a circle must hold one "
       "layer of neurons, whose spikes feed back a step later, but that of 1, 2, 3, r holds "
       "1 and 3")  # fmt: skip
    late = {"type": "Delay", "delay": 1.5e-4}
    nodes, edges = chain(affine(W1), late, leaky(0.5, shape=(6,)), shape=(8,))
    of(nodes, edges, "node 1: delay must be whole time steps of 0.0001 s, not 1.5 steps; train "
       "with whole delays, or state another dt")  # fmt: skip
    late = {"type": "Delay", "delay": np.arange(4).reshape(1, 2, 2) * 1e-4}
    nodes, edges = chain(late, {"type": "Flatten"}, affine(np.ones((6, 4))),
                         leaky(0.5, shape=(6,)), shape=(1, 2, 2))  # fmt: skip
    of(nodes, edges, "node 0: delay must be one a channel of a map, not one a pixel")


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    whole = "must be a whole HDF5 file, but is cut short, altered or something else: "
    path = two_layers(tmp_path, leaky(0.5), leaky(0.5))
    contents = path.read_bytes()
    for size in (100, 3000, len(contents) // 2):
        path.write_bytes(contents[:size])
        with pytest.raises(NirFileError, match=f"^{re.escape(f'{path}: ')}"):
            read(path, SNN)
    path.write_bytes(b"no HDF5 at all")
    with pytest.raises(NirFileError, match=f"^{re.escape(f'{path}: {whole}')}"):
        read(path, SNN)
    weights = tmp_path / "net.pth"
    refused(
        weights,
        "must be a NIR file, not torch's weights, which hold no thresholds and no rule; build the "
        "network, load_state_dict into it, and pass it to sg.from_snntorch, from_spikingjelly or "
        "from_norse",
    )
    path.write_bytes(b"")
    refused(path, "file must have 1…1073741824 bytes, not 0", SNN)
    with pytest.raises(IsADirectoryError):
        read(tmp_path, SNN)
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "no.nir", SNN)
    with h5py.File(path, "w") as file:
        file["other"] = 1
    refused(path, "must hold a NIR graph called 'node', but holds none", SNN)


def test_links_huge_arrays_and_circles_of_groups_are_refused(tmp_path: Path) -> None:
    other = two_layers(tmp_path, leaky(0.5), leaky(0.5)).rename(tmp_path / "other.nir")
    nodes, edges = chain(affine(W1), leaky(0.5, shape=(6,)), shape=(8,))
    path = tmp_path / "a.nir"

    def altered(message: str, change: Any) -> None:
        write(path, nodes, edges)
        with h5py.File(path, "r+") as file:
            change(file["node/nodes"])
        start = time.monotonic()
        refused(path, message, SNN)
        assert time.monotonic() - start < 10

    def linked(link: Any) -> Any:
        def change(group: Any) -> None:
            del group["0/weight"]
            group["0/weight"] = link

        return change

    place = "node 0: weight must be in the file itself, not "
    altered(place + "a link to another file", linked(h5py.ExternalLink(other, "/x")))
    altered(place + "a link to another place", linked(h5py.SoftLink("/node/nodes/1/tau")))

    def huge(group: Any) -> None:
        del group["0/weight"]
        group["0"].create_dataset("weight", (1 << 20, 1 << 20), "f4", chunks=(64, 64))

    altered("node 0: weight must have at most 67108864 elements, not shape (1048576, 1048576) in "
            "chunks of (64, 64)", huge)  # fmt: skip

    def outside(group: Any) -> None:
        del group["0/weight"]
        group["0"].create_dataset("weight", (6, 8), "f4", external=[(str(other), 0, 192)])

    altered(place + "in another file", outside)

    def circle(group: Any) -> None:
        del group["0"]
        group["0"] = group.parent

    altered("node 0.0.0.0.0.0.0: graphs must lie in each other at most 8 deep, not deeper", circle)


def test_a_reading_that_crashes_or_never_ends_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = two_layers(tmp_path, leaky(0.5), leaky(0.5))
    whole = "must be a whole HDF5 file, but is cut short, altered or something else: "

    def run_instead(code: str) -> None:
        real = subprocess.run
        command = [sys.executable, "-c", code]
        monkeypatch.setattr(
            hdf5.subprocess, "run", lambda _, **more: real(command, **more), raising=True
        )

    run_instead("import os; os.abort()")
    refused(path, whole + "unreadable", SNN)
    monkeypatch.undo()
    run_instead("import time; time.sleep(60)")
    with pytest.raises(NirFileError, match=f"^{re.escape(f'{path}: {whole}'[:-2])}: reading it"):
        hdf5.read(path, seconds=0.5)


def test_altered_files_get_a_sentence_and_nothing_else(tmp_path: Path) -> None:
    contents = two_layers(tmp_path, leaky(0.5), leaky(0.5)).read_bytes()
    rng, path = np.random.default_rng(0), tmp_path / "b.nir"
    outcomes = set()
    for _ in range(12):
        altered = bytearray(contents)
        for place in rng.integers(0, len(altered), 16):
            altered[place] = rng.integers(256)
        path.write_bytes(altered)
        try:
            read(path, SNN)
            outcomes.add("taken")
        except NirFileError as error:
            assert "\n" not in str(error) and len(str(error)) < 900
            outcomes.add("refused")
    assert outcomes == {"taken", "refused"}
