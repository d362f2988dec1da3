"""Neurons as plain modules: from sums to spikes, over all time steps or one at a time."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import torch
from torch import Tensor, nn

from ...checks.arguments import integer, number
from .. import fold, groups
from ..neuron import State, TrainingRule
from .neurons import Neurons
from .synapses import Synapses

_WIDEST = 15


class LIF(Neurons):
    """Leaky integrate-and-fire neurons.

    ``spikes = lif(sums)`` takes all time steps at once, (steps, batch, channels, ...), from
    potential 0, and ``spikes, state = lif.step(sums, state)`` one, (batch, channels, ...).

    Parameters
    ----------
    channels
        How many neurons, or channels of neurons that share what they learn.
    recurrent
        Synapses, or a list of them, from the layer's own spikes of the step before.
    normalize
        Whether sums are normalized a channel, as by a batch norm that is folded into threshold and
        bias. It needs all time steps at once in training.
    settings
        Those of `somagate.model.groups.Neurons`, with the same defaults: `state_bits`, `reset`,
        `leak`, `leak_learned`, `leak_shift`, `leak_at`, `threshold`, `store`, `mask_negative`,
        `spike_gradient`, `spike_peak`, `store_gradient`.

    Raises
    ------
    TypeError, ValueError
        Where a setting is out of range.
    """

    fires = True

    def __init__(
        self,
        channels: int,
        *,
        recurrent: Synapses | Sequence[Synapses] | None = None,
        normalize: bool = False,
        **settings: Any,
    ) -> None:
        known = [field.name for field in fields(groups.Neurons)]
        for name in settings:
            if name not in known:
                raise TypeError(f"LIF settings must be of {', '.join(known)}, not {name!r}")
        try:
            chosen = groups.Neurons(**settings)
        except (TypeError, ValueError) as error:
            raise type(error)(str(error).replace("Recipe", "LIF", 1)) from None
        ternary = chosen.store == "ternary"
        if ternary and chosen.state_bits != 2:
            raise ValueError(
                f"LIF state_bits must be 2 for store 'ternary', not {chosen.state_bits}"
            )
        rule = TrainingRule(
            bits=chosen.state_bits,
            shift=0,
            reset=chosen.reset,
            leak_at=chosen.leak_at,
            leak_shift=0 if ternary else chosen.leak_shift,
            ternary=ternary,
            stacked=chosen.store_gradient == "stacked",
            peak=chosen.spike_peak,
            learned=chosen.threshold == "layer",
            mask_negative=chosen.mask_negative,
        )
        super().__init__(
            channels, rule, fold.Form.of(chosen), recurrent=recurrent,
            normalize=normalize,
        )  # fmt: skip
        assert self.theta is not None
        if chosen.threshold == "layer":
            self.theta = nn.Parameter(torch.ones(()))
        self.theta.requires_grad_(chosen.threshold in ("channel", "layer"))
        self.leak.requires_grad_(chosen.leak_learned)
        with torch.no_grad():
            self.leak.fill_(chosen.leak)

    def forward(self, x: Tensor) -> Tensor:
        """Return spikes of sums, both (steps, batch, channels, ...), from potential 0."""
        _, spikes = self.run(x)
        assert spikes is not None
        return spikes

    def step(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return spikes of sums, both (batch, channels, ...), and the state for the next step.

        The first step of a sample has the state None. Raises `ValueError` where normalized neurons
        are trained so.
        """
        _normalized(self)
        (after,) = self._advance(x.unsqueeze(0), state)
        assert after.fired is not None
        return after.fired.to(self.beta.dtype), after


class LI(Neurons):
    """Leaky integrators, which never fire: a readout by potential.

    ``potentials = li(sums)`` takes all time steps at once and returns the last potentials;
    ``potentials, state = li.step(sums, state)`` takes one, and the answer is the last step's.

    Parameters
    ----------
    channels
        How many, of a readout one a class.
    state_bits
        Width of a stored potential, 2…16. While they are trained, the store drops more accumulator
        bits where potentials reach its end.
    leak
        0…1, a multiple of 2**-leak_shift; 1 is none.
    leak_shift
        0…15.
    """

    fires = False

    def __init__(
        self, channels: int, *, state_bits: int = 12, leak: float = 1.0, leak_shift: int = 3
    ) -> None:
        number("LI leak", leak, 0, 1)
        shift = integer("LI leak_shift", leak_shift, 0, 15)
        rule = TrainingRule(
            bits=integer("LI state_bits", state_bits, 2, 16), shift=0, reset="none",
            leak_at="load", leak_shift=shift,
        )  # fmt: skip
        super().__init__(channels, rule, fold.Form(leak_shift=shift))
        self.leak.requires_grad_(False).fill_(leak)

    def forward(self, x: Tensor) -> Tensor:
        """Return the last potentials, (batch, channels, ...), in units, of sums of all steps."""
        return self.read(self._advance(x, None)[-1])

    def step(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return potentials, in units, and the state for the next step; the first has None."""
        (after,) = self._advance(x.unsqueeze(0), state)
        return self.read(after), after

    def read(self, state: State) -> Tensor:
        """Return the potentials of a state, (batch, channels, ...), in units."""
        return self.in_units(self.whole(state))

    def whole(self, state: State) -> Tensor:
        """Return the potentials of a state, (batch, channels, ...), as integers in floats."""
        top = ((1 << (self._rule.bits - 1)) - 1) << max(int(self.shift), 0)
        if self.training and bool((state.v.abs() >= top).any()):
            self.shift.add_(1).clamp_(max=_WIDEST)
        return state.v

    def in_units(self, potentials: Tensor) -> Tensor:
        """Return potentials, or sums of them, in units: equal ones stay equal."""
        unit = self.unit if bool(self.unit.any()) else torch.ones_like(self.unit)
        return (potentials / unit).to(self.beta.dtype)


def settle(net: nn.Module, settled: bool = True) -> None:
    """Freeze the normalization of all neurons in a network, for the last epochs, or free it."""
    for module in net.modules():
        if isinstance(module, Neurons):
            module.settled = settled


def _normalized(layer: Neurons) -> None:
    if layer.normalize and layer.training and not layer.settled:
        raise ValueError(
            "normalized neurons must be trained on all time steps at once, lif(sums) of (steps, "
            "batch, ...), not by step; or take normalize=False"
        )
