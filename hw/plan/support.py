"""What the accelerator does not have, refused by name."""

from ...export.tables import Layer, Tables


class UnsupportedError(ValueError):
    """The tables need hardware that does not exist; every reason is in the message."""


def reasons(tables: Tables, layer: Layer) -> list[str]:
    """Return why a layer can't be generated, a sentence each with the way out; empty if it can."""
    return (
        [tables.pruned_class] if layer.name == tables.readout.layer and tables.pruned_class else []
    )


def refuse(tables: Tables) -> None:
    """Raise `UnsupportedError` naming every layer and reason, or return."""
    lines = [
        f"layer {layer.name}: {reason}"
        for layer in tables.layers
        for reason in reasons(tables, layer)
    ]
    if lines:
        raise UnsupportedError("; ".join(lines))
