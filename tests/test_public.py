"""What every public package says that it offers."""

import importlib

import pytest

PUBLIC = {
    "somagate.boards": ["BOARDS", "Board", "BuildReport", "Device", "DeviceError", "connect"],
    "somagate.checks": [
        *("choice", "flag", "identifier", "integer", "integers", "number", "optional", "pair"),
        "per_channel",
    ],
    "somagate.data": [
        *("Boxes", "DataError", "DataSet", "Images", "Labels", "NO_LABEL", "Request", "folds"),
        *("load", "named", "names", "needs_folder"),
    ],
    "somagate.export": [
        *("Activation", "Convolution", "Dense", "Identity", "Input", "Layer", "Leak", "Neuron"),
        *("Pool", "Readout", "Shift", "Tables", "TablesFileError", "Ternary"),
    ],
    "somagate.model": [
        *("CheckpointError", "Network", "Recipe", "Result", "RunError", "evaluate"),
    ],
    "somagate.model.methods": ["Method"],
    "somagate.model.quantizers": ["Quantizer"],
    "somagate.model.recipes": ["load", "names"],
    "somagate.shown": ["Shown", "grid", "text"],
    "somagate.sim.bench": [
        *("Bench", "CompileError", "ENGINES", "Engine", "Ports", "Record", "Scenario", "Stream"),
    ],
    "somagate.sim.cycles": ["Prediction", "predict"],
    "somagate.sim.golden": [
        *("Difference", "Trace", "TraceFileError", "additions", "assumed_run", "channel_rates"),
        *("compare", "run", "update"),
    ],
    "somagate.sim.verify": ["Checker", "LayerCost", "Verdict", "merge", "verify"],
    "somagate.toolchain": ["Tool", "ToolError", "doctor", "environment", "find", "require"],
}


@pytest.mark.parametrize("package", PUBLIC)
def test_a_package_offers_what_it_says(package: str) -> None:
    module = importlib.import_module(package)
    assert sorted(module.__all__) == PUBLIC[package]
    assert all(hasattr(module, name) for name in module.__all__)
    assert module.__doc__
