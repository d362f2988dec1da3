"""Networks of other frameworks: tables of them, and the proof that both compute the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rich.console import RenderableType

from .export.tables import Tables
from .given import the_tables
from .shown import Shown, grid
from .sources import Readout, Scales, module_source, nir_source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Proof(Shown):
    """Where imported tables are from, and how far they compute what their source does.

    Attributes
    ----------
    tables
        They.
    source
        What they keep of it, as JSON holds it; docs/imports.md says what the keys mean.
    path
        Where the tables were written, or None.
    """

    tables: Tables
    source: dict[str, Any]
    path: Path | None = None

    @property
    def equal(self) -> bool:
        """Whether golden fired as the source's rule does with the tables' numbers, everywhere."""
        return not any(rule["differing"] for rule in self.source["rule"])

    @property
    def exact(self) -> bool:
        """Whether nothing at all is rounded."""
        return self.equal and not self.source["reasons"] and self.source["input"]["exact"]

    def shown(self) -> list[RenderableType]:
        """Return where the tables are from, both proofs, and what is rounded."""
        source, lines = self.source, list[RenderableType]()
        lines.append(f"From {source['framework']} {source['version']}: {source['verdict']}")
        quantization = source["quantization"]
        if quantization is not None:
            table = grid("layer", "as the source", "its spikes", "spikes", "silent", "saturated")
            for row in quantization["layers"]:
                table.add_row(
                    row["layer"],
                    f"{row['agreement']:.2%}",
                    f"{row['activity_source']:.2%}",
                    f"{row['activity']:.2%}",
                    str(row["silent"]),
                    str(row["saturated"]),
                )
            lines.append(table)
            if quantization["accuracy"] is not None:
                lines.append(
                    f"{quantization['accuracy_source']:.2%} right in the source, "
                    f"{quantization['accuracy']:.2%} in integers, on {quantization['samples']} "
                    "samples"
                )
        lines += [f"layer {name}: {why}" for name, why in source["reasons"].items()]
        lines += source["notes"]
        lines += [f"layer {name}: {text}" for name, text in self._advice()]
        if self.path is not None:
            lines.append(f"Tables in {self.path}")
        return lines

    def _advice(self) -> list[tuple[str, str]]:
        """Return what to change about layers that don't fire, or always do."""
        found = []
        for row in (self.source["quantization"] or {"layers": []})["layers"]:
            if row["activity_source"] and not row["activity"]:
                found.append((row["layer"], "falls silent; give it more weight or state bits"))
            elif row["activity_source"] < 1 and row["activity"] == 1:
                found.append((row["layer"], "always fires; give it more weight or state bits"))
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it."""
        return {
            "tables": self.tables.sha256,
            "path": None if self.path is None else str(self.path),
            "equal": self.equal,
            "exact": self.exact,
            "source": self.source,
            "findings": self.tables.thresholds(),
        }


def proof(tables: Tables, path: Path | None = None) -> Proof:
    """Return what imported tables keep of their source.

    Raises
    ------
    ValueError
        Where they weren't imported.
    """
    if tables.source is None:
        raise ValueError("tables must be imported ones to have a proof, but say no source")
    return Proof(tables=tables, source=tables.source, path=path)


def as_input(tables: Tables, samples: Any) -> "NDArray[np.int64]":
    """Return numbers of the source as integers of imported tables: what golden and RTL take.

    Parameters
    ----------
    tables
        Imported ones.
    samples
        As the source takes them: a batch, or (steps, samples, *input shape); tensors or arrays.

    Returns
    -------
    int64 (steps, samples, *input shape), rounded and saturated where they aren't exact.

    Raises
    ------
    ValueError
        Where the tables weren't imported, or the samples are laid out otherwise.
    """
    from .imports.importing import as_input as made

    return made(tables, samples)


def as_output(tables: Tables, output: Any) -> "NDArray[np.float64]":
    """Return answers of imported tables as numbers of the source.

    Parameters
    ----------
    tables
        Imported ones.
    output
        Integers, such as `Trace.output`.

    Returns
    -------
    float64, in the shape of `output`: potentials in the source's units, or spikes and steps.

    Raises
    ------
    ValueError
        Where the tables weren't imported.
    """
    from .imports.importing import as_output as made

    return made(tables, output)


def from_nir(
    path: Path | str,
    *,
    steps: int | None = None,
    source: str | None = None,
    dt: float | None = None,
    reset: Literal["zero", "subtract", "none"] | None = None,
    reset_delay: bool = True,
    comparator: Literal[">", ">="] | None = None,
    v_min: float | None = None,
    readout: Readout | None = None,
    voters: int = 1,
    samples: Any = None,
    labels: Any = None,
    weight_bits: int | Mapping[str, int] = 8,
    state_bits: int | Mapping[str, int] = 16,
    scales: Scales = "channel",
    exact: bool = False,
    name: str | None = None,
) -> Tables:
    """Return the tables of a network in a NIR file; needs h5py.

    A NIR file doesn't say which rule its source used. What can't be told from how its exporter
    writes has to be stated, or the file is refused with what to pass. The tables in a file of
    `to_nir` are returned as they were.

    Parameters
    ----------
    path
        The file.
    steps
        Time steps of an inference; those of the samples, if left out.
    source
        The framework that wrote it: 'snntorch', 'spikingjelly', 'norse', 'sinabs', or 'nir' for
        NIR's own words. None looks for it.
    dt
        Time step in seconds; that of the framework's exporter, if left out.
    reset, reset_delay
        snnTorch's `reset_mechanism` and `reset_delay`; the former is needed for 'nir' too.
    comparator
        Whether a neuron of 'nir' fires at '>' or '>='.
    v_min
        sinabs' `min_v_mem`.
    readout
        How the last layer answers: by the 'count' of its spikes, or which of its neurons fires
        'first'; or where it is never reset, by its 'potential' after the last step, the 'largest',
        the 'sum' of all, or 'every' step's. Left out: by the count, or the potential if it never
        fires.
    voters
        Neurons a class, next to each other, whose answers are added up.
    samples
        Numbers (steps, samples, *input shape), or (samples, *input shape) for the same in every
        step. They say the range of the input and of the potentials, and the proof runs on them.
    labels
        The right class of each sample.
    weight_bits, state_bits
        What weights and stored potentials may take, where they are rounded; fewer are taken where
        fewer hold all. For all layers, or by the source's name of a layer: in {'fc2': 3, '*': 4}
        '*' stands for those that aren't named.
    scales
        Of a layer whose weights are rounded: one a 'channel', a 'power' of two a channel, or one
        for the 'layer'.
    exact
        Refuse what isn't exact.
    name
        Of the tables; that of the file, if left out.

    Raises
    ------
    NirFileError, LoweringError, ValueError
        Where the file isn't sound, has to be stated more about, or has what tables can't say.
    """
    from .imports.files.nir_writer import contained
    from .imports.importing import imported

    own = contained(path)
    if own is not None:
        settings = {
            "steps": steps, "source": source, "dt": dt, "reset": reset, "comparator": comparator,
            "v_min": v_min, "readout": readout, "name": name, "samples": samples, "labels": labels,
        }  # fmt: skip
        given = [key for key, value in settings.items() if value is not None]
        if given:
            raise ValueError(
                f"{path} holds somagate's own tables, which are taken as they are: leave out "
                f"{', '.join(given)}"
            )
        return own
    network, wanted = nir_source(
        path, steps=steps, source=source, dt=dt, reset=reset, reset_delay=reset_delay,
        comparator=comparator, v_min=v_min, readout=readout, voters=voters, samples=samples,
        labels=labels, weight_bits=weight_bits, state_bits=state_bits, scales=scales, exact=exact,
        name=name,
    )  # fmt: skip
    return imported(network, wanted)


def to_nir(tables: Tables, path: Path | str, *, overwrite: bool = True) -> None:
    """Write tables as a NIR file, for other tools; needs h5py.

    The graph says what the tables compute where nothing rounds or saturates, at a time step of
    0.1 ms. What NIR can't say is in its metadata, so `from_nir` reads the same tables back.

    Parameters
    ----------
    tables
        The network.
    path
        The file, such as 'net.nir'.
    overwrite
        Replace a file that is there.

    Raises
    ------
    NirFileError
        Where NIR has no node for what a layer does.
    FileExistsError
        Without `overwrite`, where the file is there.
    """
    from .imports.files.nir_writer import write

    write(the_tables(tables), path, overwrite=overwrite)


def from_snntorch(net: Any, sample: Any, **settings: Any) -> Tables:
    """Return the tables of a network of snnTorch's modules; needs torch and snnTorch.

    The network is called once with `sample`, and read from that call: loops over time, states that
    are handed on and functional calls are followed, or refused with their line.

    Parameters
    ----------
    net
        The module, trained; it stays as it is.
    sample
        What it is called with, a batch; or a tuple of arguments, the batch first.
    settings
        `steps`, `readout`, `voters`, `labels`, `weight_bits`, `state_bits`, `scales`, `exact` and
        `name` as of `from_nir`, and `samples`, more batches laid out as `sample`, which stands in
        for them.

    Raises
    ------
    UnsupportedModuleError, LoweringError, ValueError
        Where a module or a setting isn't taken, with what is.
    """
    return _from("snntorch", net, sample, settings)


def from_spikingjelly(net: Any, sample: Any, **settings: Any) -> Tables:
    """Return the tables of a network of SpikingJelly's modules; see `from_snntorch`.

    Its modules may take one time step a call, or all of them (`step_mode='m'`).
    """
    return _from("spikingjelly", net, sample, settings)


def from_norse(net: Any, sample: Any, **settings: Any) -> Tables:
    """Return the tables of a network of Norse's modules; see `from_snntorch`."""
    return _from("norse", net, sample, settings)


def _from(framework: str, net: Any, sample: Any, settings: dict[str, Any]) -> Tables:
    from .imports.importing import imported

    return imported(*module_source(framework, net, sample, settings))
