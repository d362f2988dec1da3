"""Write an accelerator down: Verilog, memory images, and a map of all memories."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from amaranth.back import verilog as back

from . import tools
from .accelerator import Accelerator
from .array import pack
from .plan import Plan

TOP = "somagate"
"""Name of the top module, and of the Verilog file."""


@contextmanager
def _environment() -> Iterator[None]:
    """Let Amaranth find Yosys, native or from the wheel."""
    before = dict(os.environ)
    os.environ.update(tools.environment())
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def verilog(plan: Plan) -> str:
    """Return the accelerator of a plan as Verilog; the same plan gives the same text.

    Raises
    ------
    ToolError
        Where Yosys is missing.
    """
    tools.require("yosys")
    with _environment():
        text: str = back.convert(
            Accelerator(plan), name=TOP, emit_src=False, strip_internal_attrs=True
        )
    return text


def memory_map(plan: Plan) -> dict[str, Any]:
    """Return every memory of the accelerator with its size, and what of each layer lies where."""
    layers = []
    for layer, descriptor in zip(plan.tables.layers, plan.descriptors, strict=True):
        source = descriptor.map
        bits = layer.neuron.store.bits
        layers.append(
            {
                "layer": descriptor.name,
                "reads": descriptor.source,
                "channels": descriptor.channels,
                "pruned_channels": int((~layer.kept).sum()),
                "positions": descriptor.positions,
                "lane_groups": descriptor.groups,
                "map_words": [source.base, source.words],
                "weight_rows": [descriptor.weight_base, descriptor.weight_rows],
                "parameter_words": [descriptor.parameter_base, descriptor.chunks],
                "potentials": f"potentials_{bits}",
                "potential_words": [descriptor.state_base, descriptor.updates],
            }
        )
    parameter_bits = sum(field.bits for field in plan.parameters)
    memories = {
        "maps": (plan.map_words, plan.word_bits),
        "weights": (len(plan.weights), plan.lanes * plan.weight_bits),
        "parameters": (len(plan.parameters[0].values), plan.update_lanes * parameter_bits),
    }
    for bits, words in plan.state_words.items():
        memories[f"potentials_{bits}"] = (words, plan.update_lanes * bits)
    return {
        "memories": [
            {"memory": name, "words": words, "word_bits": width, "bits": words * width}
            for name, (words, width) in memories.items()
        ],
        "layers": layers,
    }


def manifest(plan: Plan) -> dict[str, Any]:
    """Return what the accelerator was generated from, and the widths that its user needs."""
    return {
        "somagate": 1,
        "network": plan.tables.name,
        "tables_sha256": plan.tables.sha256,
        "top": TOP,
        "lanes": plan.lanes,
        "update_lanes": plan.update_lanes,
        "word_bits": plan.word_bits,
        "steps": plan.tables.steps,
        "input_words": plan.input_words,
        "weight_bits": plan.weight_bits,
        "accumulator_bits": plan.accumulator_bits,
        "update_bits": plan.update_bits,
        "classes": plan.classes,
        "readout_bits": plan.readout_bits,
        "parameters": {field.name: field.bits for field in plan.parameters},
    }


def images(plan: Plan) -> dict[str, str]:
    """Return the initial contents of the memories that have one, as `$readmemh` reads them."""
    digits = -(-plan.lanes * plan.weight_bits // 4)
    weights = [f"{pack(row, plan.weight_bits):0{digits}x}" for row in plan.weights.tolist()]
    digits = -(-plan.parameter_bits // 4)
    parameters = [f"{word:0{digits}x}" for word in plan.parameter_words]
    return {"weights": "\n".join(weights) + "\n", "parameters": "\n".join(parameters) + "\n"}


def generate(plan: Plan, folder: Path, *, overwrite: bool = False) -> dict[str, Path]:
    """Write the accelerator to a folder, and return its files by name.

    ``somagate.v``, ``manifest.json``, ``memory_map.json``, ``weights.hex``, ``parameters.hex`` and
    ``tables.safetensors``. The Verilog holds the images already; the files are for reading.

    Raises
    ------
    FileExistsError
        Where the folder exists and `overwrite` is False; it is left alone.
    ToolError
        Where Yosys is missing.
    """
    folder = Path(folder)
    if folder.exists() and not overwrite:
        raise FileExistsError(f"{folder} must not exist yet, or be overwritten on purpose")
    texts = {
        f"{TOP}.v": verilog(plan),
        "manifest.json": json.dumps(manifest(plan), indent=2) + "\n",
        "memory_map.json": json.dumps(memory_map(plan), indent=2) + "\n",
        **{f"{name}.hex": text for name, text in images(plan).items()},
    }
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as name:
        work = Path(name, "new")
        work.mkdir()
        for file, text in texts.items():
            (work / file).write_text(text)
        plan.tables.save(work / "tables.safetensors")
        if folder.exists():
            folder.rename(Path(name, "old"))
        shutil.move(work, folder)
    return {file: folder / file for file in [*texts, "tables.safetensors"]}
