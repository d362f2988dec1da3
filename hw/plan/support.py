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


def unstreamable(tables: Tables) -> str:
    """Return in a sentence why an accelerator of tables can't stream, or ''.

    A layer may see a source no further back than an inference is long: so many maps aren't kept.
    """
    for layer in tables.layers:
        for group in layer.synapses:
            lag = group.delay + (group.source == layer.name)
            constant = group.source == "input" and tables.input.constant
            most = 0 if constant else tables.steps - 1
            if lag > most:
                return (
                    f"layer {layer.name} must see {group.source} at most {most} steps late in an "
                    f"accelerator that streams, not {lag}: no more of its maps are kept, as many "
                    "as tables have steps"
                )
    return ""
