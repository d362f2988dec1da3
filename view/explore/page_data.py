"""What the page of an exploration holds for its script: points, axes, plan files and commands."""

import base64
import gzip
import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...boards.families.family import OpenFamily
from ...boards.registry import BOARDS
from ...hw.plan import plan_file
from .figures import Row, followed
from .proven import PASSES

NUMBER, TABLES = "@N@", "@T@"
"""Stand in commands for a point's number and its tables; the shell takes them as they are."""


def axes_of(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the axes that there are figures for; more is better, or less."""
    axes: list[dict[str, Any]] = [
        {"key": "images", "column": "images_per_second", "label": "Images a second", "more": True,
         "log": True},
        {"key": "cycles", "column": "cycles_per_image", "label": "Cycles an image", "log": True},
        {"key": "cells", "column": "logic_cells", "label": "Logic cells", "log": True},
        {"key": "logic", "column": "logic_share", "label": "Share of the logic", "share": 1},
        {"key": "rams", "column": "block_rams", "label": "Block RAMs", "log": True},
        {"key": "ram_share", "column": "block_ram_share", "label": "Share of the block RAMs",
         "share": 1},
        {"key": "accuracy", "column": "accuracy", "label": "Accuracy", "more": True, "share": 2},
        {"key": "additions", "column": "additions_per_image", "label": "Additions an image",
         "log": True},
    ]  # fmt: skip
    return [axis for axis in axes if any(row[axis["column"]] is not None for row in rows)]


def data(
    rows: Sequence[Row], settings: Mapping[str, str], targets: Sequence[str], file: str,
    source: str | None,
) -> str:  # fmt: skip
    """Return what the page's script reads."""
    axes = axes_of(rows)
    networks = sorted({row["network"] for row in rows})
    bits = {row["network"]: f"{row['weight_bits']} / {row['state_bits']}" for row in rows}
    stem = Path(file).with_suffix("")
    content: dict[str, Any] = {
        "axes": [{key: axis[key] for key in axis if key != "column"} for axis in axes],
        "number": [row["number"] for row in rows],
        "target": [targets.index(row["target"]) for row in rows],
        "network": [networks.index(row["network"]) for row in rows],
        "fits": [row["fits"] for row in rows],
        "front": [row["front"] for row in rows],
        "followed": [int(followed(row)) for row in rows],
        "lined": _lined(rows),
        "bits": [bits[network] for network in networks],
        "why": {str(row["number"]): row["why_not"] for row in rows if not row["fits"]},
        "proven": {str(row["number"]): _proven(row) for row in rows if _proven(row)},
        "targets": [
            {"name": name, "command": _command(name, f"{stem}-{NUMBER}.toml")} for name in targets
        ],
        "told": f"those of {settings['spikes']}",
        "write": f"somagate explore {_quoted(source)} --out {shlex.quote(file)} --point {NUMBER}",
        "tables": _quoted(source),
        "written": shlex.quote(f"{stem}-{NUMBER}.safetensors"),
    }
    # The tables as they were given come first, if any point has them.
    if networks and networks[0] != 0:
        content["bits"].insert(0, "")
        content["network"] = [place + 1 for place in content["network"]]
    for axis in axes:
        content[axis["key"]] = [_short(row[axis["column"]]) for row in rows]
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    names = settings["layers"].split()
    texts = [plan_file.text(json.loads(row["plan"]), names) for row in rows]
    packed = gzip.compress(json.dumps(texts).encode(), mtime=0)
    return (
        f'<script type="application/json" id="explore-data">{text}</script>\n'
        '<script type="text/plain" id="explore-plans">'
        f"{base64.b64encode(packed).decode()}</script>\n"
    )


def _lined(rows: Sequence[Row]) -> list[int]:
    """Return of each point whether the line may run through it: it fits, and isn't about.

    Where none of a board was followed, those that fit have to do.
    """
    exact = {row["target"] for row in rows if followed(row)}
    return [int(row["fits"] and (followed(row) or row["target"] not in exact)) for row in rows]


def _short(value: float | None) -> float | None:
    """Return a figure with as many digits as a picture shows."""
    return value if value is None or isinstance(value, int) else float(f"{value:.6g}")


def _proven(row: Row) -> list[tuple[str, str]]:
    """Return what was proven of a point, as names and values."""
    found = []
    if row["verified"] is not None:
        told = f"{row['verified']} on {row['verified_samples']} samples"
        cycles = row["verified_cycles_per_image"]
        found.append(("RTL and golden", told + (f", {cycles:,.1f} cycles each" if cycles else "")))
    if row["built"] is not None:
        passes = f"the clock passes, {row['fmax_mhz']} MHz possible"
        found.append(("Bitstream", passes if row["built"] == PASSES else row["built"]))
    return found


def _quoted(source: str | None) -> str:
    return shlex.quote(source or "TABLES.safetensors")


def _command(name: str, plan: str) -> str:
    """Return the command that builds a point of a board, or what there is for a part."""
    told = f"{TABLES} --plan {shlex.quote(plan)}"
    if name not in BOARDS:
        return f"somagate generate {told}"
    if isinstance(BOARDS[name].family, OpenFamily):
        return f"somagate build {told} --board {name}"
    return f"somagate generate {told} --board {name} --for vivado"
