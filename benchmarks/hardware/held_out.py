"""Plans that the coefficients of `somagate estimate` aren't fitted to, to compare it with."""

from math import ceil
from typing import Any

from somagate.export.tables import Tables
from somagate.hw.plan.plan import Plan, StageShape
from somagate.hw.plan.support import most_tiles


def held_out(name: str, tables: Tables) -> list[tuple[str, Plan]]:
    """Return plans of tables from one lane a stage's worth up to many: a name and a plan each."""
    layers = len(tables.layers)
    one: list[dict[str, Any]] = [
        {"lanes": 8, "update_lanes": 1, "word_bits": 16},
        {"lanes": 16, "update_lanes": 4, "word_bits": 16},
        {"lanes": 16, "update_lanes": 2, "loadable": True},
        {"lanes": 32, "update_lanes": 4, "banks": 2},
        {"lanes": 32, "update_lanes": 8, "banks": 4},
        {"lanes": 64, "update_lanes": 8, "word_bits": 64},
    ]
    found = [
        (f"{name} {' '.join(f'{key}={value}' for key, value in shape.items())}", shape)
        for shape in one
    ]
    plans = [(title, Plan.single(tables, **shape)) for title, shape in found]
    each = tuple(StageShape(layers=1, lanes=16, update_lanes=4) for _ in range(layers))
    two = (
        StageShape(layers=layers - 1, lanes=32, update_lanes=4),
        StageShape(layers=1, lanes=16, update_lanes=1),
    )
    return [
        *plans,
        (f"{name} a stage a layer", Plan(tables=tables, shapes=each)),
        (f"{name} 2 stages, loadable", Plan(tables=tables, shapes=two, loadable=True)),
    ]


def large(name: str, tables: Tables) -> list[tuple[str, Plan]]:
    """Return plans of tables with 128 to some 1,000 lanes in all: a name and a plan each."""
    one: list[dict[str, Any]] = [
        {"lanes": 64, "update_lanes": 8, "word_bits": 64, "banks": 2},
        {"lanes": 64, "update_lanes": 16, "word_bits": 32, "banks": 4},
    ]
    found = [
        (f"{name} {' '.join(f'{key}={value}' for key, value in shape.items())}",
         Plan.single(tables, **shape))
        for shape in one
    ]  # fmt: skip
    for banks, tiles in ((2, 1), (4, 2)):
        shapes = [
            StageShape(
                layers=1, lanes=ceil(int(layer.kept.sum()) / 2) * 2, update_lanes=2, banks=banks,
                tiles=min(tiles, most_tiles(tables, number)[0]),
            )
            for number, layer in enumerate(tables.layers)
        ]  # fmt: skip
        title = f"{name} a stage a layer, banks={banks} tiles={tiles}"
        found.append((title, Plan(tables=tables, shapes=tuple(shapes), word_bits=32)))
    lanes = [
        (f"{title} ({sum(s.lanes * s.banks * s.tiles for s in plan.shapes)} lanes)", plan)
        for title, plan in found
    ]
    return lanes
