"""Both traces of a batch in which RTL and golden differ, to look into."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...export.tables import Tables
from ...hw.plan.loading import Load
from ..golden import golden
from ..golden.trace import Trace
from .comparison import Comparison
from .loaded import lay_out, taken_out


def trace_files(path: Path) -> tuple[Path, Path]:
    """Return the files of golden's and of the RTL's trace, for a path without suffix."""
    return (
        path.with_name(f"{path.name}.golden.safetensors"),
        path.with_name(f"{path.name}.rtl.safetensors"),
    )


def write_traces(
    path: Path, comparison: Comparison, first: int, x: NDArray[Any], alone: int | None = None
) -> tuple[str, str]:
    """Play a batch again, and write golden's and the RTL's trace of it, with its input.

    All its samples are evidence of what is wrong.

    Parameters
    ----------
    path
        Of the files, without suffix: see `trace_files`.
    comparison
        What was compared, and how.
    first, x
        The batch: its first sample, and all of its inputs.
    alone
        The number of the one sample to write, where transfers of others are missing; or None.

    Returns
    -------
    The two files.
    """
    tables = comparison.tables
    ours = golden.run(tables, x, potentials=True)
    expected = lay_out(ours, comparison.load) if comparison.load else ours
    record = comparison.play(comparison.scenario(first, x))
    theirs = comparison.checker.rebuilt(record, expected)
    if comparison.load:
        theirs = _unloaded(theirs, comparison.load, tables)
    of = slice(None) if alone is None else slice(alone - first, alone - first + 1)
    begin = first if alone is None else alone
    files = trace_files(path)
    for file, trace in zip(files, (ours, theirs), strict=True):
        kept = replace(trace.samples(of), input=np.ascontiguousarray(x[:, of]), first=begin)
        kept.save(file)
    return str(files[0]), str(files[1])


def _unloaded(trace: Trace, load: Load, tables: Tables) -> Trace:
    """Return the RTL's trace with the channels and classes of the tables that were loaded."""
    voters = tables.readout.voters
    classes = load.slots[tables.readout.layer][::voters] // voters
    here = np.flatnonzero(classes >= 0)
    output = np.zeros((*trace.output.shape[:-1], tables.classes), trace.output.dtype)
    output[..., classes[here]] = trace.output[..., here]
    prediction = classes[trace.prediction]
    whole = replace(trace, tables=tables.sha256, output=output, prediction=prediction)
    return taken_out(whole, load, tables)
