"""Fit the coefficients of `somagate estimate` to real syntheses, or compare it with others.

``fit`` synthesizes random networks on random plans for all families, and writes
``hw/cost/coefficients.toml``; ``tops`` renews those of a board's serial line alone, and ``around``
those of what surrounds replicas and joins tiles. ``check`` does the same as ``fit`` for plans that
were not fitted, of tables that are named or of other random networks, and prints predicted and real
counts. What was synthesized is kept in a folder, so that only what has changed takes time: some 40
minutes for ``fit`` on two cores.
"""

import argparse
import sys
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out
from scipy.optimize import nnls
from somagate.boards.core import TopParameters
from somagate.boards.outofcontext import Wrapper
from somagate.boards.registry import BOARDS
from somagate.boards.top import Top
from somagate.boards.uart import UartParameters
from somagate.export.tables import Tables
from somagate.hw.cost.coefficients import COEFFICIENTS, PATH, Table
from somagate.hw.cost.part import PARTS
from somagate.hw.cost.resources import resources, shared_terms, terms
from somagate.hw.plan.loadable import WORD_BITS
from somagate.hw.plan.plan import Plan
from somagate.hw.rtl.accelerator import Accelerator
from somagate.hw.rtl.join import Join
from somagate.hw.rtl.memory import read_signature

from benchmarks.hardware.around import around, tiled
from benchmarks.hardware.around import plans as surrounded
from benchmarks.hardware.designs import plans
from benchmarks.hardware.fitted import fitted
from benchmarks.hardware.held_out import held_out, large
from benchmarks.hardware.synthesis import measure

FAMILIES = ("ice40", "ecp5", "gowin", "xilinx")
RIDGE = 1e-3
"""How much a coefficient has to be worth to be there; of the largest share of a design's logic."""

Design = tuple[str, Plan]
Terms = dict[str, dict[str, float]]
Counts = dict[str, tuple[float, float]]

HEADER = """\
# What one of each term of `hw.cost.blocks` takes, by family and block: [logic, flip-flops].
# Written by `python -m benchmarks.hardware.resources fit`, which fits them to syntheses of
# random networks on random plans. Not to be edited.
#
# A coefficient of 0 was fitted as any other, unless it is said not to be measured: no design that
# is synthesized has such a term. On iCE40 that is distributed RAM, which no plan has there. On the
# others it is memories that are written and lie in flip-flops, as they hold a single word or very
# few bits: estimates there lack about a flip-flop and a look-up table a bit. `combined` and `votes`
# of the readout, `waits` of the sequencer, the ring, the join and what surrounds replicas were
# measured on the block alone; a fit keeps those that no design of it has.
"""


class Sink(wiring.Component):
    """As small an accelerator as keeps a board's top from being optimized away."""

    def __init__(self, word_bits: int, *, configurable: bool) -> None:
        result = {"value": unsigned(12), "index": unsigned(4), "prediction": unsigned(4), "last": 1}
        members = {
            "input": In(stream.Signature(unsigned(word_bits))),
            "output": Out(stream.Signature(StructLayout(result))),
        }
        if configurable:
            self.plan = SimpleNamespace(must_load=False)
            members |= {
                "config": In(stream.Signature(unsigned(WORD_BITS))),
                "config_refused": Out(1),
                "config_finished": Out(1),
                "identity": In(read_signature(6, 8)),
            }
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        """Build it."""
        m = Module()
        state = Signal.like(self.input.payload)
        with m.If(self.input.valid & self.input.ready):
            m.d.sync += state.eq(self.input.payload ^ state.rotate_left(1))
        m.d.comb += [
            self.input.ready.eq(self.output.ready),
            self.output.valid.eq(state[0]),
            self.output.payload.prediction.eq(state[:4]),
            self.output.payload.last.eq(state[4]),
        ]
        if hasattr(self, "config"):
            loaded, identity = Signal.like(self.config.payload), Signal(8)
            with m.If(self.config.valid):
                m.d.sync += loaded.eq(self.config.payload ^ loaded.rotate_left(1))
            with m.If(self.identity.en):
                m.d.sync += identity.eq(self.identity.addr ^ identity.rotate_left(1))
            m.d.comb += [
                self.config.ready.eq(1),
                self.identity.data.eq(identity),
                self.config_refused.eq(loaded[0]),
                self.config_finished.eq(loaded[1]),
            ]
        return m


