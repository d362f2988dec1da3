"""Networks of other frameworks: tables of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from .export.tables import Tables
from .given import the_tables
from .sources import Readout, Scales, module_source, nir_source

DEFAULTS = {
    "reset_delay": True, "voters": 1, "weight_bits": 8, "state_bits": 16, "scales": "channel",
    "exact": False,
}  # fmt: skip
"""Of `from_nir`, those that aren't None."""


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

    settings: dict[str, Any] = {
        "steps": steps, "source": source, "dt": dt, "reset": reset, "reset_delay": reset_delay,
        "comparator": comparator, "v_min": v_min, "readout": readout, "voters": voters,
        "samples": samples, "labels": labels, "weight_bits": weight_bits, "state_bits": state_bits,
        "scales": scales, "exact": exact, "name": name,
    }  # fmt: skip
    own = contained(path)
    if own is None:
        return imported(*nir_source(path, **settings))
    given = [
        key
        for key, value in settings.items()
        if (value != DEFAULTS[key] if key in DEFAULTS else value is not None)
    ]
    if given:
        raise ValueError(
            f"{path} holds somagate's own tables, which are taken as they are: leave out "
            f"{', '.join(given)}"
        )
    return own


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
