"""A trained checkpoint as `Tables`. This needs torch; nothing else that reads tables does."""

from pathlib import Path

import numpy as np

from ..model import checkpoint, data
from ..model.network import Network
from ..model.recipe import Conv, Recipe
from ..model.train import evaluate
from .neuron import Activation, Leak, Neuron, Shift
from .synapse import Convolution, Dense, SynapseGroup
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
    loaded = checkpoint.load(path)
    if not loaded.recipe.quantized:
        raise CheckpointError(
            f"{path} must be a checkpoint of a quantized network, but is of a float one"
        )
    return tables(loaded.network, maximum=loaded.maximum)


def accuracy(path: Path | str, data_dir: Path | None = None) -> float:
    """Return the accuracy of a checkpoint on the test set of its recipe, measured with torch.

    That of its tables is the one of `somagate.sim.golden.run`; they are equal. A checkpoint of a
    float network has this one only.
    """
    loaded = checkpoint.load(path)
    return evaluate(loaded.network, data.load(loaded.recipe.data, data_dir))


def tables(network: Network, *, maximum: int) -> Tables:
    """Return the tables of a quantized network; `maximum` is the full scale of its samples."""
    recipe = network.recipe
    layers: list[Layer] = []
    for index, trained in enumerate(network):
        integers = trained.integers()
        source = layers[-1].name if layers else "input"
        synapses: SynapseGroup
        if isinstance(trained.settings, Conv):
            name = f"conv{index + 1}"
            synapses = Convolution(
                source=source,
                weights=integers.weights,
                bits=recipe.weight_bits,
                stride=(trained.settings.stride, trained.settings.stride),
                padding=(trained.settings.padding, trained.settings.padding),
            )
            pool = trained.settings.pool
        else:
            name = "readout" if trained is network.readout else f"dense{index + 1}"
            synapses = Dense(source=source, weights=integers.weights, bits=recipe.weight_bits)
            pool = 1
        rule = integers.rule
        neuron = Neuron(
            bias=integers.bias,
            threshold=integers.threshold,
            store=Shift(bits=rule.bits, shift=rule.shift),
            reset=rule.reset,
            amount=integers.threshold if rule.reset == "subtract" else None,
            leak=Leak(
                multiplier=np.array(integers.multiplier), shift=rule.leak_shift, at=rule.leak_at
            ),
        )
        layers.append(
            Layer(
                name=name,
                synapses=(synapses,),
                neuron=neuron,
                pool=None if pool == 1 else Pool(kind="max", size=(pool, pool)),
            )
        )
    return Tables(
        name=recipe.name.replace("-", "_"),
        steps=recipe.steps,
        input=_input(recipe, network.shape, maximum),
        layers=tuple(layers),
        readout=Readout(layer=layers[-1].name, kind=recipe.readout),
    )


def _input(recipe: Recipe, shape: tuple[int, int, int], maximum: int) -> Input:
    direct = recipe.encoding == "direct"
    return Input(
        shape=shape,
        activation=Activation(kind="value", bits=recipe.input_bits) if direct else Activation(),
        constant=direct,
        encoding=recipe.encoding,
        maximum=maximum,
    )
