"""What is imported, as networks of the package, and what is wanted of the import."""

import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .checks.arguments import integer

if TYPE_CHECKING:
    from .imports.graph import Network
    from .imports.importing import ImportSettings

Readout = Literal["count", "first", "potential", "largest", "sum", "every"]
Scales = Literal["channel", "power", "layer"]
Source = tuple["Network", "ImportSettings"]
SETTINGS = (
    "steps", "readout", "voters", "samples", "labels", "weight_bits", "state_bits", "scales",
    "exact", "name",
)  # fmt: skip
"""What the importers of modules take beside network and sample."""


def nir_source(path: Path | str, *, name: str | None = None, **settings: Any) -> Source:
    """Return the network of a NIR file, and what is wanted; the settings are those of `from_nir`.

    Raises
    ------
    NirFileError
        Where the file isn't sound, or has to be stated more about.
    """
    from .imports.files.nir_file import Stated, read

    words = ("source", "dt", "reset", "reset_delay", "comparator", "v_min")
    stated = Stated(**{word: settings.pop(word) for word in words if word in settings})
    network = read(path, stated, **_answer(settings))
    return network, _wanted(name=name or Path(path).stem, **settings)


def module_source(framework: str, net: Any, sample: Any, settings: dict[str, Any]) -> Source:
    """Return the network of a framework's modules, and what is wanted; see `from_snntorch`."""
    from .imports.graph import Origin
    from .imports.modules.torch_net import read

    modules = import_module(f".imports.modules.{framework}_modules", __package__)
    unknown = [name for name in settings if name not in SETTINGS]
    if unknown:
        raise TypeError(
            f"from_{framework} takes the settings {', '.join(SETTINGS)}, not {', '.join(unknown)}"
        )
    settings = dict(settings)
    answer = _answer(settings)
    first = sample[0] if isinstance(sample, tuple) and sample else sample
    wanted = _wanted(**({"samples": first, "name": type(net).__name__} | settings))
    network = read(
        net, sample, modules.cell, Origin(framework=framework, version=modules.VERSION),
        taken=modules.TAKEN, steps=wanted.steps, **answer,
    )  # fmt: skip
    return network, wanted


def _answer(settings: dict[str, Any]) -> dict[str, Any]:
    """Take what is said of the answer out of settings, and return it."""
    return {name: settings.pop(name) for name in ("readout", "voters") if name in settings}


def _wanted(
    *,
    name: str,
    steps: int | None = None,
    samples: Any = None,
    labels: Any = None,
    weight_bits: int | Mapping[str, int] = 8,
    state_bits: int | Mapping[str, int] = 16,
    scales: Scales = "channel",
    exact: bool = False,
) -> "ImportSettings":
    from .imports.bits import Bits
    from .imports.importing import ImportSettings
    from .imports.layer_bits import layer_bits

    if not isinstance(name, str):
        raise TypeError(f"name must be a str, not {name!r}")
    if steps is not None:
        steps = integer("steps", steps, 1, 65535)
    plain = re.sub(r"\W", "_", name, flags=re.ASCII) or "imported"
    return ImportSettings(
        steps=steps, samples=samples, labels=labels,
        bits=layer_bits(weight_bits, state_bits, Bits(scales=scales, exact=exact)),
        name=plain if plain[0].isalpha() else f"net_{plain}",
    )  # fmt: skip