def real(plan: Plan, family: str, cache: Path) -> dict[str, Any]:
    """Return what a plan becomes, without the wrapper around it."""
    found = measure(Wrapper(Accelerator(plan)), family, cache)
    found["blocks"].pop("wrapper", None)
    return found


def counted(plan: Plan, family: str) -> Terms:
    """Return the terms of all stages together; the plan has one replica."""
    found: Terms = defaultdict(lambda: defaultdict(float))
    part = next(part for part in PARTS.values() if part.family == family)
    for stage in terms(plan, part):
        for block, values in stage.items():
            for name, value in values.items():
                found[block][name] += value
    return found


def tops(family: str, cache: Path) -> list[tuple[Terms, Counts]]:
    """Return terms and counts of the tops of boards, without an accelerator.

    Of one whose accelerator is configurable, what it takes beyond the other is 'commands'.
    """
    found: list[tuple[Terms, Counts]] = []
    boards = [board for board in BOARDS.values() if board.family.part.family == family]
    for board in boards[:1]:
        for word_bits in (16, 32, 64):
            parameters = TopParameters(
                uart=UartParameters(clock_hz=board.clock_hz),
                word_bits=word_bits,
                buffer_bytes=board.buffer_bytes,
            )
            plain, more = (
                top_size(Top(Sink(word_bits, configurable=configurable), parameters), family, cache)
                for configurable in (False, True)
            )
            found.append(({"top": {"word": word_bits, "one": 1}}, {"top": plain}))
            rest = more[0] - plain[0], more[1] - plain[1]
            found.append(({"commands": {"one": 1}}, {"commands": rest}))
    return found


def top_size(top: Top, family: str, cache: Path) -> tuple[float, float]:
    """Return logic and flip-flops of a board's top around a sink."""
    blocks = measure(top, family, cache)["blocks"]
    blocks.pop("resources", None)  # this file: the sink
    return sum(c[0] for c in blocks.values()), sum(c[1] for c in blocks.values())


def fit(rows: list[tuple[Terms, Counts]]) -> Table:
    """Return the coefficients, none below 0, with the least squares of errors in shares."""
    table: Table = {}
    for block in sorted({block for values, _ in rows for block in values}):
        used = [(values, counts) for values, counts in rows if block in values]
        names = sorted({n for values, _ in used for n, value in values[block].items() if value})
        x = np.array([[values[block].get(name, 0.0) for name in names] for values, _ in used])
        columns = []
        for index in range(2):
            y = np.array([counts.get(block, (0, 0))[index] for _, counts in used])
            share = np.array([1 / max(1, sum(c[index] for c in n.values())) for _, n in used])
            scale = np.maximum((x * share[:, None]).max(0), 1e-9)
            rows_and_ridge = np.vstack([x * share[:, None] / scale, RIDGE * np.eye(len(names))])
            found, _ = nnls(rows_and_ridge, np.append(y * share, np.zeros(len(names))))
            columns.append(found / scale)
        pairs = zip(names, *columns, strict=True)
        table[block] = {n: (float(a), float(b)) for n, a, b in pairs}  # those of 0 were fitted too
    return table


def merged(before: Table, found: Table) -> Table:
    """Return what was fitted, and what was before of terms that no design has any of."""
    blocks = {*before, *found}
    return {block: before.get(block, {}) | found.get(block, {}) for block in sorted(blocks)}


