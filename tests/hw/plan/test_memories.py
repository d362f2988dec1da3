"""Every memory of a stage is described once, and from there built, loaded and counted."""

import pytest
from amaranth.hdl import Fragment
from plans import a_stage, everything, network, with_neurons
from somagate.export.neuron import Current, Shift
from somagate.hw.generate import memory_map
from somagate.hw.plan import memories
from somagate.hw.plan.loadable import targets
from somagate.hw.plan.plan import Plan
from somagate.hw.rtl.memory import BlockMemory, RegisteredMemory
from somagate.hw.rtl.observe import ObserveLayout
from somagate.hw.rtl.stage import Stage

TABLES = everything(constant=True)


def by_name(**numbers: object) -> dict[str, memories.Memory]:
    return {memory.name: memory for memory in memories.memories(a_stage(TABLES, **numbers))}


def test_memories_come_in_the_order_of_the_memory_map() -> None:
    found = by_name(lanes=4, update_lanes=2, banks=2, word_bits=16, holds=True)
    weights = [f"weights_{bits}_{bank}" for bits in (2, 3, 4, 8) for bank in (0, 1)]
    potentials = ["potentials_2", "potentials_5", "potentials_8"]
    assert list(found) == ["maps", *weights, "parameters", *potentials, "currents"]
    assert [m.filled for m in found.values()] == ["work", *["start"] * 9, *["work"] * 4]
    assert "weights_4" in by_name(lanes=4) and "currents" not in by_name(lanes=4)


def test_currents_of_layers_lie_behind_the_potentials_at_their_own_width() -> None:
    current = Current(store=Shift(bits=6, shift=0))
    tables = with_neurons(network((2, 6, 6), [5, 7]), l0={"current": current})
    plan = Plan.single(tables, lanes=4, update_lanes=2)
    found = {memory.name: memory for memory in memories.memories(plan.stages[0])}
    assert list(found)[-2:] == ["potentials_8", "synaptic_6"]
    assert (found["synaptic_6"].words, found["synaptic_6"].word_bits) == (3, 12)
    layers = memory_map(plan)["layers"]
    assert [layer.get("synaptic") for layer in layers] == ["synaptic_6", None, None]


def test_the_rows_of_a_width_are_dealt_out_to_the_banks() -> None:
    stage = a_stage(TABLES, lanes=4, banks=4)
    for bits, rows in stage.weights.items():
        every = memories.packed_rows(stage, bits)
        assert len(every) == len(rows)
        for bank in range(4):
            memory = memories.weights(stage, bits, bank)
            assert memory.init == every[bank::4]
            assert memory.words == len(memory.init) <= memory.depth
            assert memory.word_bits == 4 * bits


@pytest.mark.parametrize("weight_memory", ["block", "spram"])
@pytest.mark.parametrize("loadable", [False, True])
def test_what_is_loaded_is_a_target_and_a_port_of_its_slices(
    weight_memory: str, loadable: bool
) -> None:
    plan = Plan.single(TABLES, lanes=4, loadable=loadable, weight_memory=weight_memory)
    stage = plan.stages[0]
    found = memories.memories(stage)
    loaded = [memory for memory in found if memory.filled == "load"]
    assert [(t.name, t.width, t.depth) for t in targets(stage) if t.name != "groups"] == [
        (memory.name, memory.word_bits, memory.depth) for memory in loaded
    ]
    built = Stage(stage, ObserveLayout(plan))
    Fragment.get(built, None)
    ports = built.signature.members
    for memory in found:
        assert (f"load_{memory.name}" in ports) == (memory in loaded)
        assert memory.slice_bits == (32 if memory in loaded else 0)
        spram = memory.style == "spram"
        assert spram == (weight_memory == "spram" and memory.name.startswith("weights"))
        assert bool(memory.init) == (memory.contents is not None and not spram)


def test_a_memory_is_built_as_it_is_described() -> None:
    memory = by_name(lanes=4, loadable=True)["parameters"]
    for kind in (BlockMemory, RegisteredMemory):
        built = kind.of(memory)
        Fragment.get(built, None)
        assert (built.width, built.depth) == (memory.word_bits, memory.depth)
        assert (built.init, built.style, built.slice_bits) == (memory.init, "block", 32)
