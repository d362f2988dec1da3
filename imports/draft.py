"""Tables as far as they follow from the weights: their layers, scales and rules."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from ..export.layer import Input
from ..export.neuron import Shift
from ..export.tables import Tables
from . import answers
from .bits import Bits
from .graph import Network
from .input_form import InputForm
from .layer_bits import LayerBits
from .layers import layer_of, snapped
from .normal import PlainLayer, network_of, normal, times
from .paths import LoweringError
from .scales import Scaled, scaled


@dataclass(frozen=True, kw_only=True, eq=False)
class Draft:
    """All that tables are made of before their states are chosen.

    Attributes
    ----------
    network, form, steps, name
        The source, what the input's integers are, and the tables' steps and name.
    layers
        The source's, their weights from the input for its integers.
    names, bits
        By layer of the source.
    silent
        The answer is a potential.
    counts
        By layer that sends several spikes in a step, the bits of their number.
    narrowed
        Why the input has fewer bits than it could, or ''.
    """

    network: Network
    form: InputForm
    steps: int
    name: str
    layers: list[PlainLayer]
    names: dict[str, str]
    bits: dict[str, Bits]
    silent: bool
    counts: dict[str, int]
    narrowed: str

    @classmethod
    def of(
        cls, network: Network, form: InputForm, steps: int, bits: LayerBits, name: str
    ) -> "Draft":
        """Return the draft of a source."""
        layers = normal(network)
        names = _named([layer.name for layer in layers])
        each = bits.of(names)
        form, narrowed = _beside_spikes(form, layers, each)
        silent = network.readout not in answers.SPIKES
        plain = [
            _for_input(_silenced(layer) if silent and layer.name == network.output else layer, form)
            for layer in layers
        ]
        return cls(
            network=network, form=form, steps=steps, name=name, layers=plain, names=names,
            bits=each, silent=silent, narrowed=narrowed,
            counts=dict.fromkeys((layer.name for layer in plain if layer.neuron.most != 1), 1),
        )  # fmt: skip

    def made(
        self,
        finer: Mapping[str, int] = MappingProxyType({}),
        coarser: Mapping[str, int] = MappingProxyType({}),
    ) -> tuple[Tables, Network, dict[str, Scaled]]:
        """Return tables with states of 16 bits, the source with their numbers, and those.

        By layer, `finer` are bits that potentials get beyond those needed, and `coarser` those
        that rounded weights are short of theirs.
        """
        network, form = self.network, self.form
        found = {
            layer.name: scaled(
                layer, self.bits[layer.name], form.scale, finer=finer.get(layer.name, 0),
                uniform=self.silent and layer.name == network.output,
                coarser=coarser.get(layer.name, 0),
            )
            for layer in self.layers
        }  # fmt: skip
        each = [(y, found[y.name], self.names, self.counts.get(y.name, 1)) for y in self.layers]
        tables = Tables(
            name=self.name,
            steps=self.steps,
            input=Input(
                shape=network.input_shape,
                activation=form.activation,
                constant=network.constant,
                encoding="direct" if network.constant and not form.activation.signed else "frames",
                maximum=max(form.activation.high, 1),
            ),
            layers=tuple(layer_of(*parts) for parts in each),
            readout=answers.readout(network.readout, self.names[network.output], network.voters),
        )
        return tables, network_of([snapped(*parts) for parts in each], network), found

    def unit(self, tables: Tables, found: Scaled) -> tuple[float, float]:
        """Return what an integer of the answer stands for in the source, and what a 0 does."""
        if not self.silent:
            return 1.0, 0.0
        network = self.network
        store = tables.layer(self.names[network.output]).neuron.store
        assert isinstance(store, Shift)
        origin = next(layer for layer in self.layers if layer.name == network.output).origin[0]
        times = network.voters * (self.steps if network.readout == "sum" else 1)
        return float((1 << store.shift) / found.scale[0]), float(origin * times)


def _beside_spikes(
    form: InputForm, layers: list[PlainLayer], each: Mapping[str, Bits]
) -> tuple[InputForm, str]:
    """Return the input in so few bits that its weights keep some beside those of spikes, and why.

    A layer's weights have one scale. Those of an input of 8 bits are for integers up to 255, so
    next to those of spikes they would be less than one.
    """
    why, given = "", form.activation.bits
    for layer in layers:
        if len({group.source == "input" for group in layer.groups}) < 2:
            continue
        least = 1 + form.activation.signed
        while form.activation.bits > least and _crowded(_for_input(layer, form), each[layer.name]):
            form = form.narrowed()
            why = (
                f"the input is rounded from {given} bits to {form.activation.bits}: layer "
                f"{layer.name} adds it up with spikes, whose weights are of the same scale"
            )
    return form, why


def _crowded(layer: PlainLayer, bits: Bits) -> bool:
    """Return whether rounding leaves most channels few levels of the input's weights."""
    found = scaled(layer, replace(bits, exact=False), 1.0, uniform=False)
    if not found.rounded:
        return False
    largest = [
        np.abs(value).reshape(len(value), -1).max(1)
        for group, value in zip(layer.groups, found.weights, strict=True)
        if group.source == "input"
    ]
    return bool(np.median(np.max(largest, 0)) * 8 < bits.largest)


def _named(names: list[str]) -> dict[str, str]:
    """Return names that tables take, by the source's."""
    found: dict[str, str] = {}
    for name in names:
        plain = re.sub(r"\W", "_", name, flags=re.ASCII)
        plain = f"layer{plain}" if not plain[:1].isalpha() else plain
        while plain in found.values() or plain == "input":
            plain += "_"
        found[name] = plain
    return found


def _silenced(layer: PlainLayer) -> PlainLayer:
    """Return the last layer as one that never fires, where its potential is the answer."""
    if layer.neuron.reset != "none":
        raise LoweringError(
            f"layer {layer.name}: reset must be 'none' where its potential is read, as a layer "
            f"of the tables doesn't fire then, not {layer.neuron.reset!r}; read its spikes, or "
            "train it without a reset"
        )
    return replace(layer, neuron=replace(layer.neuron, threshold=None, most=1))


def _for_input(layer: PlainLayer, form: InputForm) -> PlainLayer:
    """Return a layer whose weights from the input are for its integers."""
    factor = np.full(len(layer.neuron.bias), form.scale)
    groups = tuple(
        replace(group, op=times(group.op, factor)) if group.source == "input" else group
        for group in layer.groups
    )
    return replace(layer, groups=groups)