def write(tables: dict[str, Table], designs: list[Design], path: Path) -> None:
    """Write the file of the coefficients, and beside those of 0 whether no design has any."""
    blocks = []
    for family, table in tables.items():
        measured = {
            (block, term)
            for _, plan in designs
            for block, values in counted(plan, family).items()
            for term, value in values.items()
            if value
        }
        measured |= {
            (block, term)
            for plan in surrounded()
            for block, values in shared_terms(plan).items()
            for term in values
        }
        measured |= {("join", term) for plan in tiled() for term in Join.terms(plan.stages[0])}
        for block, values in table.items():
            blocks.append(f"\n[{family}.{block}]\n")
            for term, (logic, flip_flops) in values.items():
                known = logic or flip_flops or (block, term) in measured
                comment = "" if known else "  # not measured"
                blocks.append(f"{term} = [{logic:.3f}, {flip_flops:.3f}]{comment}\n")
    path.write_text(HEADER + "".join(blocks), encoding="utf-8")


def compare(designs: list[Design], family: str, known: list[dict[str, Any]]) -> list[float]:
    """Print predicted and real counts of some plans; return the errors in logic."""
    part = next(part for part in PARTS.values() if part.family == family)
    errors = []
    for (name, plan), found in zip(designs, known, strict=True):
        result = resources(plan, part)
        logic, flip_flops = (sum(c[i] for c in found["blocks"].values()) for i in range(2))
        rams = sum(found["memories"].values())
        errors.append(result.logic / logic - 1)
        print(
            f"{family:7}{name:40} logic {logic:6.0f} {errors[-1]:+6.1%}  flip-flops "
            f"{flip_flops:5.0f} {result.flip_flops / flip_flops - 1:+6.1%}  block RAMs "
            f"{rams:3} {result.block_rams - rams:+d}",
            flush=True,
        )
    return errors


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("verb", choices=["fit", "check", "tops", "around"])
    parser.add_argument("tables", nargs="*", type=Path, help="check: .safetensors files")
    parser.add_argument("--families", nargs="+", default=FAMILIES, choices=FAMILIES)
    parser.add_argument("--designs", type=int, default=24, help="how many random plans")
    parser.add_argument("--large", action="store_true", help="check: plans of 128 lanes and more")
    parser.add_argument("--jobs", type=int, default=2, help="syntheses at the same time")
    parser.add_argument("--cache", type=Path, default=Path("runs/resources"))
    given = parser.parse_args()
    if given.verb in ("tops", "around"):
        designs = fitted(given.designs)
        renewed = tops if given.verb == "tops" else around
        tables = {
            family: COEFFICIENTS[family] | fit(renewed(family, given.cache))
            if family in given.families
            else table
            for family, table in COEFFICIENTS.items()
        }
        write(tables, designs, PATH)
        return
    if given.verb == "fit":
        designs = fitted(given.designs)
    elif given.tables:
        which = large if given.large else held_out
        designs = [d for path in given.tables for d in which(path.stem, Tables.load(path))]
    else:
        designs = plans(given.designs, seed=2)
    work = [(plan, family) for family in given.families for _, plan in designs]
    known: list[dict[str, Any]] = []
    with ProcessPoolExecutor(given.jobs) as pool:
        for found in pool.map(real, *zip(*work, strict=True), repeat(given.cache)):
            known.append(found)
            print(f"{len(known)} of {len(work)} syntheses", end="\r", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    results = {
        family: known[i * len(designs) : (i + 1) * len(designs)]
        for i, family in enumerate(given.families)
    }
    if given.verb == "fit":
        tables = dict(COEFFICIENTS)
        for family in given.families:
            rows = [
                (counted(plan, family), found["blocks"])
                for (_, plan), found in zip(designs, results[family], strict=True)
            ]
            alone = tops(family, given.cache) + around(family, given.cache)
            tables[family] = merged(COEFFICIENTS[family], fit(rows + alone))
        write(tables, designs, PATH)
        COEFFICIENTS.update(tables)
    for family in given.families:
        errors = np.array(compare(designs, family, results[family]))
        print(
            f"{family}: {np.abs(errors).mean():.1%} off on average, "
            f"{errors.min():+.1%}…{errors.max():+.1%}\n"
        )


if __name__ == "__main__":
    main()
