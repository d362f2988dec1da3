"""The blocks of a stage with their terms: numbers that their logic grows with.

Each block says its own terms beside its gates, as `terms(plan)`; see `somagate.hw.plan.terms`.
"""

from ..plan.stage_plan import StagePlan
from ..plan.terms import Terms
from ..plan.widths import parts
from ..rtl.configurator import Configurator
from ..rtl.gather.array import Array
from ..rtl.gather.fetcher import Fetcher
from ..rtl.gather.finder import Finder
from ..rtl.gather.held_sums import Currents
from ..rtl.gather.scanner import Scanner
from ..rtl.gather.walker import Walker
from ..rtl.join import Join
from ..rtl.maps.map_loader import Loader
from ..rtl.maps.packer import Packer
from ..rtl.maps.pool import Pool
from ..rtl.maps.ring import Ring
from ..rtl.queue import Queue
from ..rtl.sequencer import Sequencer
from ..rtl.stage import Stage
from ..rtl.update.readout import Readout
from ..rtl.update.update import Update
from .memory_mapping import map_memory
from .part import Part


def stage_blocks(plan: StagePlan, exports: int) -> dict[str, Terms]:
    """Return the terms of a stage's blocks, without its memories; `exports` maps are sent on.

    The join of a layer's tiles is with the first one.
    """
    found = {
        "sequencer": Sequencer.terms(plan),
        "loader": Loader.terms(plan),
        "walker": Walker.terms(plan),
        "fetcher": Fetcher.terms(plan),
        "queue": Queue.terms(plan),
        "scanner": Scanner.terms(plan),
        "array": Array.terms(plan),
        "update": Update.terms(plan),
        "stage": Stage.terms(plan, exports),
    }
    if plan.shape.flags:
        found["finder"] = Finder.terms(plan)
    if ring := Ring.terms(plan):
        found["ring"] = ring
    if plan.held:
        found["currents"] = Currents.terms(plan)
    if exports or any(name in plan.read_maps for name in plan.names):
        found["pool"] = Pool.terms(plan)
        found["packer"] = Packer.terms(plan)
    if exports and plan.shape.tiles > 1 and not plan.tile:
        found["join"] = Join.terms(plan)
    if plan.tables.readout.layer in plan.names:
        found["readout"] = Readout.terms(plan)
    if plan.weights_load:
        found["configurator"] = Configurator.terms(plan)
    return found


def memory_terms(part: Part, *, width: int, depth: int, written: bool, block: bool) -> Terms:
    """Return the terms of a memory and the register behind it."""
    if not width:
        return {}
    # Nobody needs the old word where one is written while it is read; see `hw.rtl.memory`.
    mapped = map_memory(part, width=width, depth=depth, written=written, block=block, checked=False)
    terms: Terms = {"rows": (mapped.rows - 1) * width}
    if mapped.kind == "logic":
        if written:
            terms = {"written_bits": width * depth, "written_width": width}
        else:
            # What look-up tables of four and of six inputs take for it.
            terms = {f"rom_{size}": width * parts(depth, size) for size in (16, 64)}
            terms["rom_width"] = width
    elif mapped.kind == "distributed":
        terms |= {"luts": mapped.units, "read": width, "rows_read": mapped.rows}
    return terms
