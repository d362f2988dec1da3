"""somagate: from a trained, quantized spiking neural network to a verified FPGA bitstream, exactly.

From a checkpoint (or from ``sg.load("x.safetensors")``) to a bitstream::

    import somagate as sg

    tables = sg.from_checkpoint("runs/digits/checkpoint.pt")
    data = sg.samples(tables, "digits")  # encoded as the tables say, lazily; labels along
    trace = sg.simulate(tables, data[:100])  # every spike and every potential
    accuracy = (trace.prediction == data[:100].labels).mean()
    design = sg.plan(tables, board="icebreaker", goal="fastest", data=data[:4])
    print(sg.estimate(design))  # size and cycles, before any synthesis
    verdict = sg.verify(design, data[:100])  # the Verilog against golden, spike by spike
    built = sg.build(design, "runs/digits/icebreaker")  # the bitstream

Tables, designs and all results print as tables, the results as on the command line, and what
`to_dict()` of a result returns is what ``--json`` prints. The parts lie in packages of their own,
such as `somagate.hw`.
"""

from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .checking import Checked, check
    from .designs import Design, design, plan
    from .device_run import DeviceRun
    from .devices import Device, virtual_board
    from .encoded import Samples, samples
    from .estimating import Estimate, estimate
    from .exploring import explore
    from .export.tables import Tables
    from .generating import Built, Generated, build, generate
    from .importing import from_nir, from_norse, from_snntorch, from_spikingjelly, to_nir
    from .inspecting import Inspection, inspect
    from .own_network import from_torch, to_torch
    from .proofs import Proof, as_input, as_output, proof
    from .reading import Converted, convert, from_checkpoint, load
    from .reporting import Report, report
    from .searching import BitSearch, search_bits
    from .sim.golden.stream import Stream
    from .sim.golden.trace import Trace
    from .sim.verify.verdict import Verdict
    from .simulating import Measured, measure, simulate
    from .tooling import Health, doctor
    from .training import Trained, train
    from .verifying import verify
    from .view.explore.found import Explored, explored

__all__ = [
    "BitSearch", "Built", "Checked", "Converted", "Design", "Device", "DeviceRun", "Estimate",
    "Explored", "Generated", "Health", "Inspection", "Measured", "Proof", "Report", "Samples",
    "Stream", "Tables", "Trace", "Trained", "Verdict", "as_input", "as_output", "build", "check",
    "convert", "design", "doctor", "estimate", "explore", "explored", "from_checkpoint", "from_nir",
    "from_norse", "from_snntorch", "from_spikingjelly", "from_torch", "generate", "inspect",
    "load", "measure", "plan", "proof", "report", "samples", "search_bits", "simulate", "to_nir",
    "to_torch", "train", "verify", "virtual_board",
]  # fmt: skip

_HOMES = {
    "checking": ("Checked", "check"),
    "designs": ("Design", "design", "plan"),
    "device_run": ("DeviceRun",),
    "devices": ("Device", "virtual_board"),
    "encoded": ("Samples", "samples"),
    "estimating": ("Estimate", "estimate"),
    "exploring": ("explore",),
    "export.tables": ("Tables",),
    "generating": ("Built", "Generated", "build", "generate"),
    "importing": ("from_nir", "from_norse", "from_snntorch", "from_spikingjelly", "to_nir"),
    "inspecting": ("Inspection", "inspect"),
    "own_network": ("from_torch", "to_torch"),
    "proofs": ("Proof", "as_input", "as_output", "proof"),
    "reading": ("Converted", "convert", "from_checkpoint", "load"),
    "reporting": ("Report", "report"),
    "searching": ("BitSearch", "search_bits"),
    "sim.golden.stream": ("Stream",),
    "sim.golden.trace": ("Trace",),
    "sim.verify.verdict": ("Verdict",),
    "simulating": ("Measured", "measure", "simulate"),
    "tooling": ("Health", "doctor"),
    "training": ("Trained", "train"),
    "verifying": ("verify",),
    "view.explore.found": ("Explored", "explored"),
}
"""The module of each public name. It is imported when the name is first asked for: whoever only
simulates needs no Amaranth, and whoever has tables needs no torch."""

__version__ = metadata.version("somagate")


def __getattr__(name: str) -> Any:
    """Return a public name from its module."""
    for home, names in _HOMES.items():
        if name in names:
            value = getattr(import_module(f".{home}", __name__), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names, loaded or not."""
    return sorted({*globals(), *__all__})
