"""What all neurons of ours have: what they learn, as integers, and how they run.

A neuron counts in accumulator LSBs, as `QuantLinear` and the others return sums. Its *unit* is how
large the sums of the first batch are that isn't all 0: what is learned, the threshold and the bias,
is in units, so that learning rates mean the same for all layers. That of a readout is four times as
large, as its potentials add up.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn

from ...checks.arguments import WORD_LIMIT, flag, integer
from .. import fold, neuron
from ..modules import Modules
from ..neuron import State, TrainingRule
from .synapses import Synapses

_MOMENTUM = 0.1
_UNSET = -1
_GROWTH = 4


class Extras(NamedTuple):
    """Constants of tables that training doesn't change, float64 (channels,) or (), or None.

    Members
    -------
    offset
        What the bias starts from.
    level, boundary, amount, lower_bound, current_multiplier
        As of `neuron.Constants`.
    """

    offset: Tensor | None = None
    level: Tensor | None = None
    boundary: Tensor | None = None
    amount: Tensor | None = None
    lower_bound: Tensor | None = None
    current_multiplier: Tensor | None = None


class Neurons(nn.Module):
    """A layer of neurons; `LIF` and `LI` are what is made by hand.

    Parameters
    ----------
    channels
        How many neurons, or channels of neurons that share what they learn.
    rule
        What isn't learned.
    form
        How what is learned becomes integers.
    recurrent
        Synapses from the layer's own spikes of the step before.
    normalize
        Whether sums are normalized a channel, by the batch in training.
    extras
        See there.

    Attributes
    ----------
    fires
        False of neurons without a threshold.
    theta, beta, leak
        Threshold and bias, in units, and the leak; learned. A layer that never fires has no theta.
    unit
        How large sums are, float64 (channels,) or (), in accumulator LSBs; 0 until the first batch.
    shift
        Accumulator bits that the stored potential drops; -1 until the first batch.
    mean, variance
        Running statistics of normalized sums, (channels,).
    mask
        Which channels are kept, (channels,), 0 or 1.
    settled
        Whether training uses the running statistics, and so the integers of the export.
    """

    fires: bool
    unit: Tensor
    shift: Tensor
    mask: Tensor
    mean: Tensor
    variance: Tensor

    def __init__(
        self,
        channels: int,
        rule: TrainingRule,
        form: fold.Form,
        *,
        recurrent: Synapses | Sequence[Synapses] | None = None,
        normalize: bool = False,
        extras: Extras | None = None,
    ) -> None:
        super().__init__()
        kind = type(self).__name__
        self.channels = integer(f"{kind} channels", channels, 1, 1 << 24)
        self.form, self.normalize = form, flag(f"{kind} normalize", normalize)
        self.settled = False
        self._rule = rule
        given = [recurrent] if isinstance(recurrent, nn.Module) else list(recurrent or ())
        for synapses in given:
            if not isinstance(synapses, Synapses):
                raise TypeError(
                    f"{kind} recurrent must be QuantLinear, QuantConv2d, Residual, a list of them, "
                    f"or None, not {synapses!r}"
                )
        self.recurrent = Modules[Synapses](given)
        self.theta = nn.Parameter(torch.ones(channels)) if self.fires else None
        self.beta = nn.Parameter(torch.zeros(channels))
        self.leak = nn.Parameter(torch.ones(()))
        self.register_buffer("unit", torch.zeros((), dtype=torch.float64))
        self.register_buffer("shift", torch.tensor(_UNSET))
        self.register_buffer("mask", torch.ones(channels))
        if normalize:
            self.register_buffer("mean", torch.zeros(channels))
            self.register_buffer("variance", torch.ones(channels))
        for name, value in (extras or Extras())._asdict().items():
            self.register_buffer(name, value)

    @classmethod
    def of(
        cls,
        channels: int,
        rule: TrainingRule,
        form: fold.Form,
        *,
        recurrent: Sequence[Synapses] = (),
        extras: Extras | None = None,
    ) -> Self:
        """Return neurons of any rule of the contract, which tables can have; see `Neurons`."""
        made = cls.__new__(cls)
        Neurons.__init__(made, channels, rule, form, recurrent=recurrent, extras=extras)
        return made

    @property
    def rule(self) -> TrainingRule:
        """The rule, with the shift as it is now."""
        return replace(self._rule, shift=max(int(self.shift), 0))

    def constants(
        self, mean: Tensor | None = None, variance: Tensor | None = None
    ) -> neuron.Constants:
        """Return what the neurons learned, as integers in accumulator LSBs.

        `mean` and `variance` are of normalized sums; where left out, the running ones.
        """

        def exact(value: Tensor) -> Tensor:
            """In evaluation work in float64, so that every machine rounds to the same integers."""
            return value if self.training else value.double()

        unit = self.unit if bool(self.unit.any()) else torch.ones_like(self.unit)
        bias = exact(self.beta) * unit
        if self.normalize:
            mean = exact(self.mean if mean is None else mean)
            unit = (exact(self.variance if variance is None else variance) + fold.EPSILON).sqrt()
            bias = exact(self.beta) * unit - mean
        extras = {name: getattr(self, name) for name in Extras._fields}
        offset = extras.pop("offset")
        made = fold.fold(
            self.form,
            bias if offset is None else bias + offset,
            unit.expand(self.channels) if self.form.ternary or self.form.window else unit,
            None if self.theta is None else exact(self.theta),
            exact(self.leak).clamp(0, 1),
        )
        made = replace(made, bias=made.bias.clamp(-WORD_LIMIT, WORD_LIMIT - 1))
        if made.threshold is not None:
            threshold = made.threshold.clamp(-WORD_LIMIT, WORD_LIMIT - 1)
            made = replace(made, threshold=threshold.expand(self.channels))
        return replace(made, **{k: v for k, v in extras.items() if v is not None})

    def run(self, x: Tensor) -> tuple[list[State], Tensor | None]:
        """Return the state after each step, and all spikes, or None where they never fire.

        `x` are sums, (steps, batch, channels, ...), from potential 0.
        """
        states = self._advance(x, None)
        fired = [state.fired for state in states if state.fired is not None]
        return states, torch.stack(fired).to(self.beta.dtype) if fired else None

    def _advance(self, x: Tensor, state: State | None) -> list[State]:
        """Return the states after each of some steps (steps, batch, channels, ...)."""
        axes = 2 if x.ndim > 4 else 0
        if x.ndim not in (3, 5) or x.shape[2] != self.channels:
            raise ValueError(
                f"{type(self).__name__} must read sums of {self.channels} channels behind the "
                f"batch, and behind time where all steps come at once, not {tuple(x.shape)}"
            )
        x = x if self.training else x.double()
        if bool(x.any()) and not self.normalize and not bool(self.unit.any()):
            size = x.detach()[x != 0].double().square().mean().sqrt()
            self.unit = size * (1 if self.fires else _GROWTH)
        moments: tuple[Tensor, ...] = ()
        if self.normalize and self.training and not self.settled:
            moments = fold.moments(x)
            with torch.no_grad():
                first = bool(x.any()) and int(self.shift) == _UNSET
                self.mean.lerp_(moments[0], 1.0 if first else _MOMENTUM)
                self.variance.lerp_(moments[1], 1.0 if first else _MOMENTUM)
        constants = self.constants(*moments)
        if int(self.shift) == _UNSET and bool(x.any()):
            plain = self._rule.ternary
            self.shift.fill_(0 if plain else fold.shift(x.detach(), constants, self._rule.bits))
        rule = self.rule
        laid = constants.to(x.dtype).spread(axes)
        gain, mask = 1 << rule.gain, None
        if not bool(self.mask.all()):
            mask = self.mask.to(x.dtype).reshape(-1, *[1] * axes)
        back = [(synapses, synapses.integers().to(x.dtype)) for synapses in self.recurrent]
        states = []
        before = [] if state is None else [state]
        for acc in x.unbind(0):
            for synapses, weight in back:
                seen = before[-1 - synapses.delay] if len(before) > synapses.delay else None
                if seen is not None and seen.fired is not None:
                    acc = acc + synapses.sums(seen.fired, weight)
            drive = acc * gain + laid.bias
            state = neuron.update(drive if mask is None else drive * mask, state, laid, rule)
            if mask is not None:
                fired = None if state.fired is None else state.fired * mask
                state = State(v=state.v * mask, fired=fired, current=state.current)
            states.append(state)
            before.append(state)
        return states
