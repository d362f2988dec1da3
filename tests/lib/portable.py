"""Designs of each kind, whose Verilog must work in every tool, with inputs and golden's answers."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from plans import everything
from somagate.export.tables import Tables
from somagate.hw.plan import loading
from somagate.hw.plan.loadable import ADDRESS_BITS, END
from somagate.hw.plan.plan import Plan, StageShape
from somagate.sim.golden import Trace, run
from tiny_tables import tiny


@dataclass(frozen=True, kw_only=True)
class Portable:
    """A plan, the tables that it runs, and what it is asked.

    Attributes
    ----------
    plan
        The accelerator's.
    tables
        Its own, or others that are loaded.
    samples
        How many.
    """

    plan: Plan
    tables: Tables
    samples: int = 2

    @cached_property
    def inputs(self) -> Any:
        """Input maps, (steps, samples, ...), with which the network fires."""
        activation = self.tables.input.activation
        shape = (self.tables.steps, self.samples, *self.tables.input.shape)
        return np.random.default_rng(3).integers(activation.low, activation.high + 1, shape)

    @property
    def words(self) -> list[int]:
        """The words of the input of all samples."""
        return [
            word
            for sample in range(self.samples)
            for word in self.plan.pack_input(self.inputs[:, sample])
        ]

    @property
    def config(self) -> list[int]:
        """The words that load the tables, and the end; none where the accelerator takes none."""
        if not self.plan.configurable:
            return []
        return [*loading.words(self.plan, self.tables), END << ADDRESS_BITS, 0]

    @cached_property
    def trace(self) -> Trace:
        """What golden says, some of which are spikes."""
        trace = run(self.tables, self.inputs)
        assert any(spikes.any() for spikes in trace.spikes.values())
        return trace


def portable() -> dict[str, Portable]:
    """Return one design of each kind."""
    two = (StageShape(layers=1, lanes=4), StageShape(layers=1, lanes=8, banks=2))
    spram = (StageShape(layers=2, lanes=4, weight_memory="spram"),)
    plans = {
        "one stage": Plan.single(tiny(), lanes=4, word_bits=16),
        "two stages": Plan(tables=tiny(), shapes=two, word_bits=32),
        "values and recurrence": Plan.single(everything(), lanes=4, update_lanes=2, word_bits=16),
        "loadable": Plan.single(tiny(), lanes=4, update_lanes=2, word_bits=8, loadable=True),
        "SPRAM": Plan(tables=tiny(), shapes=spram, word_bits=16),
    }
    others = {"loadable": tiny(1)}
    return {
        name: Portable(plan=plan, tables=others.get(name, plan.tables))
        for name, plan in plans.items()
    }
