"""`somagate import`: a NIR file in, tables out, with the proof."""

from pathlib import Path
from typing import Annotated

import numpy as np
import somagate as sg
import typer

from .options import Force, Json
from .output import NO, existing, show, verb, writable


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.nir", help="A NIR file.")],
    steps: Annotated[
        int | None,
        typer.Option(min=1, help="Time steps of an inference; default: those of --data."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The framework that wrote it: snntorch, spikingjelly, norse, sinabs, or nir for "
            "NIR's own words; default: told by how it writes, where it can be.",
        ),
    ] = None,
    dt: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Time step; default: that of the exporter."),
    ] = None,
    reset: Annotated[
        str | None,
        typer.Option(metavar="HOW", help="zero, subtract or none: snnTorch's reset_mechanism."),
    ] = None,
    reset_delay: Annotated[
        bool, typer.Option(help="snnTorch's reset_delay: the reset comes with the next step.")
    ] = True,
    comparator: Annotated[
        str | None, typer.Option(metavar="SIGN", help="'>' or '>=', for --source nir.")
    ] = None,
    v_min: Annotated[
        float | None, typer.Option(metavar="V", help="sinabs' min_v_mem; default: none.")
    ] = None,
    readout: Annotated[
        str | None,
        typer.Option(
            metavar="HOW",
            help="How the last layer answers: count or first, by its spikes; potential, largest, "
            "sum or every, by its potentials; default: count, or potential if it never fires.",
        ),
    ] = None,
    voters: Annotated[
        int, typer.Option(min=1, help="Neurons a class, whose answers are added up.")
    ] = 1,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.npz",
            help="Samples: x of shape (steps, samples, ...) or (samples, ...), and labels y if "
            "there are any. The proof runs on them; default: random spikes alone.",
        ),
    ] = None,
    weight_bits: Annotated[
        int, typer.Option(min=1, max=8, help="Of weights that have to be rounded.")
    ] = 8,
    state_bits: Annotated[
        int, typer.Option(min=2, max=16, help="Of stored potentials, at most.")
    ] = 16,
    scales: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="Of rounded weights: one a channel, a power of two a channel (power), or one a "
            "layer.",
        ),
    ] = "channel",
    exact: Annotated[bool, typer.Option("--exact", help="Refuse whatever isn't exact.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Default: the name of FILE.nir, as .safetensors."),
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Write the tables of another framework's network, with the proof that they compute the same.

    The source's rule, with the tables' numbers, is compared with golden in every spike; and, on
    --data, the source as it is. Exits with 1 if the former differ by rounding.
    """
    with verb(json):
        existing(file, ".nir")
        target = writable(out or file.with_suffix(".safetensors"), force)
        samples = labels = None
        if data is not None:
            with np.load(existing(data, ".npz"), allow_pickle=False) as arrays:
                if "x" not in arrays:
                    raise ValueError(f"{data} must have an array x, but has {sorted(arrays)}")
                samples, labels = arrays["x"], arrays.get("y")
        tables = sg.from_nir(
            file,
            steps=steps,
            source=source,
            dt=dt,
            reset=reset,  # type: ignore[arg-type]
            reset_delay=reset_delay,
            comparator=comparator,  # type: ignore[arg-type]
            v_min=v_min,
            readout=readout,  # type: ignore[arg-type]
            voters=voters,
            samples=samples,
            labels=labels,
            weight_bits=weight_bits,
            state_bits=state_bits,
            scales=scales,  # type: ignore[arg-type]
            exact=exact,
        )
        tables.save(target, overwrite=force)
        own = tables.source is None  # from `to_nir`, so there is nothing to prove
        result = sg.check(tables) if own else sg.proof(tables, target)
    show(result, json)
    if isinstance(result, sg.Proof) and not result.equal:
        raise typer.Exit(NO)


import_.__name__ = "import"
