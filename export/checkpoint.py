"""A trained checkpoint as `Tables`. This needs torch; nothing else that reads tables does."""

from pathlib import Path

import numpy as np

from .. import data
from ..model import checkpoint
from ..model.integers import Integers
from ..model.layers import Layer as Trained
from ..model.network import Network
from ..model.recipe import Conv, Recipe
from ..model.train import evaluate
from .neuron import Activation, Leak, Neuron, Shift, Store, Ternary
from .synapse import Convolution, Dense, Identity, SynapseGroup
from .tables import Input, Layer, Pool, Readout, Tables

CheckpointError = checkpoint.CheckpointError


def export(path: Path | str) -> Tables:
    """Return the tables of a checkpoint; nothing is rounded that training has not rounded.

    The tables compute the very spikes and potentials of the network in evaluation mode.

    Raises
    ------
    CheckpointError
        Where the file is not a checkpoint, or is that of a float network.
    """
    found = checkpoint.read(path)
    if not found.recipe.quantized:
        raise CheckpointError(
            f"{path} must be a checkpoint of a quantized network, but is of a float one"
        )
    return tables(found.network, maximum=found.maximum)


def accuracy(path: Path | str, data_dir: Path | None = None) -> float:
    """Return the accuracy of a checkpoint on the test set of its recipe, measured with torch.

    That of its tables is the one of `somagate.sim.golden.run`; they are equal. A checkpoint of a
    float network has this one only.
    """
    found = checkpoint.read(path)
    return evaluate(found.network, data.read(found.recipe.data, data_dir))


def tables(network: Network, *, maximum: int) -> Tables:
    """Return the tables of a quantized network; `maximum` is the full scale of its samples."""
    recipe = network.recipe
    layers: list[Layer] = []
    names = ["input"]
    for index, trained in enumerate(network):
        integers = trained.integers()
        settings = trained.settings
        name = "conv" if isinstance(settings, Conv) else "dense"
        name = f"{name}{index + 1}"
        if trained is network.readout and recipe.readout != "vote":
            name = "readout"
        pool = None
        if isinstance(settings, Conv) and settings.pool > 1:
            pool = Pool(kind=settings.pool_kind, size=(settings.pool, settings.pool))
        layers.append(
            Layer(
                name=name,
                synapses=_synapses(trained, integers, [names[-back] for back in trained.backs]),
                neuron=_neuron(integers),
                pool=pool,
                channel_mask=integers.mask,
            )
        )
        names.append(name)
    if recipe.readout == "vote":
        layers.append(_vote(recipe, names[-1]))
    return Tables(
        name=recipe.name.replace("-", "_"),
        steps=recipe.steps,
        input=_input(recipe, network.shape, maximum),
        layers=tuple(layers),
        readout=Readout(
            layer=layers[-1].name, kind="count" if recipe.readout == "count" else "potential"
        ),
    )


def _synapses(trained: Trained, integers: Integers, sources: list[str]) -> tuple[SynapseGroup, ...]:
    groups: list[SynapseGroup] = []
    for group, weights, source in zip(trained.groups, integers.weights, sources, strict=False):
        bits = group.quantizer.bits
        if weights.ndim == 2:
            groups.append(Dense(source=source, weights=weights, bits=bits))
            continue
        stride, padding = (group.stride, group.stride), (group.padding, group.padding)
        groups.append(
            Convolution(source=source, weights=weights, bits=bits, stride=stride, padding=padding)
        )
    rest = integers.constants["identity"]
    while rest is not None and rest.any():
        part = rest.clip(-127, 127)
        groups.append(Identity(source=sources[-1], weights=part, bits=8))
        rest = rest - part
    return tuple(groups)


def _neuron(integers: Integers) -> Neuron:
    rule, constants = integers.rule, integers.constants
    store: Store = Shift(bits=rule.bits, shift=rule.shift)
    if rule.ternary:
        level, boundary = constants["level"], constants["boundary"]
        assert level is not None and boundary is not None
        store = Ternary(level=level, boundary=boundary)
    return Neuron(
        bias=integers.bias,
        threshold=integers.threshold,
        store=store,
        reset=rule.reset,
        amount=integers.threshold if rule.reset == "subtract" else None,
        leak=Leak(multiplier=np.array(integers.multiplier), shift=rule.leak_shift, at=rule.leak_at),
        mask_negative=rule.mask_negative,
    )


def _vote(recipe: Recipe, source: str) -> Layer:
    """Return the layer that counts the spikes of the neurons of each class together."""
    weights = np.repeat(np.eye(recipe.classes, dtype=np.int32), recipe.voters, axis=1)
    bits = max(2, (recipe.steps * recipe.voters).bit_length() + 1)
    return Layer(
        name="vote",
        synapses=(Dense(source=source, weights=weights, bits=2),),
        neuron=Neuron(
            bias=np.zeros(recipe.classes, np.int32),
            threshold=None,
            store=Shift(bits=bits, shift=0),
            reset="none",
        ),
    )


def _input(recipe: Recipe, shape: tuple[int, int, int], maximum: int) -> Input:
    activation = Activation()
    if recipe.encoding == "direct":
        activation = Activation(kind="value", bits=recipe.input_bits)
    elif recipe.input_bits > 1:
        activation = Activation(kind="count", bits=recipe.input_bits)
    return Input(
        shape=shape,
        activation=activation,
        constant=recipe.encoding == "direct",
        encoding=recipe.encoding,
        maximum=maximum,
    )
