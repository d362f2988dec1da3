"""What surrounds replicas and joins tiles, synthesized alone: its terms, and what they become."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped
from numpy.typing import NDArray
from somagate.boards.outofcontext import Wrapper
from somagate.hw.plan.loadable import WORD_BITS
from somagate.hw.plan.plan import Plan, StageShape
from somagate.hw.plan.terms import Terms
from somagate.hw.rtl.configurator import Configurator, write_port
from somagate.hw.rtl.dealing import Broadcast, Collector, Dealer
from somagate.hw.rtl.join import Join
from somagate.hw.rtl.pipeline import memories

from benchmarks.hardware.designs import NETWORKS, SMALL, network
from benchmarks.hardware.synthesis import measure

Blocks = dict[str, Terms]
Counts = dict[str, tuple[float, float]]

PLANS = ((0, 2, 16), (1, 3, 32), (3, 4, 64), (4, 8, 16), (6, 12, 32), (8, 16, 64), (2, 6, 32))
"""Which of `NETWORKS`, on how many replicas, with words of how many bits.

Those on the most have an answer in every time step.
"""


def plans() -> list[Plan]:
    """Return some plans with replicas."""
    found = []
    for number, replicas, word_bits in PLANS:
        tables = network(np.random.default_rng(300 + number), (*NETWORKS, SMALL)[number])
        if replicas > 8:
            tables = replace(tables, readout=replace(tables.readout, over="every"))
        plan = Plan.single(tables, lanes=8, update_lanes=4, word_bits=word_bits, loadable=True)
        found.append(replace(plan, replicas=replicas))
    return found


class Loading(wiring.Component):
    """A configurator, and a broadcast behind it or none."""

    def __init__(self, plan: Plan, *, broadcast: bool) -> None:
        self.plan, self.broadcast = plan, broadcast
        self.targets = memories(plan)
        members = {"config": In(stream.Signature(unsigned(WORD_BITS)))}
        for number, target in enumerate(self.targets):
            members[f"load_{number}"] = Out(write_port(target))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        """Build it."""
        m = Module()
        m.submodules.configurator = configurator = Configurator(self.targets)
        # The wrapper's shift register holds what a register behind it would, so the two would be
        # made one.
        mixed = Signal.like(self.config.payload)
        m.d.sync += [
            mixed.eq(self.config.payload ^ self.config.payload.rotate_left(1)),
            configurator.config.valid.eq(self.config.valid),
        ]
        m.d.comb += [
            configurator.config.payload.eq(mixed),
            self.config.ready.eq(configurator.config.ready),
        ]
        if self.broadcast:
            m.submodules.broadcast = broadcast = Broadcast(self.plan, self.targets)
        for number in range(len(self.targets)):
            load = flipped(getattr(self, f"load_{number}"))
            write = getattr(configurator, f"write_{number}")
            if self.broadcast:
                connect(m, write, getattr(broadcast, f"write_{number}"))
                write = getattr(broadcast, f"loads_{number}")[0]
            connect(m, write, load)
        return m


def size(component: wiring.Component, family: str, cache: Path) -> NDArray[np.float64]:
    """Return logic and flip-flops of a component alone."""
    cells = measure(Wrapper(component), family, cache)["blocks"]
    cells.pop("wrapper", None)
    return np.array(list(cells.values()), float).sum(0)


def tiled() -> list[Plan]:
    """Return some plans whose first layer has tiles."""
    found = []
    for number, tiles, word_bits in ((0, 2, 16), (1, 4, 32), (2, 3, 32), (5, 6, 64), (7, 2, 64)):
        tables = network(np.random.default_rng(300 + number), NETWORKS[number])
        first = StageShape(layers=1, lanes=8, update_lanes=4, tiles=tiles)
        rest = StageShape(layers=len(tables.layers) - 1, lanes=8, update_lanes=4)
        found.append(Plan(tables=tables, shapes=(first, rest), word_bits=word_bits))
    return found


def around(family: str, cache: Path) -> list[tuple[Blocks, Counts]]:
    """Return terms and counts of dealers, collectors, broadcasts and joins."""
    found: list[tuple[Blocks, Counts]] = []
    for plan in plans():
        one = replace(plan, replicas=1)
        with_it, without = (Loading(one, broadcast=chosen) for chosen in (True, False))
        for name, terms, counts in (
            ("dealer", Dealer.terms(plan), size(Dealer(plan), family, cache)),
            ("collector", Collector.terms(plan), size(Collector(plan), family, cache)),
            (
                "broadcast",
                Broadcast.terms(plan, memories(plan)),
                size(with_it, family, cache) - size(without, family, cache),
            ),
        ):
            found.append(({name: terms}, {name: (float(counts[0]), float(counts[1]))}))
    for plan in tiled():
        terms, counts = Join.terms(plan.stages[0]), size(Join(plan.stages[0]), family, cache)
        found.append(({"join": terms}, {"join": (float(counts[0]), float(counts[1]))}))
    return found
