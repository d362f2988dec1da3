"""The memories of what is kept of neurons: whose turn it is, and what is written."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value

from ...plan.stage_plan import StagePlan
from ..memory import RegisteredMemory


def lies_in(m: Module, mode: Value, name: str, here: list[bool]) -> Signal:
    """Return whether a layer lies in a memory; `here` says of which modes the memory is."""
    mine = Signal(name=f"mode_has_{name}")
    with m.Switch(mode):
        for number, has in enumerate(here):
            with m.Case(number):
                m.d.comb += mine.eq(has)
    return mine


def turn(
    m: Module, memory: RegisteredMemory, name: str, depth: int, steps: dict[str, Value]
) -> None:
    """Count a memory's addresses on at each step of its ports 'read' and 'write'.

    All layers in it lie in the order in which they are updated.
    """
    for port, step in steps.items():
        addr = Signal(range(max(2, depth)), name=f"{port}_addr_{name}")
        with m.If(step):
            m.d.sync += addr.eq(Mux(addr == depth - 1, 0, addr + 1))
        m.d.comb += getattr(memory, port).addr.eq(addr)


def potentials_word(plan: StagePlan, mode: Value, chunk: Any, bits: int) -> Value:
    """Return a chunk's word in the potentials of a width; a mode that blanks has spikes on top."""
    here = [one.state_bits == bits for one in plan.modes]
    blanks = [number for number, one in enumerate(plan.modes) if here[number] and one.blanks]
    if not blanks:
        return Cat(potential[:bits] for potential in chunk.potentials)
    found: list[Value] = []
    for potential, spikes in zip(chunk.potentials, chunk.spikes, strict=True):
        top: Value = spikes.any()
        if len(blanks) < sum(here):
            blank = Cat(mode == number for number in blanks).any()
            top = Mux(blank, top, potential[bits - 1])
        found += [potential[: bits - 1], top]
    return Cat(found)
