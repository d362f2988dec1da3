"""What a network did: every spike, every stored potential, and the answer; and the comparison."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save as encode

from ...checks.arguments import integer
from ...checks.files import write
from ...export.arrays_file import KINDS, Arrays, read

Spikes = NDArray[np.bool_] | NDArray[np.uint8]
"""Whether each neuron fired, or how many spikes it sent."""

LARGEST_BYTES = 1 << 40
"""Of a file: every spike and potential of a whole test set."""


class TraceFileError(ValueError):
    """A file that does not hold a trace; one line that names the file and what is wrong."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trace:
    """The outcome of a simulator, of Verilog or of a board, for one batch.

    Attributes
    ----------
    tables
        SHA-256 of the tables that ran, hexadecimal.
    output
        int32 (batch, classes), the readout; (batch, steps, classes) where every step has an answer.
    prediction
        int64 (batch,), the class of the largest output, the lowest index of several; of the last
        step.
    spikes
        Of each layer in order of execution, before its pool: bool, (steps, batch, channels, rows,
        columns) or (steps, batch, neurons); uint8 where neurons send several in a step.
    potentials
        Of each layer, in the same shape: int16, the stored integers after the step, not brought
        back to accumulator LSBs. Empty where they were not asked for.
    input
        What ran, (steps, batch, *input shape), where it is kept along; no part of a comparison.
    first
        Number of the first sample among those that it is of.
    """

    tables: str
    output: NDArray[np.int32]
    prediction: NDArray[np.int64]
    spikes: dict[str, Spikes] = field(default_factory=dict)
    potentials: dict[str, NDArray[np.int16]] = field(default_factory=dict)
    input: NDArray[Any] | None = None
    first: int = 0

    def __repr__(self) -> str:
        """Return a line that says what is in it, and no values."""
        kept = "spikes and potentials" if self.potentials else "spikes" if self.spikes else "output"
        layers = f" of {', '.join(self.spikes)}" if self.spikes else ""
        return f"<Trace of {len(self.output)} samples, tables {self.tables[:12]}: {kept}{layers}>"

    def rates(self) -> dict[str, NDArray[np.float64]]:
        """Return the mean spikes a neuron in each step and sample: (steps, batch) a layer."""
        return {
            name: spikes.reshape(*spikes.shape[:2], -1).mean(2)
            for name, spikes in self.spikes.items()
        }

    def save(self, path: Path | str, *, overwrite: bool = True) -> None:
        """Write one `.safetensors` file, whole or not at all; the same trace, the same bytes.

        Raises
        ------
        FileExistsError
            Without `overwrite`, where something is there.
        """
        arrays: dict[str, NDArray[Any]] = {"output": self.output, "prediction": self.prediction}
        arrays |= {f"spikes.{name}": value for name, value in self.spikes.items()}
        arrays |= {f"potentials.{name}": value for name, value in self.potentials.items()}
        document: dict[str, Any] = {
            "tables": self.tables,
            "spikes": list(self.spikes),
            "potentials": list(self.potentials),
        }
        if self.input is not None:  # left out where there is none, as files had it at first
            arrays["input"] = self.input
            document["input"] = True
        if self.first:
            document["first"] = self.first
        arrays = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
        contents = encode(arrays, {"somagate.trace": json.dumps(document)})
        write(Path(path), contents, overwrite=overwrite)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a file that `save` wrote; raises `TraceFileError` where it is not one."""
        path = Path(path)
        try:
            document, arrays = read(path, "somagate.trace", LARGEST_BYTES, (*KINDS, "U8"))
            if set(document) - {"input", "first"} != {"tables", "spikes", "potentials"}:
                raise ValueError(
                    f"metadata must hold potentials, spikes and tables, not {sorted(document)}"
                )
            names = {kind: [*map(str, document[kind])] for kind in ("spikes", "potentials")}
            wanted = {f"{kind}.{name}" for kind in names for name in names[kind]}
            wanted |= {"output", "prediction"} | ({"input"} if document.get("input") else set())
            first = integer("first", document.get("first", 0), 0, 1 << 62)
            if set(arrays) != wanted:
                raise ValueError(f"arrays must be {sorted(wanted)}, not {sorted(arrays)}")
        except (TypeError, ValueError) as error:
            raise TraceFileError(f"{path}: {' '.join(str(error).split())}") from None
        return cls(
            tables=str(document["tables"]),
            output=arrays["output"],
            prediction=arrays["prediction"],
            spikes={name: arrays[f"spikes.{name}"] for name in names["spikes"]},
            potentials={name: arrays[f"potentials.{name}"] for name in names["potentials"]},
            input=arrays.get("input"),
            first=first,
        )

    def samples(self, chosen: slice) -> Self:
        """Return the trace of some samples, which is seen in the whole."""
        return replace(
            self,
            output=self.output[chosen],
            prediction=self.prediction[chosen],
            spikes={name: spikes[:, chosen] for name, spikes in self.spikes.items()},
            potentials={name: values[:, chosen] for name, values in self.potentials.items()},
            input=None if self.input is None else self.input[:, chosen],
            first=self.first + range(len(self.output))[chosen].start,
        )


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The first difference between two traces, in order of execution, and how many there are.

    Attributes
    ----------
    quantity
        'spike', 'potential', 'output' or 'prediction'.
    layer, step
        None for an output or a prediction.
    sample
        Index in the batch.
    place
        (channel, row, column) or (neuron,); of an output (class,), or (step, class) where each step
        has an answer; () of a prediction.
    values
        Of the first and of the second trace.
    count
        Elements that differ: spikes, potentials, outputs and predictions together.
    """

    quantity: Literal["spike", "potential", "output", "prediction"]
    layer: str | None
    step: int | None
    sample: int
    place: tuple[int, ...]
    values: tuple[int, int]
    count: int

    def __str__(self) -> str:
        names: tuple[str, ...] = ("neuron",)
        if len(self.place) == 3:
            names = ("channel", "row", "column")
        if self.layer is None:
            names = ("class",) if len(self.place) < 2 else ("step", "class")
        where = [] if self.layer is None else [f"layer {self.layer}", f"step {self.step}"]
        where.append(f"sample {self.sample}")
        where += [f"{name} {index}" for name, index in zip(names, self.place, strict=False)]
        first, second = self.values
        what = "1 value differs" if self.count == 1 else f"{self.count} values differ"
        return f"{', '.join(where)}: {self.quantity} {first} and {second}; {what} in all"


