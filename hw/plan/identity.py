"""What a bitstream is, as a hash: two with the same one take the same configuration stream."""

import hashlib
import json
from dataclasses import MISSING, asdict, fields
from typing import Any

from ...export.readout import Readout
from . import plan_file
from .descriptor import Descriptor, Source
from .loadable import targets
from .mode import Mode
from .plan import Plan

VERSION = 2
"""Of the stream's format and of the memories' layout; goes up when either changes."""


def shape_sha256(plan: Plan) -> str:
    """Return the hexadecimal SHA-256 of all that decides what a configuration stream must hold.

    That is the plan, its layers' geometry and modes, and the memories; and the tables themselves
    where no others can be loaded.
    """
    tables = plan.tables
    shape: dict[str, Any] = {
        "version": VERSION,
        "plan": plan_file.to_dict(plan),
        "input": asdict(tables.input),
        "steps": tables.steps,
        "readout": _first_fields(tables.readout),
        "tables": "" if plan.loadable else tables.sha256,
        "stages": [
            {
                "layers": [_first_fields(descriptor) for descriptor in stage.descriptors],
                "modes": [_first_fields(mode) for mode in stage.layer_modes],
                "parameters": [(field.name, field.bits) for field in stage.parameters],
                "sum_bits": (stage.accumulator_bits, stage.update_bits),
                "memories": [asdict(target) for target in targets(stage)],
            }
            for stage in plan.stages
        ],
    }
    text = json.dumps(shape, sort_keys=True, default=int)
    return hashlib.sha256(text.encode()).hexdigest()


def _first_fields(record: Mode | Descriptor | Source | Readout) -> dict[str, Any]:
    """Return a record; what came later than the first bitstreams is left out where it is off."""
    # A readout's kind had its default from the start, and was always told.
    first = ("kind",) if isinstance(record, Readout) else ()
    later = {
        field.name: field.default
        for field in fields(record)
        if field.default is not MISSING and field.name not in first
    }
    found = {name: value for name, value in asdict(record).items() if value != later.get(name, ...)}
    if isinstance(record, Descriptor):
        found["sources"] = [_first_fields(source) for source in record.sources]
    return found
