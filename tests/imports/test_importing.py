"""The proof at import, and what tables keep of it."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import source_networks
from somagate.export.tables import Tables
from somagate.imports.bits import Bits
from somagate.imports.frames import Layout, frames
from somagate.imports.graph import Linear, Network, Neuron, Node, Origin
from somagate.imports.importing import ImportSettings, as_input, imported
from somagate.imports.input_form import SPIKES, input_form
from somagate.imports.lower import lower
from somagate.imports.paths import LoweringError
from somagate.imports.proof import quantization_proof, random_inputs, rule_proof


def network(weight: Any, decay: float = 0.5, **more: Any) -> Network:
    neuron = Neuron(threshold=np.array(1.0), decay=np.array(decay), comparator=">")
    op = Linear(weight=np.array(weight))
    nodes = (
        Node(name="fc", op=op, sources=("input",)),
        Node(name="n", op=neuron, sources=("fc",)),
    )
    origin = Origin(framework="snntorch", version="1.0.0")
    return Network(input_shape=op.weight.shape[1:], nodes=nodes, origin=origin, **more)


def test_an_exact_import_says_so_and_keeps_where_it_is_from(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    source = source_networks.dense(rng)
    x = source_networks.frames(rng, source)
    tables = imported(source, ImportSettings(samples=x, labels=[0, 1, 2]))
    kept = tables.source
    assert kept is not None
    assert (kept["framework"], kept["sha256"]) == ("none", source.sha256)
    assert kept["layers"] == {"n_0": "n.0", "n_1": "n.1", "n_2": "n.2"}
    random, given = kept["rule"]
    assert (random["inputs"], random["samples"], random["differing"]) == ("random", 8, 0)
    assert (given["inputs"], given["samples"], given["differing"]) == ("samples", 3, 0)
    spikes = random["spikes"] + given["spikes"]
    assert kept["verdict"] == (
        f"exact: all {spikes:,} spikes of 11 samples are the source's; 3 of 3 predictions are the "
        "source's"
    )
    quantization = kept["quantization"]
    assert quantization["accuracy"] == quantization["accuracy_source"]
    assert [layer["agreement"] for layer in quantization["layers"]] == [1.0] * 3
    tables.save(tmp_path / "a.safetensors")
    loaded = Tables.load(tmp_path / "a.safetensors")
    assert loaded.source == json.loads(json.dumps(kept))
    assert loaded.sha256 == tables.sha256 == replace(tables, source=None).sha256


def test_a_rounding_is_found_with_its_step_and_both_values() -> None:
    rng = np.random.default_rng(0)
    source = network(rng.integers(-8, 9, (6, 5)) / 8, decay=15 / 16)
    lowered = lower(source, steps=60, bits=Bits(states=6))
    x = rng.integers(0, 2, (60, 4, 5))
    found = rule_proof(lowered, x, "samples")
    assert found.differing > 0 and found.first is not None
    first = found.first
    assert first.source != first.golden and first.layer == "n"
    assert re.fullmatch(
        r"layer n, step \d+, sample \d, neuron \d: the source has [01] at a potential of [-\d.e]+, "
        r"golden [01] and keeps -?\d+",
        str(first),
    )
    text = imported(source, ImportSettings(steps=60, bits=Bits(states=6))).source
    assert text is not None
    assert text["verdict"].startswith("the rule differs by rounding in ")


def test_quantization_is_measured_against_the_source_as_it_is() -> None:
    rng = np.random.default_rng(0)
    source = network(rng.normal(0, 0.5, (6, 5)))
    x = rng.integers(0, 2, (20, 30, 5)).astype(float)
    lowered = lower(source, samples=x, bits=Bits(weights=2))
    found = quantization_proof(lowered, x, np.zeros(30, int))
    assert 0.8 < found.layers[0].agreement < 1 and found.first is not None
    assert found.samples == 30 and found.predictions < 30
    assert found.accuracy is not None and 0 <= found.accuracy <= 1
    assert found.layers[0].silent == 3 and found.layers[0].saturated == 0
    verdict = imported(source, ImportSettings(samples=x, bits=Bits(weights=2))).source
    assert verdict is not None
    assert verdict["verdict"].startswith("the rule is the source's: with the tables' numbers all")


def test_random_inputs_cover_the_range_of_the_input() -> None:
    x = np.random.default_rng(0).integers(-4, 4, (9, 3, 5)).astype(float)
    lowered = lower(network(np.ones((2, 5))), samples=x)
    drawn = random_inputs(lowered)
    assert drawn.shape == (9, 8, 5) and (drawn.min(), drawn.max()) == (-4, 3)
    negative = lower(network(np.ones((2, 5))), samples=np.minimum(x, 0).clip(-1))
    assert negative.input.activation.bits == 1
    assert set(np.unique(random_inputs(negative))) == {-1, 0}
    still = lower(network(np.ones((2, 5)), constant=True), steps=9)
    drawn = random_inputs(still)
    assert (drawn == drawn[0]).all() and set(np.unique(drawn)) == {0, 1}


def test_samples_are_brought_into_the_layout_of_the_reference() -> None:
    plain, swapped = Layout(shape=(5,)), Layout(shape=(5,), order="batch")
    x = np.arange(30.0).reshape(2, 3, 5)
    assert frames(plain, x).shape == (2, 3, 5)
    assert frames(swapped, x).shape == (3, 2, 5)
    assert frames(plain, x[0], 4).shape == (4, 3, 5)
    line = Network(
        input_shape=(2, 1, 3), axes=2,
        nodes=(Node(name="n", op=Neuron(threshold=np.array(1.0)), sources=("input",)),),
    )  # fmt: skip
    assert frames(Layout.of(line), np.ones((4, 5, 2, 3))).shape == (4, 5, 2, 1, 3)


@pytest.mark.parametrize(
    ("samples", "steps", "message"),
    [
        (np.ones((2, 4)), 3, ("samples must be of 5 elements, with batch and, where they change, "
         "time before them, not of shape (2, 4)")),
        (np.ones((2, 3, 5)), 4, ("samples must be (steps, batch, …) with 4 steps, as the source "
         "takes them, not of shape (2, 3, 5) with 2")),
        (np.ones((3, 5)), None, "steps must be given where samples have no time"),
        (np.full((3, 5), np.inf), 3, "samples must be finite, but hold NaN or infinity"),
        (np.array([["a"]]), 3, "samples must be numbers, not <U1"),
    ],
)  # fmt: skip
def test_samples_of_another_layout_are_refused(samples: Any, steps: Any, message: str) -> None:
    with pytest.raises(LoweringError, match=f"^{re.escape(message)}$"):
        frames(Layout(shape=(5,)), samples, steps)


def test_samples_that_change_are_refused_where_the_network_takes_one_input() -> None:
    message = "samples must be the same in every step, as the network takes one without time"
    with pytest.raises(LoweringError, match=f"^{re.escape(message)}$"):
        frames(Layout(shape=(5,), constant=True), np.arange(30).reshape(2, 3, 5))


def test_labels_are_one_a_sample() -> None:
    with pytest.raises(ValueError, match="^labels must be one for each of the 3 samples, not 2$"):
        imported(
            network(np.ones((2, 5))), ImportSettings(samples=np.ones((2, 3, 5)), labels=[0, 1])
        )
    with pytest.raises(ValueError, match="^labels must be one for each of the 0 samples, not 2$"):
        imported(network(np.ones((2, 5))), ImportSettings(steps=3, labels=[0, 1]))
    for labels, told in (
        ([0, 1, 2], 2),
        ([0, -1, 1], -1),
        ([0.5, 1, 1], 0.5),
        ([True, False, True], True),
    ):
        message = f"^labels must be whole numbers 0…1, the classes, not {told}$"
        with pytest.raises(ValueError, match=message):
            imported(
                network(np.ones((2, 5))), ImportSettings(samples=np.ones((2, 3, 5)), labels=labels)
            )


def test_numbers_that_an_import_has_not_seen_are_counted() -> None:
    levels = input_form(np.arange(16.0).reshape(4, 1, 4) / 16)
    assert levels.lost(np.arange(16.0) / 16) == levels.lost(np.float32(np.arange(16.0) / 16)) == ""
    assert levels.lost(np.array([0.5, 1.0, 2.0, 0.51])) == (
        "2 of 4 numbers are beyond 0…0.9375 and saturate, and 1 of 4 numbers are rounded to "
        "multiples of 0.0625"
    )
    assert levels.lost(np.array([-0.5])) == "1 of 1 numbers are beyond 0…0.9375 and saturate"
    reals = np.random.default_rng(0).normal(size=(3, 2, 200))
    rounded = input_form(reals)
    assert not rounded.exact and rounded.lost(reals) == ""
    high = rounded.activation.high * rounded.scale
    lost = rounded.lost(np.array([0.0, high + 0.4 * rounded.scale, high + rounded.scale]))
    assert lost.startswith("1 of 3 numbers are beyond -") and lost.endswith(" and saturate")
    assert SPIKES.lost(np.array([0, 1, 1])) == ""
    message = (
        "samples must be spikes, 0 and 1, not 0.25: the tables were imported for those; encode "
        "them, or import with samples= like these"
    )
    with pytest.raises(LoweringError, match=f"^{re.escape(message)}$"):
        SPIKES.lost(np.array([1, 0.25, 0.5]))


def test_samples_of_another_range_are_warned_of() -> None:
    x = np.arange(64.0).reshape(4, 2, 8) / 64
    net = Network(
        input_shape=(8,),
        nodes=(
            Node(name="fc", op=Linear(weight=np.eye(8)), sources=("input",)),
            Node(name="lif", op=Neuron(threshold=np.array(1.0)), sources=("fc",)),
        ),
    )
    tables = imported(net, ImportSettings(samples=x))
    assert np.array_equal(as_input(tables, x), np.arange(64).reshape(4, 2, 8))
    repeated = as_input(tables, x[0])  # of the same in every step
    assert repeated.shape == (4, 2, 8)
    message = (
        "32 of 64 numbers are beyond 0…0.984375 and saturate: tables imported were imported with "
        "samples of another range"
    )
    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$"):
        assert as_input(tables, 2 * x).max() == 63
    with pytest.warns(UserWarning, match="^8 of 16 numbers are rounded to"):
        as_input(tables, (x[0] + [1 / 128, 0] * 4))