def compare(first: Trace, second: Trace) -> Difference | None:
    """Return the first difference between two traces of the same run, or None if they are equal.

    First is the earliest time step, in it the earliest layer, in it the lowest sample and neuron,
    and of that neuron the spike before the potential; outputs and predictions come last.

    Raises
    ------
    ValueError
        Where the traces are not of the same tables, or don't hold the same layers and shapes:
        then equality of what is there would say nothing about the rest.
    """
    if first.tables != second.tables:
        raise ValueError(
            f"traces must be of the same tables, not of {first.tables} and {second.tables}"
        )
    pairs: list[tuple[str, str | None, NDArray[Any], NDArray[Any]]] = []
    quantities: tuple[tuple[str, Arrays, Arrays], ...] = (
        ("spike", {**first.spikes}, {**second.spikes}),
        ("potential", {**first.potentials}, {**second.potentials}),
    )
    for quantity, left, right in quantities:
        if list(left) != list(right):
            raise ValueError(
                f"traces must hold the {quantity}s of the same layers, "
                f"not of {list(left)} and {list(right)}"
            )
        pairs += [(quantity, name, left[name], right[name]) for name in left]
    pairs.append(("output", None, first.output, second.output))
    pairs.append(("prediction", None, first.prediction, second.prediction))
    layers = list(first.spikes | first.potentials)
    found: tuple[Any, ...] | None = None
    count = 0
    for order, (quantity, layer, ours, theirs) in enumerate(pairs):
        if ours.shape != theirs.shape:
            of = quantity if layer is None else f"{quantity}s of layer {layer}"
            raise ValueError(
                f"traces must have {of} of the same shape, not {ours.shape} and {theirs.shape}"
            )
        different = np.not_equal(ours, theirs)
        count += int(np.count_nonzero(different))
        if not different.any():
            continue
        index = tuple(int(i) for i in np.unravel_index(different.argmax(), different.shape))
        values = (int(ours[index]), int(theirs[index]))
        step, sample, place = (
            (index[0], index[1], index[2:]) if layer else (None, index[0], index[1:])
        )
        key = (0, step, layers.index(layer), sample, place, order) if layer else (1, order)
        if found is None or key < found[0]:
            found = (key, quantity, layer, step, sample, place, values)
    if found is None:
        return None
    _, quantity, layer, step, sample, place, values = found
    return Difference(
        quantity=quantity,
        layer=layer,
        step=step,
        sample=sample,
        place=place,
        values=values,
        count=count,
    )
