"""A source's network to tables with their proof: what the front door calls."""

from dataclasses import asdict, dataclass, replace
from typing import Any
from warnings import warn

import numpy as np
from numpy.typing import NDArray

from ..export.tables import Tables
from .bits import Bits
from .floats import Floats
from .frames import Layout, frames
from .graph import Network
from .input_form import InputForm
from .layer_bits import LayerBits
from .lower import Lowered, lower
from .own_run import OwnRun, own_run
from .paths import LoweringError
from .proof import (
    QuantizationProof,
    RuleProof,
    placed,
    quantization_proof,
    random_inputs,
    rule_proof,
)


@dataclass(frozen=True, kw_only=True)
class ImportSettings:
    """What is wanted of an import beside the network.

    Attributes
    ----------
    steps
        Time steps of an inference; None are the source's, or the samples'.
    samples
        Numbers as the network takes them, several of them; they say the range of the input and of
        potentials, and the proof runs on them.
    labels
        (samples,), the right classes.
    bits
        What numbers may take, of all layers or of each.
    name
        Of the tables.
    """

    steps: int | None = None
    samples: Any = None
    labels: Any = None
    bits: Bits | LayerBits = Bits()
    name: str = "imported"


def imported(network: Network, wanted: ImportSettings) -> Tables:
    """Return a network's tables, which hold in `source` where they are from, and the proof.

    Raises
    ------
    LoweringError, ValueError
        Where the tables can't say what the network does, or what is wanted doesn't fit.
    """
    x, labels = measured(network, wanted)
    lowered = lower(network, steps=wanted.steps, samples=x, bits=wanted.bits, name=wanted.name)
    bits = wanted.bits.all if isinstance(wanted.bits, LayerBits) else wanted.bits
    own = own_run(lowered)
    if bits.exact and own is not None and own.first:
        raise LoweringError(
            f"layer {own.first.layer} must be exact, but in step {own.first.step} "
            f"{placed(own.first.place)} of sample {own.first.sample} of the source's own run puts "
            f"out {own.first.own} where golden has {own.first.golden}: {own.reason}"
        )
    return replace(lowered.tables, source=_source(lowered, x, labels, own))


def measured(
    network: Network, wanted: ImportSettings
) -> tuple[NDArray[np.float64] | None, NDArray[Any] | None]:
    """Return the samples that are wanted, (steps, samples, *input shape), and their labels.

    Raises
    ------
    LoweringError, ValueError
        Where they don't fit the network, or each other.
    """
    x = None if wanted.samples is None else frames(Layout.of(network), wanted.samples, wanted.steps)
    if wanted.labels is None:
        return x, None
    labels = np.asarray(wanted.labels)
    count = 0 if x is None else x.shape[1]
    if labels.ndim != 1 or len(labels) != count:
        given = labels.shape if labels.ndim != 1 else len(labels)
        raise ValueError(f"labels must be one for each of the {count} samples, not {given}")
    classes = network.shapes[network.output][0] // network.voters
    for label in dict.fromkeys(labels.tolist()):
        if isinstance(label, bool) or label not in range(classes):
            raise ValueError(
                f"labels must be whole numbers 0…{classes - 1}, the classes, not {label!r}"
            )
    return x, labels.astype(np.int64)


def proven(lowered: Lowered, x: NDArray[Any] | None, labels: NDArray[Any] | None) -> Tables:
    """Return the tables of a network with their proof, on samples and labels where there are."""
    return replace(lowered.tables, source=_source(lowered, x, labels, own_run(lowered)))


