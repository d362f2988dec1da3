"""Write an accelerator down: Verilog, memory images, and a map of all memories."""

import json
from pathlib import Path
from typing import Any

from ..checks.files import filling
from ..toolchain.verilog import convert
from .plan import loading, memories, plan_file
from .plan.descriptor import Descriptor
from .plan.identity import shape_sha256
from .plan.plan import Plan
from .plan.stage_plan import StagePlan
from .plan.widths import parts
from .rtl.accelerator import Accelerator
from .rtl.axi_stream import AxiStreamAccelerator, Fields, answer_fields, result_fields

TOP = "somagate"
"""Name of the top module, and of the Verilog file."""
AXI_TOP = f"{TOP}_axis"
"""The same of that with AXI4-Stream's ports."""

LARGEST_BITS = 1 << 29
"""Of all memories: no FPGA has more on its chip, and Yosys takes many bytes for each."""


def verilog(plan: Plan) -> str:
    """Return the accelerator of a plan as Verilog; the same plan gives the same text.

    Raises
    ------
    ValueError
        Where its memories are larger than `LARGEST_BITS` in all.
    ToolError
        Where Yosys is missing or fails.
    """
    found = [memory for stage in plan.stages for memory in memories.memories(stage)]
    bits = plan.replicas * sum(memory.words * memory.word_bits for memory in found)
    if bits > LARGEST_BITS:
        raise ValueError(
            f"memories of {plan.tables.name} must have at most {LARGEST_BITS:,} bits, as the "
            f"largest FPGAs have, not {bits:,}; take smaller maps, or fewer bits a potential"
        )
    return convert(Accelerator(plan), name=TOP)


def memory_map(plan: Plan) -> dict[str, Any]:
    """Return every memory of the accelerator with its size, and what of each layer lies where.

    Of several replicas it is the map of each, and says how many they are.
    """
    layers, sizes = [], []
    for number, stage in enumerate(plan.stages):
        sizes += [
            {
                "stage": number,
                "memory": memory.name,
                "words": memory.words,
                "word_bits": memory.word_bits,
                "bits": memory.words * memory.word_bits,
            }
            for memory in memories.memories(stage)
        ]
        layers += [_layer_map(stage, number, descriptor) for descriptor in stage.descriptors]
    several = {"replicas": plan.replicas} if plan.replicas > 1 else {}
    return several | {"memories": sizes, "layers": layers}


def _layer_map(stage: StagePlan, number: int, descriptor: Descriptor) -> dict[str, Any]:
    layer = stage.tables.layers[descriptor.number]
    return (
        {
            "layer": descriptor.name,
            "stage": number,
            "channels": descriptor.channels,
            "pruned_channels": int((~layer.kept).sum()),
            "positions": descriptor.positions,
            "lane_groups": descriptor.groups,
            "sources": [
                {
                    "source": source.name,
                    "map_words": [stage.map_bases[source.name], source.map.words],
                    "buffers": stage.map_buffers(source.name),
                    "weights": f"weights_{source.weight_bits}",
                    "weight_rows": [source.weight_base, descriptor.groups * source.group_rows],
                }
                for source in descriptor.sources
            ],
            "parameter_words": [descriptor.parameter_base, descriptor.chunks],
            "potentials": f"potentials_{layer.neuron.state_bits}",
            "potential_words": [descriptor.state_base, descriptor.updates],
        }
        | (
            {"synaptic": f"synaptic_{layer.neuron.current.store.bits}"}
            if layer.neuron.current
            else {}
        )
        | ({"tile": stage.tile, "tiles": stage.shape.tiles} if stage.shape.tiles > 1 else {})
    )


