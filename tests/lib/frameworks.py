"""The frameworks that networks are imported from, where they are installed."""

import warnings
from importlib import import_module
from typing import Any

import pytest


def _found(*names: str) -> list[Any]:
    """Import modules, or skip the test naming the first that isn't installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            pytest.importorskip(name.split(".")[0], reason=f"{name} is not installed")
        return [import_module(name) for name in names]


def snntorch() -> list[Any]:
    """Return snnTorch, and torch."""
    return _found("snntorch", "torch")


def spikingjelly() -> list[Any]:
    """Return SpikingJelly's neurons, and torch."""
    return _found("spikingjelly.activation_based.neuron", "torch")


def norse() -> list[Any]:
    """Return Norse, and torch."""
    return _found("norse.torch", "torch")
