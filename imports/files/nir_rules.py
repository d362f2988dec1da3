"""What the neurons of a NIR file mean, by the framework that wrote it.

A NIR file holds time constants, and neither the time step they were made with, nor the comparison,
nor the reset. So the framework has to be known: it shows in how its exporter writes, or is stated.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ...checks.arguments import choice, flag, number
from ..floats import Floats, snapped
from ..rule import Current, Neuron

SOURCES = ("snntorch", "spikingjelly", "norse", "sinabs", "nir")
STEPS = {"snntorch": 1e-4, "spikingjelly": 1e-4, "norse": 1e-6, "sinabs": 1.0}
"""By framework, the time step in seconds that makes its file exact. Norse's exporter multiplies its
own step of 1e-3 in once too often."""
NEURONS = ("IF", "LIF", "CubaLIF", "LI", "CubaLI", "I")


@dataclass(frozen=True, kw_only=True)
class Stated:
    """What the user says about a file, because it doesn't.

    Attributes
    ----------
    source
        The framework that wrote it, of `SOURCES`; 'nir' is none of them, and everything is stated.
        None: it is looked for.
    dt
        Time step in seconds; None is that of the framework's exporter.
    reset
        'zero', 'subtract' or 'none': needed for 'snntorch' and 'nir'.
    reset_delay
        snnTorch's: the reset comes with the next step.
    comparator
        '>' or '>=': needed for 'nir'.
    v_min
        The lower bound of potentials, sinabs' `min_v_mem`; None is none.
    """

    source: str | None = None
    dt: float | None = None
    reset: Literal["zero", "subtract", "none"] | None = None
    reset_delay: bool = True
    comparator: Literal[">", ">="] | None = None
    v_min: float | None = None

    def __post_init__(self) -> None:
        if self.source is not None:
            choice("source", self.source, (*SOURCES, "rockpool"))
        if self.dt is not None and number("dt", self.dt, 1e-12, 1e6) <= 0:
            raise ValueError(f"dt must be above 0, not {self.dt}")
        if self.reset is not None:
            choice("reset", self.reset, ("zero", "subtract", "none"))
        if self.comparator is not None:
            choice("comparator", self.comparator, (">", ">="))
        flag("reset_delay", self.reset_delay)
        if self.v_min is not None:
            number("v_min", self.v_min, -1e12, 0)


def detect(kinds: dict[str, str], fields: dict[str, dict[str, Floats]]) -> str | None:
    """Return the framework whose exporter writes so, or None where several may.

    Parameters
    ----------
    kinds
        By node, its NIR type.
    fields
        By layer of neurons, its parameters.
    """
    if any(name.endswith("Torch") and "_" in name for name in kinds):
        return "rockpool"
    inputs = [name for name, kind in kinds.items() if kind == "Input"]
    if inputs == ["input_1"] or all(
        name.startswith("_") for name, kind in kinds.items() if kind not in ("Input", "Output")
    ):
        return "spikingjelly"

    def near(value: Any, wanted: Any) -> bool:
        return bool(np.allclose(value, wanted, rtol=1e-5, atol=0))

    # snnTorch's r undoes its τ at 1e-4 s, which nobody else writes; a decay of 0 has r = 1.
    undone = [
        near(f["r"] * 1e-4, f[tau])
        for f in fields.values()
        for tau in ("tau", "tau_mem")
        if "r" in f and tau in f
    ]
    if undone and all(undone):
        return "snntorch"
    return None


def required(source: str | None, stated: Stated, kinds: set[str]) -> str:
    """Return the source, or raise `ValueError` saying what has to be passed.

    `kinds` are the types of the file's neurons.
    """
    if source is None:
        raise ValueError(
            f"source must be stated, one of {', '.join(map(repr, SOURCES))}: the file doesn't say "
            "which framework wrote it, and the same file means a different rule in each"
        )
    if source == "rockpool":
        raise ValueError(
            "source must be one whose rule is known exactly, not 'rockpool': it decays by "
            "exp(-dt/τ) where NIR says 1 - dt/τ, and fires several times a step; train in another "
            "framework, or state source='nir' with dt, reset and comparator to take NIR's own words"
        )
    fires = kinds & {"IF", "LIF", "CubaLIF"}
    if source in ("snntorch", "nir") and fires and stated.reset is None:
        raise ValueError(
            f"reset must be stated for a file of {source!r}: 'zero', 'subtract' or 'none', as the "
            "file doesn't hold it"
            + (" (snnTorch's default is 'subtract')" if source == "snntorch" else "")
        )
    if source not in ("snntorch", "nir") and stated.reset is not None:
        raise ValueError(f"reset must be left out for a file of {source!r}, which has its own")
    if source == "nir" and stated.dt is None:
        raise ValueError("dt must be stated for source='nir', in seconds: the file doesn't hold it")
    if source == "nir" and fires and stated.comparator is None:
        raise ValueError("comparator must be stated for source='nir': '>' or '>='")
    if source != "nir" and stated.comparator is not None:
        raise ValueError(f"comparator must be left out for a file of {source!r}, which has its own")
    if source != "snntorch" and not stated.reset_delay:
        raise ValueError(
            f"reset_delay must be left out for a file of {source!r}; snnTorch alone has one"
        )
    if source != "sinabs" and stated.v_min is not None:
        raise ValueError(f"v_min must be left out for a file of {source!r}; sinabs alone has one")
    return source


def neuron(kind: str, fields: dict[str, Floats], source: str, stated: Stated) -> Neuron:
    """Return the rule of a layer.

    Parameters
    ----------
    kind
        Its NIR type.
    fields
        Its parameters, seconds and whatever the source calls volts.
    source, stated
        As `required` returned it, and what else was said.

    Raises
    ------
    ValueError
        Where a parameter is out of range, or the framework writes no such neuron.
    """
    dt = STEPS.get(source, 1.0) if stated.dt is None else stated.dt
    zero = np.zeros(())
    r, v_leak = fields.get("r", np.ones(())), fields.get("v_leak", zero)
    tau = fields.get("tau", fields.get("tau_mem"))
    fires = kind in ("IF", "LIF", "CubaLIF")
    if source == "sinabs" and kind not in ("IF", "LI", "I"):
        raise ValueError(f"{kind} of sinabs must be an IAF (IF in NIR), not another neuron")
    decay = np.ones(()) if tau is None else _decay("tau" if "tau" in fields else "tau_mem", tau, dt)
    if tau is not None:
        gain = snapped(r * dt / tau)
    else:
        gain = snapped(r if source in ("norse", "sinabs") else r * dt)
    current = None
    if kind in ("CubaLIF", "CubaLI"):
        w_in = fields.get("w_in", np.ones(()))
        tau_syn = fields["tau_syn"]
        current = Current(decay=_decay("tau_syn", tau_syn, dt))
        # Norse's current jumps by its input; others charge it.
        gain = snapped(gain * (w_in if source == "norse" else w_in * dt / tau_syn))
    settings: dict[str, Any] = {
        "threshold": fields["v_threshold"] if fires else None,
        "decay": decay,
        "gain": gain,
        "bias": (1 - decay) * v_leak,
        "current": current,
        "reset": "none",
    }
    if fires:
        settings |= _reset(kind, fields, source, stated)
    if source == "norse":
        settings["initial"] = v_leak
    return Neuron(**settings)


def _decay(name: str, tau: Floats, dt: float) -> Floats:
    if (dt / tau).max() > 1 + 1e-6:
        raise ValueError(
            f"{name} must be at least the time step of {dt} s, or a potential changes its sign as "
            f"it decays, not {tau.min()}; state another dt"
        )
    return np.clip(snapped(1 - dt / tau), 0, 1)


def _reset(kind: str, fields: dict[str, Floats], source: str, stated: Stated) -> dict[str, Any]:
    v_reset = fields.get("v_reset", np.zeros(()))
    if source == "sinabs":
        low = None if stated.v_min is None else np.array(stated.v_min)
        return {"reset": "subtract", "most": None, "comparator": ">=", "low": low}
    if source == "snntorch":
        if v_reset.any():
            raise ValueError(f"v_reset must be 0 in a file of snnTorch, not {v_reset.flat[0]}")
        reset: str = stated.reset or "none"
        if reset == "subtract":
            reset = "delayed" if stated.reset_delay else "undelayed"
        elif reset == "zero" and kind == "CubaLIF" and stated.reset_delay:
            reset = "blank"
        return {"reset": reset, "comparator": ">"}
    comparator = ">=" if source == "spikingjelly" else ">"
    settings: dict[str, Any] = {
        "reset": stated.reset or "zero",
        "comparator": stated.comparator or comparator,
    }
    if settings["reset"] == "zero":
        settings["v_reset"] = v_reset
        if source == "spikingjelly":
            settings["initial"] = v_reset
    return settings