def manifest(plan: Plan, *, axi: bool = False) -> dict[str, Any]:
    """Return what the accelerator was generated from, and the widths that its user needs."""
    return {
        "somagate": plan_file.VERSION,
        "network": plan.tables.name,
        "tables_sha256": plan.tables.sha256,
        "shape_sha256": shape_sha256(plan) if plan.configurable else None,
        "top": TOP,
        "plan": plan_file.to_dict(plan),
        "steps": plan.tables.steps,
        "input_maps": plan.input_maps,
        "input_words": plan.input_words,
        "classes": plan.classes,
        "answers": plan.tables.answers,
        "readout_bits": plan.readout_bits,
        "output_payload": _fields(result_fields(plan)),
        "stages": [
            {
                "layers": list(stage.names),
                "weight_bits": list(stage.weights),
                "accumulator_bits": stage.accumulator_bits,
                "update_bits": stage.update_bits,
                "parameters": {field.name: field.bits for field in stage.parameters},
            }
            for stage in plan.stages
        ],
    } | ({"axi_stream": _axi_map(plan)} if axi else {})


def _axi_map(plan: Plan) -> dict[str, Any]:
    """Return the module with AXI4-Stream's ports, and what lies where in their data."""
    return {
        "top": AXI_TOP,
        "s_axis_tdata": {"bits": plan.word_bits},
        "m_axis_tdata": _fields(answer_fields(plan)),
    }


def _fields(fields: Fields) -> list[dict[str, Any]]:
    return [
        {"field": name, "first_bit": first, "bits": bits, "signed": signed}
        for name, (first, bits, signed) in fields.items()
    ]


def save_manifest(plan: Plan, folder: Path, *, axi: bool = False) -> None:
    """Write ``manifest.json`` and ``tables.safetensors``: all that a host must know."""
    text = json.dumps(manifest(plan, axi=axi), indent=2) + "\n"
    (folder / plan_file.MANIFEST).write_text(text, encoding="utf-8")
    plan.tables.save(folder / plan_file.TABLES)


def images(plan: Plan) -> dict[str, str]:
    """Return the initial contents of the memories that have one, as `$readmemh` reads them.

    By ``weights_WIDTH`` or ``parameters``, of a chain of stages with ``_STAGE`` behind; the rows of
    all banks follow each other. And ``config``, the words that load the plan's own tables, where
    the accelerator takes any.
    """
    found = {}
    if plan.configurable:
        found["config"] = "".join(f"{word:08x}\n" for word in loading.words(plan, plan.tables))
    for number, stage in enumerate(plan.stages):
        suffix = f"_{number}" if len(plan.stages) > 1 else ""
        contents = {
            f"weights_{bits}": (stage.lanes * bits, memories.packed_rows(stage, bits))
            for bits in stage.weights
            if stage.shape.weight_memory == "block"
        }
        parameters = memories.parameters(stage)
        contents["parameters"] = (parameters.word_bits, parameters.init)
        for name, (width, words) in contents.items():
            digits = parts(width, 4)
            found[name + suffix] = "".join(f"{word:0{digits}x}\n" for word in words)
    return found


def generate(
    plan: Plan, folder: Path, *, overwrite: bool = False, axi: bool = False
) -> dict[str, Path]:
    """Write the accelerator to a folder, and return its files by name.

    ``somagate.v``, ``manifest.json``, ``memory_map.json``, ``tables.safetensors``, and a ``.hex``
    file for each of `images`. The Verilog holds the images already; those files are for reading.
    With `axi` also ``somagate_axis.v``, which instantiates it behind AXI4-Stream's ports; the
    manifest then says as ``axi_stream`` what lies where in their data.

    Raises
    ------
    FileExistsError
        Where something is in the folder, from the start or by the end, and `overwrite` is False; it
        is left alone.
    ToolError
        Where Yosys is missing.
    """
    with filling(Path(folder), overwrite=overwrite) as work:
        texts = {
            f"{TOP}.v": verilog(plan),
            "memory_map.json": json.dumps(memory_map(plan), indent=2) + "\n",
            **{f"{name}.hex": text for name, text in images(plan).items()},
        }
        if axi:
            texts[f"{AXI_TOP}.v"] = convert(AxiStreamAccelerator(plan, TOP), name=AXI_TOP)
        for file, text in texts.items():
            (work / file).write_text(text, encoding="utf-8")
        save_manifest(plan, work, axi=axi)
    return {file: Path(folder, file) for file in [*texts, plan_file.MANIFEST, plan_file.TABLES]}
