"""Looking into traces: one by itself, or two with the way back from their first difference."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import RenderableType

from .checks import kind_of
from .checks.arguments import integer
from .encoded import Samples, maps
from .export.tables import Tables
from .given import the_tables
from .shown import Shown, grid
from .sim.bench import wave_file
from .sim.causes.way_back import WayBack
from .sim.golden.inputs import checked
from .sim.golden.trace import Difference, Trace
from .view.traces.frame import Frame
from .view.traces.inspected import Inspected
from .view.traces.server import Served, serve


@dataclass(frozen=True, kw_only=True, eq=False)
class Inspection(Shown):
    """Traces to look into, as words, as an object, or as a page of this machine.

    Attributes
    ----------
    inspected
        What is looked into, and what follows from it.
    """

    inspected: Inspected

    @property
    def difference(self) -> Difference | None:
        """The first difference of the two traces; None where they are equal, or there is one."""
        return self.inspected.difference

    @property
    def chain(self) -> WayBack:
        """The way back from the first difference; its `cause` is where the fault is made."""
        return self.inspected.way

    def serve(self, port: int = 0) -> Served:
        """Serve the page on 127.0.0.1 until `stop` of what is returned, or the end of the process.

        Parameters
        ----------
        port
            Where; 0 takes a free one.

        Raises
        ------
        ValueError
            Where it is none.
        OSError
            Where it is taken.
        """
        integer("port", port, 0, 65535)
        return serve(self.inspected, port)

    def show(self, height: int = 1000) -> Frame:
        """Return the page as a notebook shows it, served until the notebook's process ends.

        Parameters
        ----------
        height
            Of the frame that it lies in, in CSS pixels.
        """
        return Frame(served=self.serve(), height=height)

    def shown(self) -> list[RenderableType]:
        """Return the difference, the way back, and what would explain it."""
        inspected, found = self.inspected, self.difference
        names = " and ".join(inspected.names)
        if found is None:
            count = f"{inspected.samples} sample{'s' * (inspected.samples > 1)}"
            equal = f"{names} are equal" if len(inspected.traces) == 2 else names
            return [f"{equal}: {count}, {inspected.tables.steps} time steps"]
        told = replace(found, sample=inspected.first + found.sample)
        lines: list[RenderableType] = [f"{names} differ first in {told}"]
        lines += [f"{number}. {link.text}" for number, link in enumerate(self.chain.links, 1)]
        if self.chain.cause is None:
            return [*lines, "The fault is in what the readout makes of equal neurons."]
        if inspected.suspects:
            table = grid("number", "by the tables", "as if it were", "bits flipped")
            for each in inspected.suspects[:12]:
                table.add_row(each.name, str(each.was), each.would_be, str(each.flipped))
            lines += ["What would explain it, each by itself:", table]
            if (more := len(inspected.suspects) - 12) > 0:
                lines.append(f"… and {more} more, which --json and the page have")
        else:
            lines.append("No single number of the tables explains it.")
        return [*lines, f"In common: {inspected.pattern.text}"] if inspected.pattern else lines

    def to_dict(self) -> dict[str, Any]:
        """Return the difference, and the way back from it, as JSON holds them."""
        return self.inspected.to_dict()


def inspect(
    trace: Trace | Path | str,
    other: Trace | Path | str | None = None,
    *,
    tables: Tables,
    x: Samples | NDArray[Any] | None = None,
    names: Sequence[str] | None = None,
    waves: Path | str | None = None,
) -> Inspection:
    """Look into a trace, or into two of the same run with the way back from where they differ.

    Parameters
    ----------
    trace, other
        Traces with potentials, or their files; golden's first, where one is golden's.
    tables
        That ran, or by which the other one should have.
    x
        What ran: samples, or integers (steps, samples, *input shape); by default what the traces
        hold along.
    names
        What the traces are called; by default their files, or 'golden' and 'other'.
    waves
        The waveform of the difference, the save file that `verify` wrote, to draw beside it.

    Returns
    -------
    An object that prints what it found; ``.show()`` is the page in a notebook, ``.serve()`` the
    page in a browser, ``.chain`` the way back.

    Raises
    ------
    TypeError
        Where something is of another kind.
    TraceFileError
        Where a file holds no trace.
    ValueError
        Where the traces are not of these tables or of the same run, or hold too little, or the
        waveform isn't `verify`'s.
    """
    given = [trace] if other is None else [trace, other]
    traces = tuple(_trace(each) for each in given)
    if names is None:
        names = [_name(each, number) for number, each in enumerate(given)]
    if len(names) != len(traces):
        raise ValueError(f"names must be {len(traces)}, one a trace, not {len(names)}")
    for name, each in zip(names, traces, strict=True):
        _check(the_tables(tables), str(name), each)
    inspected = Inspected(
        tables=tables,
        traces=traces,
        names=tuple(map(str, names)),
        x=_input(tables, traces, x),
        waves=None if waves is None else _waves(tables, waves),
    )
    _ = inspected.difference  # traces that say nothing of each other are told here
    if inspected.waves and len(traces) == 2 and inspected.difference is None:
        raise ValueError("waves must be left out, as the traces are equal")
    return Inspection(inspected=inspected)


def _waves(tables: Tables, value: Path | str) -> wave_file.Waves:
    if not isinstance(value, Path | str):
        raise TypeError(f"waves must be the save file that verify wrote, not {kind_of(value)}")
    if not Path(value).is_file():
        raise FileNotFoundError(f"waves must be the save file that verify wrote, not {value}")
    found = wave_file.read(Path(value))
    if found.tables != tables.sha256:
        raise ValueError(
            f"waves must be of the tables {tables.sha256[:12]}, not of {found.tables[:12]}"
        )
    return found


def _trace(value: Trace | Path | str) -> Trace:
    if isinstance(value, Trace):
        return value
    if not isinstance(value, Path | str):
        raise TypeError(f"trace must be a Trace or the file of one, not {kind_of(value)}")
    return Trace.load(value)


def _name(value: Trace | Path | str, number: int) -> str:
    if isinstance(value, Trace):
        return ("golden", "other")[number]
    return Path(value).name.removesuffix(".safetensors")


def _check(tables: Tables, name: str, trace: Trace) -> None:
    """Raise `ValueError` where a trace is not of these tables, or holds not all of it."""
    if trace.tables != tables.sha256:
        raise ValueError(
            f"trace {name} must be of the tables {tables.sha256[:12]}, not of {trace.tables[:12]}; "
            "name the tables that ran"
        )
    batch = len(trace.output)
    for kind, arrays in (("spikes", trace.spikes), ("potentials", trace.potentials)):
        for layer, shape in tables.neuron_shapes.items():
            wanted = (tables.steps, batch, *shape)
            found = arrays[layer].shape if layer in arrays else "none"
            if found != wanted:
                raise ValueError(
                    f"trace {name} must have {kind} of layer {layer} of shape {wanted}, not {found}"
                )


def _input(
    tables: Tables, traces: tuple[Trace, ...], x: Samples | NDArray[Any] | None
) -> NDArray[Any]:
    """Return what ran, as it is given or as a trace holds it."""
    inputs = [trace.input for trace in traces if trace.input is not None]
    held = inputs[0] if inputs else None
    if any(not np.array_equal(inputs[0], each) for each in inputs[1:]):
        raise ValueError("traces must be of the same input, but they hold different ones")
    if x is None and held is None:
        raise ValueError(
            "x must be given, as the trace holds no input: name the samples that ran, by --data on "
            "the command line"
        )
    found = checked(tables, maps(tables, held if x is None else x))
    batch = len(traces[0].output)
    if found.shape[1] != batch:
        raise ValueError(f"x must be {batch} samples, as the trace has, not {found.shape[1]}")
    if held is not None and not np.array_equal(found, held):
        raise ValueError("x must be left out, or be the input that the trace holds, not another")
    return found
