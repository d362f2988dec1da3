"""The device under test in one of the simulators, ready to play scenarios."""

from collections.abc import Callable, Sequence
from math import prod
from pathlib import Path
from typing import Any, Literal

from amaranth.lib.wiring import Component
from numpy.typing import NDArray

from ...export.synapse import Convolution, Dense
from ...hw.plan.plan import Plan
from . import amaranth_engine, cocotb_engine, native_engine
from .ports import Ports, to_limbs
from .scenario import Pattern, Record, Scenario

Engine = Literal["native", "cocotb-verilator", "cocotb-icarus", "amaranth"]
ENGINES: tuple[Engine, ...] = ("native", "cocotb-verilator", "cocotb-icarus", "amaranth")

Play = Callable[[Scenario], Record]
"""Plays a scenario from reset; 'native' may do so in several threads at the same time."""


def player(
    engine: Engine, *, component: Component | None, ports: Ports, verilog: str, folder: Path
) -> Play:
    """Compile the device for an engine, unless that was done before, and return what plays it.

    Parameters
    ----------
    engine
        The simulator.
    component
        The device as Python describes it, for 'amaranth'.
    ports
        Of the device.
    verilog
        The device's text, for the others.
    folder
        Where compiled models are kept.
    """
    if engine == "amaranth":
        if component is None:
            raise ValueError("component must be given for engine 'amaranth', not None")
        return lambda scenario: amaranth_engine.run(component, ports, scenario)
    if engine == "native":
        library = native_engine.build(verilog, ports, folder)
        return lambda scenario: native_engine.run(library, ports, scenario)
    simulator: cocotb_engine.Simulator = "icarus" if engine == "cocotb-icarus" else "verilator"
    model = cocotb_engine.build(verilog, ports, simulator, folder)
    return lambda scenario: cocotb_engine.run(model, verilog, simulator, ports, scenario)


def scenario(
    plan: Plan,
    ports: Ports,
    x: NDArray[Any],
    *,
    config: Sequence[int] = (),
    go: Pattern,
    deadline: int,
) -> Scenario:
    """Return the scenario that runs some samples back to back.

    Parameters
    ----------
    plan, ports
        Of the device.
    x
        Integers (steps, samples, *input shape).
    config
        Words for the 'config' stream, sent before the samples.
    go, deadline
        As in `Scenario`.
    """
    batch = x.shape[1]
    words = {
        "config": config,
        "input": [word for sample in range(batch) for word in plan.pack_input(x[:, sample])],
    }
    each = [plan.tables.steps * sum(d.updates for d in stage.descriptors) for stage in plan.stages]
    due = dict(
        zip(
            ports.observers,
            [len(mine) * count for mine in plan.dealt(batch) for count in each],
            strict=True,
        )
    )
    return Scenario(
        words={name: to_limbs(words[name], ports.limbs(name)) for name in ports.sent},
        due={"output": batch * plan.results, **due},
        deadline=deadline,
        go=go,
    )


def default_deadline(plan: Plan, stalls: float) -> int:
    """Return a number of cycles in which any transfer must come: several of the longest gather."""
    longest = 0
    for layer in plan.tables.layers:
        events = 0
        for group in layer.synapses:
            bits = plan.tables.activation(group.source).bits
            if isinstance(group, Dense):
                events += bits * group.weights.shape[1]
            elif isinstance(group, Convolution):
                events += bits * group.groups * prod(group.weights.shape[1:])
            else:
                events += bits
        longest = max(longest, events)
    return round((4096 + 4 * longest) / (1 - stalls))