def as_input(tables: Tables, samples: Any) -> NDArray[np.int64]:
    """Return numbers of the source as the integers of imported tables' input.

    Warns of what is rounded or saturates, where the samples of the import didn't.

    Raises
    ------
    LoweringError
        Where they are laid out otherwise than the source's samples, or no spikes where those were.
    ValueError
        Where the tables weren't imported.
    """
    if tables.source is None:
        raise ValueError("tables must be imported ones to know their source's samples")
    known = tables.source["input"]
    layout = Layout(
        shape=tables.input.shape, axes=known["axes"], order=known["order"],
        constant=tables.input.constant, steps=tables.steps,
    )  # fmt: skip
    form = InputForm(activation=tables.input.activation, scale=known["scale"], exact=known["exact"])
    x = frames(layout, samples)
    once = x if x.strides[0] else x[:1]  # a repeated step is one
    if lost := form.lost(once):
        warn(f"{lost}: tables {tables.name} were imported with samples of another range",
             stacklevel=3)  # fmt: skip
    return form.integers(x)


def as_output(tables: Tables, output: Any) -> Floats:
    """Return integers of imported tables' answer as the source's numbers.

    Raises
    ------
    ValueError
        Where the tables weren't imported.
    """
    if tables.source is None:
        raise ValueError("tables must be imported ones to know their source's answers")
    known = tables.source["output"]
    return np.asarray(np.asarray(output) * known["unit"] + known["offset"], np.float64)


def _source(
    lowered: Lowered, x: NDArray[Any] | None, labels: NDArray[Any] | None, own: OwnRun | None
) -> dict[str, Any]:
    rules = [rule_proof(lowered, random_inputs(lowered), "random")]
    quantization = None
    if x is not None:
        rules.append(rule_proof(lowered, lowered.input.integers(x), "samples"))
        quantization = quantization_proof(lowered, x, labels)
    activation = lowered.input.activation
    network = lowered.network
    return {
        "framework": network.origin.framework,
        "version": network.origin.version,
        "sha256": network.sha256,
        "input": {
            "scale": lowered.input.scale,
            "bits": activation.bits,
            "signed": activation.signed,
            "exact": lowered.input.exact,
            "axes": network.axes or len(network.input_shape),
            "order": network.layout,
        },
        "output": {"unit": lowered.unit, "offset": lowered.offset},
        "layers": {ours: theirs for theirs, ours in lowered.names.items()},
        "reasons": {lowered.names[name]: why for name, why in lowered.reasons.items()},
        "notes": list(lowered.notes),
        "rule": [_plain(rule) for rule in rules],
        "quantization": None if quantization is None else _plain(quantization),
        "own_run": None if own is None else _plain(own),
        "verdict": verdict(rules, quantization, own, lowered.reasons),
    }


def _plain(record: RuleProof | QuantizationProof | OwnRun) -> dict[str, Any]:
    """Return a record as JSON holds it, with the first difference as a sentence too."""
    found = asdict(record)
    found["first_difference"] = None if record.first is None else str(record.first)
    if "layers" in found:
        found["layers"] = list(found["layers"])
    if found["first"] is not None:
        found["first"]["place"] = list(found["first"]["place"])
    return found


def verdict(
    rules: list[RuleProof],
    quantization: QuantizationProof | None,
    own: OwnRun | None,
    reasons: dict[str, str],
) -> str:
    """Return what was found, in a sentence or two."""
    differing = sum(rule.differing for rule in rules)
    spikes = sum(rule.spikes for rule in rules)
    samples = sum(rule.samples for rule in rules)
    if not differing and not reasons:
        text = f"exact: all {spikes:,} spikes of {samples} samples are the source's"
    elif not differing:
        text = (
            f"the rule is the source's: with the tables' numbers all {spikes:,} spikes of "
            f"{samples} samples are equal"
        )
    else:
        first = next(rule.first for rule in rules if rule.first is not None)
        text = (
            f"the rule differs by rounding in {differing:,} of {spikes:,} spikes of {samples} "
            f"samples, first in {first}"
        )
    if quantization is not None:
        text += (
            f"; {quantization.predictions} of {quantization.samples} predictions are the source's"
        )
    if own is not None and own.first is not None and own.rounded:
        text += (
            f"; from step {own.first.step} on the framework's own float32 rounds: "
            f"{own.differing:,} of {own.spikes:,} spikes of its own run differ"
        )
    return text
