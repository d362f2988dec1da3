import numpy as np
import pytest
from playback import Script, script
from small_network import small_network
from somagate.hw.plan.plan import Plan, StageShape
from somagate.sim.bench.engines import ENGINES
from somagate.toolchain import tools

NEEDED = {
    "cocotb-icarus": ("cocotb", "iverilog"),
    "cocotb-verilator": ("cocotb", "verilator"),
    "native": ("verilator",),
    "amaranth": (),
}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Every simulator that is here."""
    name = str(request.param)
    for tool in map(tools.find, NEEDED[name]):
        if tool.kind == "missing":
            pytest.skip(f"{name} needs {tool.name}, but {tool.problem}")
    return name


@pytest.fixture(scope="session")
def plan() -> Plan:
    """Return a small network on two lanes, so that its layers take several lane groups."""
    return Plan.single(small_network(), lanes=2, update_lanes=2, word_bits=16)


@pytest.fixture(scope="session")
def chain() -> Plan:
    """Return the network on two unlike stages, into which other tables can be loaded."""
    shapes = (
        StageShape(layers=1, lanes=2, update_lanes=2),
        StageShape(layers=1, lanes=4, update_lanes=1, banks=2),
    )
    return Plan(tables=small_network(), shapes=shapes, word_bits=16, loadable=True)


@pytest.fixture(scope="session")
def x() -> np.ndarray:
    """Return three samples for it."""
    return (np.random.default_rng(5).random((3, 3, 2, 6, 6)) < 0.3).astype(np.uint8)


@pytest.fixture(scope="session")
def played(plan: Plan, x: np.ndarray) -> Script:
    """What an accelerator that equals golden does with these samples."""
    return script(plan, x)


@pytest.fixture(scope="session")
def chained(chain: Plan, x: np.ndarray) -> Script:
    """What the chain does with these samples if it equals golden."""
    return script(chain, x)
