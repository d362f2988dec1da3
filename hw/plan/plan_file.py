"""Plans as TOML files, for users who know better than the defaults.

Every key may be left out. A stage names its layers, in the order of the network, or says how many::

    word_bits = 32
    loadable = false
    replicas = 1

    [[stages]]
    layers = ["conv1", "conv2"]
    lanes = 32
    update_lanes = 4
    banks = 1
    holds = false
    weight_memory = "block"
    ahead = 2
    flags = 0
    tiles = 1

    [orders]
    conv1 = [3, 0, 2, 1]
"""

import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...checks.files import write
from ...export.tables import Tables
from .plan import Plan, StageShape

MANIFEST = "manifest.json"
"""The file in which an accelerator's folder has its plan."""
TABLES = "tables.safetensors"
"""The file in which it has its tables."""
VERSION = 3
"""Of what `generate` writes; the manifest says it as 'somagate'."""


class PlanFileError(ValueError):
    """A plan file is not one, or does not fit the tables; the message names file, key and value."""


def read(path: Path, tables: Tables, *, word_bits: int = 32) -> Plan:
    """Read a plan for some tables; `word_bits` is what it has where the file doesn't say.

    Raises
    ------
    PlanFileError
        Where the file is no TOML, has unknown keys, or its values don't fit each other or the
        tables.
    OSError
        Where it can't be read.
    """
    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlanFileError(f"{path} must be a TOML file: {error}") from None
    return _plan(path, {"word_bits": word_bits} | values, tables)


def built(folder: Path, tables: Tables | None = None) -> Plan:
    """Return the plan of an accelerator, from a folder that `generate` or `build` wrote.

    Parameters
    ----------
    folder
        With its manifest and its tables.
    tables
        In place of its own, laid out as those were.

    Raises
    ------
    PlanFileError
        Where it is no such folder, its tables are not those it was generated from, or the plan
        does not fit the tables.
    TablesFileError
        Where its tables are none.
    """
    known = manifest(folder)
    if tables is None:
        path = Path(folder) / TABLES
        tables = Tables.load(path)
        if tables.sha256 != known["tables_sha256"]:
            raise PlanFileError(
                f"{path} must hold the tables {known['tables_sha256'][:12]} that {MANIFEST} "
                f"names, not {tables.sha256[:12]}: generate both anew"
            )
    return _plan(Path(folder) / MANIFEST, known["plan"], tables)


def _plan(path: Path, values: dict[str, Any], tables: Tables) -> Plan:
    """Return the plan that the values in a file describe."""
    try:
        return from_dict(values, tables)
    except (TypeError, ValueError) as error:
        raise PlanFileError(f"{path}: {error}") from None


def manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a folder that `generate` or `build` wrote.

    Raises
    ------
    PlanFileError
        Where it has none, or one that is no JSON, or of another version.
    """
    path = Path(folder) / MANIFEST
    if not path.is_file():
        raise PlanFileError(
            f"{folder} must be a folder that `somagate generate` wrote, but has no {MANIFEST}"
        )
    try:
        known: Any = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise PlanFileError(f"{path} must be a JSON file: {error}; generate it anew") from None
    found = known.get("somagate") if isinstance(known, dict) else None
    if found != VERSION:
        raise PlanFileError(f"{path} must be of version {VERSION}, not {found}: generate it anew")
    for key, kind in (("plan", dict), ("tables_sha256", str)):
        if not isinstance(known.get(key), kind):
            raise PlanFileError(
                f"{path} {key} must be a {kind.__name__}, not {known.get(key)!r}: generate it anew"
            )
    return dict(known)


def save(plan: Plan, path: Path, *, overwrite: bool = True) -> None:
    """Write a plan to a file that `read` reads, whole or not at all.

    Raises
    ------
    FileExistsError
        Without `overwrite`, where something is there.
    """
    write(path, dump(plan), overwrite=overwrite)


def dump(plan: Plan) -> str:
    """Return a plan as the text of a file that `read` reads."""
    return text(to_dict(plan), [layer.name for layer in plan.tables.layers])


def text(values: dict[str, Any], names: Sequence[str]) -> str:
    """Return what `to_dict` told of a plan as the same text; `names` are those of all layers."""
    numbers = [key for key in ("word_bits", "loadable", "replicas") if key in values]
    lines, first = [f"{key} = {json.dumps(values[key])}" for key in numbers], 0
    for stage in values["stages"]:
        mine = list(names[first : first + stage["layers"]])
        lines += ["", "[[stages]]", f"layers = {json.dumps(mine)}"]
        lines += [f"{key} = {json.dumps(stage[key])}" for key in stage if key != "layers"]
        first += stage["layers"]
    if values["orders"]:
        lines += ["", "[orders]"]
        lines += [f"{json.dumps(name)} = {order}" for name, order in values["orders"].items()]
    return "\n".join(lines) + "\n"


def to_dict(plan: Plan) -> dict[str, Any]:
    """Return a plan as `from_dict` reads it; replicas and tiles are left out where they are 1."""
    found: dict[str, Any] = {
        "word_bits": plan.word_bits,
        "loadable": plan.loadable,
        "stages": [shape.told() for shape in plan.shapes],
        "orders": {name: list(order) for name, order in plan.orders.items()},
    }
    return found | ({"replicas": plan.replicas} if plan.replicas > 1 else {})


def from_dict(values: dict[str, Any], tables: Tables) -> Plan:
    """Return the plan that some values describe.

    Raises
    ------
    TypeError, ValueError
        Where a key is unknown or a value does not fit; the message names it.
    """
    known = {"word_bits": int, "loadable": bool, "stages": list, "orders": dict, "replicas": int}
    _check("plan", values, known)
    stages = values.get("stages", [{"layers": len(tables.layers)}])
    names = [layer.name for layer in tables.layers]
    shapes, first = [], 0
    for number, stage in enumerate(stages):
        where = f"stage {number}"
        if not isinstance(stage, dict):
            raise TypeError(f"{where} must be a table, not {stage!r}")
        _check(where, stage, StageShape.__dataclass_fields__)
        if "layers" not in stage:
            raise ValueError(f"{where} must have layers, a list of names or how many they are")
        layers = stage["layers"]
        if isinstance(layers, list):
            wanted = names[first : first + len(layers)]
            if layers != wanted or not layers:
                raise ValueError(
                    f"{where} layers must follow each other as {names[first:]}, not be {layers}"
                )
            layers = len(layers)
        shapes.append(StageShape(**stage | {"layers": layers}))
        first += shapes[-1].layers
    return Plan(
        tables=tables,
        shapes=tuple(shapes),
        orders={name: _order(name, order) for name, order in values.get("orders", {}).items()},
        **{key: values[key] for key in ("word_bits", "loadable", "replicas") if key in values},
    )


def _order(name: str, order: Any) -> tuple[int, ...]:
    if not isinstance(order, list) or not all(type(channel) is int for channel in order):
        raise TypeError(f"orders {name} must be a list of channels, not {order!r}")
    return tuple(order)


def _check(where: str, values: dict[str, Any], known: dict[str, Any]) -> None:
    for key, value in values.items():
        if key not in known:
            raise ValueError(f"{where} keys must be among {sorted(known)}, not {key!r}")
        if known[key] in (bool, list, dict) and not isinstance(value, known[key]):
            raise TypeError(f"{where} {key} must be a {known[key].__name__}, not {value!r}")
