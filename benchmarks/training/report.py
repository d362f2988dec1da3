"""The tables of `training.py`, and what its figures depend on."""

import importlib.metadata
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from benchmarks.lib import output

COMPILED = ", neurons compiled"


def report(result: dict[str, Any]) -> str:
    """Return the tables in Markdown: a column for each case."""
    cases = result["cases"]
    names = dict.fromkeys(name for found in cases for name in found["contenders"])

    def table(first: str, cell: Callable[[dict[str, Any]], str], compiled: bool = False) -> str:
        rows = []
        for name in names:
            if name.endswith(COMPILED) and not compiled:  # in training only
                continue
            everyone = [found["contenders"].get(name) for found in cases]
            cells = [cell(who) if isinstance(who, dict) else "" for who in everyone]
            if any(cells):
                rows.append([name, *cells])
        return output.markdown((first, *(found["case"] for found in cases)), rows)

    def ratio(who: dict[str, Any], key: str) -> str:
        low, high = who[f"{key}_range"]
        if low == high == 1:
            return f"1 ({who[f'{key}_ms']:,.1f} ms)"
        return f"{who[f'{key}_ratio']:.2f} ({low:.2f}…{high:.2f})"

    def unequal(who: dict[str, Any]) -> str:
        return "" if who["unequal_spikes"] is None else f"{who['unequal_spikes']:.2g}"

    missing = {who for found in cases for who in found["contenders"].values()
               if isinstance(who, str)}  # fmt: skip
    return "\n".join(
        (
            "Median of the ratios, (least…greatest):\n",
            table("training step", lambda who: ratio(who, "train"), compiled=True),
            table("inference", lambda who: ratio(who, "infer")),
            table("learned numbers", lambda who: f"{who['parameters']:,}"),
            table("share of spikes that differ", unequal),
            *(f"{text}\n" for text in sorted(missing)),
            ", ".join(f"{name} {value}" for name, value in result["on"].items()) + "\n",
        )
    )


def surroundings() -> dict[str, Any]:
    """Return what the figures depend on."""
    found: dict[str, Any] = {
        "processor": processor(), "cores": os.cpu_count(), "threads": torch.get_num_threads(),
        "Python": platform.python_version(),
    }  # fmt: skip
    for name in ("torch", "snntorch", "spikingjelly"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "missing"
    return found


def processor() -> str:
    """Return the name of the processor, as far as the system tells it."""
    info = Path("/proc/cpuinfo")
    for line in info.read_text(encoding="utf-8").splitlines() if info.is_file() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
