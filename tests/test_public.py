"""What every public package says that it offers."""

import importlib
import tomllib
from pathlib import Path
from types import FunctionType

import pytest

ROOT = Path(__file__).parents[1]
PUBLIC = {
    "somagate.boards": ["BOARDS", "Board", "BuildReport"],
    "somagate.boards.catalog": [],
    "somagate.boards.families": [
        *("Family", "GW1NR_9C", "GW2AR_18C", "ICE40UP5K", "LFE5U_85F", "OpenFamily"),
        *("VivadoFamily", "ecp5"),
    ],
    "somagate.boards.wire": [
        *("FrameAnswers", "FrameCommands", "FrameReceiver", "FrameSender", "ResultBytes"),
    ],
    "somagate.checks": [
        *("choice", "flag", "identifier", "integer", "integers", "kind_of", "number", "optional"),
        *("pair", "per_channel"),
    ],
    "somagate.data": [
        *("Boxes", "DataError", "DataSet", "Images", "Labels", "NO_LABEL", "Request", "folds"),
        *("named", "names", "needs_folder", "read"),
    ],
    "somagate.export": [
        *("Activation", "Convolution", "Current", "Dense", "Identity", "Input", "Layer", "Leak"),
        *("Neuron", "Pool", "Readout", "Shift", "Tables", "TablesFileError", "Ternary"),
    ],
    "somagate.host": [
        *("Answers", "Counts", "DeviceError", "DeviceIdentity", "Faults", "Link", "LinkError"),
        *("PlanDevice", "Served", "VirtualBoard"),
    ],
    "somagate.hw": [],
    "somagate.hw.cost": ["Count", "PARTS", "Part", "Resources", "interval", "map_memory"],
    "somagate.hw.plan": [
        *("LoadError", "Memory", "Plan", "PlanFileError", "StagePlan", "StageShape"),
        *("UnsupportedError", "shape_sha256"),
    ],
    "somagate.hw.rtl": ["Accelerator", "ObserveLayout", "ResultLayout"],
    "somagate.hw.rtl.gather": [
        *("Array", "BankSum", "Fetcher", "Finder", "Scanner", "Walker", "WeightMemory"),
    ],
    "somagate.hw.rtl.maps": ["Packer", "Pool"],
    "somagate.hw.rtl.update": ["Readout", "ResultLayout", "Update"],
    "somagate.hw.search": ["Choice", "DoesNotFitError", "Wanted", "choose", "remedies", "room"],
    "somagate.imports": ["Network", "Node", "Origin", "Reference", "run"],
    "somagate.imports.files": ["NirFileError", "Stated", "read"],
    "somagate.imports.modules": [],
    "somagate.imports.search": ["Aim", "FoundBits", "Point", "fewest_bits"],
    "somagate.model": [
        *("CheckpointError", "Conv", "Dense", "LI", "LIF", "LayerNet", "MaxPool2d", "Network"),
        *("QuantConv2d", "QuantLinear", "Recipe", "Residual", "Result", "RunError", "Shortcut"),
        *("SumPool2d", "UntracedError", "evaluate", "settle"),
    ],
    "somagate.model.methods": ["Method"],
    "somagate.model.own": [
        *("LI", "LIF", "LayerNet", "MaxPool2d", "QuantConv2d", "QuantLinear", "Residual"),
        *("SumPool2d", "UntracedError", "settle"),
    ],
    "somagate.model.quantizers": ["Quantizer"],
    "somagate.model.recipes": ["find", "names", "read"],
    "somagate.shown": ["Shown", "grid", "text"],
    "somagate.sim": [],
    "somagate.sim.bench": [
        *("Bench", "CompileError", "ENGINES", "Engine", "Ports", "Record", "Scenario", "Stream"),
    ],
    "somagate.sim.causes": [
        *("Break", "Field", "Link", "Moment", "Pattern", "Suspect", "WayBack", "breaks", "fields"),
        *("life", "pattern", "sample_maps", "suspects", "way_back"),
    ],
    "somagate.sim.cycles": ["Prediction", "predict"],
    "somagate.sim.golden": [
        *("Difference", "Stream", "Trace", "TraceFileError", "additions", "assumed_run"),
        *("channel_rates", "compare", "run", "update"),
    ],
    "somagate.sim.verify": [
        *("Checker", "Dut", "Kept", "LayerCost", "Setup", "Verdict", "merge", "verify"),
    ],
    "somagate.toolchain": ["Tool", "ToolError", "doctor", "environment", "find", "require"],
    "somagate.view": [],
    "somagate.view.explore": ["Network", "Setting", "Store", "Target", "ahead", "near"],
    "somagate.view.report": [],
    "somagate.view.traces": ["Inspected", "Served", "serve"],
    "somagate.workers": ["Pool", "WorkersError", "pool"],
}


def test_every_package_but_the_command_line_says_what_is_public() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = set(project["tool"]["setuptools"]["packages"])
    assert packages == {*PUBLIC, "somagate", "somagate.cli"}


@pytest.mark.parametrize("package", PUBLIC)
def test_a_package_offers_what_it_says(package: str) -> None:
    module = importlib.import_module(package)
    assert sorted(module.__all__) == PUBLIC[package]
    assert all(hasattr(module, name) for name in module.__all__)
    assert module.__doc__
    for name in module.__all__:
        public = getattr(module, name)
        described = not isinstance(public, type | FunctionType) or public.__doc__
        assert described, f"{package}.{name} has no docstring"


def test_the_reference_has_all_of_the_front_door() -> None:
    text = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    front = importlib.import_module("somagate").__all__
    assert [name for name in front if f":: {name}\n" not in text] == []
