"""What the contract has and the accelerator does not have yet, refused by name."""

from ..export.neuron import Ternary
from ..export.synapse import Convolution, Identity
from ..export.tables import Layer, Tables


class UnsupportedError(ValueError):
    """The tables need hardware that does not exist; every reason is in the message."""


def reasons(tables: Tables, layer: Layer) -> list[str]:
    """Return why a layer can't be generated, a sentence each with the way out; empty if it can."""
    found = []
    if len(layer.synapses) > 1:
        found.append(
            f"synapses must be one group, not {len(layer.synapses)}; "
            "merge them or put one in a layer of its own"
        )
    for group in layer.synapses:
        activation = tables.activation(group.source)
        if group.source == layer.name:
            found.append("synapses must not be recurrent; unroll the recurrence or drop it")
        if activation.kind != "spike":
            found.append(
                f"source {group.source!r} must hold spikes, not {activation.bits}-bit "
                f"{activation.kind}s; use a rate-coded input or max pooling"
            )
        if isinstance(group, Identity):
            found.append("an identity group must be a convolution; use a 1×1 convolution")
        if isinstance(group, Convolution) and group.groups > 1:
            found.append(
                f"convolution groups must be 1, not {group.groups}; expand the weights with zeros"
            )
    if layer.name == tables.readout.layer and not layer.kept.all():
        found.append("channel_mask must keep every class of the readout; prune other layers")
    if isinstance(layer.neuron.store, Ternary):
        found.append("store must be Shift, not Ternary; use Shift(bits=2)")
    return found


def refuse(tables: Tables) -> None:
    """Raise `UnsupportedError` naming every layer and reason, or return."""
    lines = [
        f"layer {layer.name}: {reason}"
        for layer in tables.layers
        for reason in reasons(tables, layer)
    ]
    if lines:
        raise UnsupportedError("; ".join(lines))
