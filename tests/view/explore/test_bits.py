from dataclasses import replace

import numpy as np
import pytest
from small_network import small_network
from somagate.export.neuron import Shift, Ternary
from somagate.export.tables import Tables
from somagate.sim.golden import golden
from somagate.view.explore.bits import cuts, narrowed, room
from tiny_tables import tiny


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    return (np.random.default_rng(0).random((4, 6, 1, 8, 8)) < 0.4).astype(np.uint8)


@pytest.fixture(scope="module")
def potentials(x: np.ndarray) -> dict[str, np.ndarray]:
    return dict(golden.run(tiny(), x, potentials=True).potentials)


def test_the_first_choice_is_the_tables_as_they_are() -> None:
    found = cuts(tiny(), 9, seed=0)
    assert found[0] == ((0, 0), (0, 0))
    assert found[1:4] == [((1, 0), (1, 0)), ((0, 1), (0, 1)), ((1, 1), (1, 1))]
    assert len(set(found)) == len(found) == 9
    assert found == cuts(tiny(), 9, seed=0)
    assert cuts(tiny(), 40, seed=1)[8:] != cuts(tiny(), 40, seed=0)[8:]
    assert cuts(tiny(), 1, seed=0) == [((0, 0), (0, 0))]


def test_room_is_what_the_contracts_forms_leave() -> None:
    assert room(tiny()) == ((1, 1), (2, 3))
    ternary = Ternary(level=np.ones(4, np.int32), boundary=np.ones(4, np.int32))
    first = tiny().layers[0]
    neuron = replace(first.neuron, store=ternary)
    ones = replace(first.synapses[0], bits=1, weights=np.ones((4, 1, 3, 3), np.int32))
    layer = replace(first, neuron=neuron, synapses=(ones,))
    assert room(tiny(layers=(layer, tiny().layers[1])))[0] == (0, 0)


def test_no_bits_less_are_the_same_tables(potentials: dict[str, np.ndarray]) -> None:
    tables = tiny()
    assert narrowed(tables, ((0, 0), (0, 0)), potentials) is tables


def test_fewer_bits_of_weights_keep_the_size_of_sums(potentials: dict[str, np.ndarray]) -> None:
    tables = tiny()
    found = narrowed(tables, ((1, 0), (2, 0)), potentials)
    for before, after, bits in zip(tables.layers, found.layers, (2, 2), strict=True):
        (group,), gain = after.synapses, after.neuron.gain
        assert group.bits == bits
        errors = (group.weights << gain) - before.synapses[0].weights
        # No shift and no rounding of those bits comes nearer.
        for drop in range(5):
            other = np.clip(np.rint(before.synapses[0].weights / 2**drop), -1, 1) * 2**drop
            assert (errors**2).sum() <= ((other - before.synapses[0].weights) ** 2).sum()
        assert replace(after.neuron, gain=0).store == before.neuron.store
        assert after.neuron.bias.tolist() == before.neuron.bias.tolist()


def test_rounded_weights_have_no_drift() -> None:
    # Rounded half up, each of the odd ones, about half of all, would be 1 too large.
    tables = tiny()
    layer = tables.layers[1]
    weights = np.resize(np.arange(-6, 7), (10, 64))
    group = replace(layer.synapses[0], weights=weights)
    wide = tiny(layers=(tables.layers[0], replace(layer, synapses=(group,))))
    found = narrowed(wide, ((0, 0), (1, 0)), {"output": np.zeros(1), "conv1": np.zeros(1)})
    (rounded,), gain = found.layers[1].synapses, found.layers[1].neuron.gain
    assert gain == 1
    assert abs(int((rounded.weights << gain).sum() - weights.sum())) <= 64


def test_fewer_bits_of_potentials_are_nearest_to_those_of_samples() -> None:
    tables, low = tiny(), np.array([-4, -1, 0, 1, 3])
    small = narrowed(tables, ((0, 1), (0, 3)), {"conv1": low % 2, "output": 100 * low})
    stores = [layer.neuron.store for layer in small.layers]
    # Small ones saturate at a bit less; large ones are kept more coarsely.
    assert stores[0] == Shift(bits=2, shift=1)
    assert stores[1] == Shift(bits=7, shift=3)


def test_tables_with_fewer_bits_run_and_hash_otherwise(
    x: np.ndarray, potentials: dict[str, np.ndarray]
) -> None:
    tables = tiny()
    seen: set[str] = set()
    for cut in cuts(tables, 12, seed=0):
        found = narrowed(tables, cut, potentials)
        golden.run(found, x)
        seen.add(found.sha256)
    assert len(seen) == 12


def test_a_network_with_leaks_and_resets_can_have_fewer() -> None:
    tables: Tables = small_network()
    x = (np.random.default_rng(0).random((3, 4, 2, 6, 6)) < 0.4).astype(np.uint8)
    potentials = golden.run(tables, x, potentials=True).potentials
    found = narrowed(tables, room(tables), potentials)
    assert [layer.neuron.store.bits for layer in found.layers] == [2, 2]
    assert [layer.synapses[0].bits for layer in found.layers] == [2, 2]
    golden.run(found, x)
