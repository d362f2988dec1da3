"""The same sample gets the same answer from every engine and board, in whatever form it comes."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import somagate as sg
from somagate.toolchain import tools
from tiny_tables import tiny

COUNT = 4
ENGINES = ["native", "cocotb-verilator", "cocotb-icarus", "amaranth"]
BOARDS = ["icebreaker", "ulx3s-12f", "tang-nano-9k"]


@pytest.fixture(scope="module")
def tables() -> sg.Tables:
    return replace(tiny(seed=5), steps=12)


@pytest.fixture(scope="module")
def wanted(tables: sg.Tables) -> sg.Trace:
    found = sg.simulate(tables, sg.samples(tables, "digits", COUNT))
    assert len(set(found.prediction.tolist())) > 1
    return found


def forms(tables: sg.Tables) -> dict[str, Any]:
    """Return the same samples in every form that is taken."""
    import torch

    data = sg.samples(tables, "digits", COUNT)
    maps = data.x
    return {
        "samples": data,
        "maps": maps,
        "wide integers": maps.astype(np.int64),
        "bools": maps == 1,
        "a tensor": torch.from_numpy(maps.copy()),
        "lists": maps.tolist(),
        "own images": sg.samples(tables, (data.images, data.labels)),
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_gives_golden_s(engine: str, tables: sg.Tables) -> None:
    if engine == "cocotb-icarus" and tools.find("iverilog").kind == "missing":
        pytest.skip("Icarus Verilog is not here")
    data = sg.samples(tables, "digits", 2)
    design = sg.design(tables, board="icebreaker", lanes=4)
    assert sg.verify(design, data, engine=engine).equal


@pytest.mark.parametrize("board", BOARDS)
def test_every_board_gives_golden_s_by_every_way(
    board: str, tables: sg.Tables, wanted: sg.Trace
) -> None:
    design = sg.design(tables, board=board, lanes=4)
    ways = ("trace", "stream", "pixels", "counters")
    assert design.clock_hz is not None
    baud = design.clock_hz // 8
    with sg.virtual_board(design, baud=baud, extras=ways) as served:
        with sg.Device(served.port, design, baud=baud) as device:
            for name, x in forms(tables).items():
                answers = device.predict(x)
                assert np.array_equal(answers.output, wanted.output), name
                assert np.array_equal(answers.prediction, wanted.prediction), name
                assert np.array_equal(sg.simulate(tables, x).output, wanted.output), name
            data = sg.samples(tables, "digits", COUNT)
            assert np.array_equal(device.predict(data, profile=True).output, wanted.output)
            trace = device.trace(data)
            assert np.array_equal(trace.output, wanted.output)
            for name, spikes in wanted.spikes.items():
                assert np.array_equal(trace.spikes[name], spikes)
                assert np.array_equal(trace.potentials[name], wanted.potentials[name])
            for sample in range(COUNT):
                # A readout by potential: the last step's are the sample's.
                steps = device.stream().run(data.x[:, [sample]])
                assert np.array_equal(steps.output[:, -1], wanted.output[[sample]])
