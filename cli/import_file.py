"""`somagate import`: a NIR file in, tables out, with the proof."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import somagate as sg
import typer

from .options import Force, Json, by_layer
from .output import NO, existing, progress, replaceable_file, show, verb


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
        str,
        typer.Option(
            metavar="BITS",
            help="Of weights that have to be rounded, 1…8; and of single layers: 4,fc2=3.",
        ),
    ] = "8",
    state_bits: Annotated[
        str,
        typer.Option(
            metavar="BITS", help="Of stored potentials, 2…16 at most; and of single layers."
        ),
    ] = "16",
    scales: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="Of rounded weights: one a channel, a power of two a channel (power), or one a "
            "layer.",
        ),
    ] = "channel",
    exact: Annotated[bool, typer.Option("--exact", help="Refuse whatever isn't exact.")] = False,
    search: Annotated[
        bool,
        typer.Option(
            "--search",
            help="Search the fewest bits of each layer that keep the accuracy on --data, from "
            "--weight-bits and --state-bits down.",
        ),
    ] = False,
    loss: Annotated[
        float | None,
        typer.Option(metavar="POINTS", help="Of accuracy that --search may lose; default: 1.0."),
    ] = None,
    narrow: Annotated[
        str | None,
        typer.Option(
            metavar="WHAT", help="weights, states or both: what --search narrows; default: both."
        ),
    ] = None,
    held_out: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Of the samples that --search doesn't see, and is measured on; default: 0.5.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", help="Processes of --search on this machine; default: 1."),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="A dask scheduler whose workers --search takes, such as tcp://host:8786.",
        ),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Storage against accuracy of --search, as .svg or .png."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Default: in this folder, with the name of FILE.nir, as .safetensors.",
        ),
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Write the tables of another framework's network, with the proof that they compute the same.

    The source's rule, with the tables' numbers, is compared with golden in every spike; and, on
    --data, the source as it is. Exits with 1 if the former differ by rounding; with --search, if no
    bits are within the loss.
    """
    with verb(json):
        chosen = {
            "loss": loss, "narrow": narrow, "held_out": held_out, "workers": workers,
            "scheduler": scheduler, "picture": picture,
        }  # fmt: skip
        given: dict[str, Any] = {name: value for name, value in chosen.items() if value is not None}
        if given and not search:
            raise ValueError(f"--{next(iter(given)).replace('_', '-')} must come with --search")
        existing(file, ".nir")
        target = replaceable_file(out or Path(file.name).with_suffix(".safetensors"), force)
        samples = labels = None
        if data is not None:
            with np.load(existing(data, ".npz"), allow_pickle=False) as arrays:
                if "x" not in arrays:
                    raise ValueError(f"{data} must have an array x, but has {sorted(arrays)}")
                samples, labels = arrays["x"], arrays.get("y")
        settings: dict[str, Any] = {
            "steps": steps,
            "source": source,
            "dt": dt,
            "reset": reset,
            "reset_delay": reset_delay,
            "comparator": comparator,
            "v_min": v_min,
            "readout": readout,
            "voters": voters,
            "samples": samples,
            "labels": labels,
            "weight_bits": by_layer("--weight-bits", weight_bits),
            "state_bits": by_layer("--state-bits", state_bits),
            "scales": scales,
            "exact": exact,
        }
        found = None
        if search:
            if picture is not None:
                replaceable_file(picture, force, "--picture")
            with progress("searching", "bits decided") as update:
                found = sg.search_bits(sg.from_nir, file, **given, **settings, progress=update)
        tables = sg.from_nir(file, **settings) if found is None else found.tables
        tables.save(target, overwrite=force)
        own = tables.source is None  # from `to_nir`, so there is nothing to prove
        result = sg.check(tables) if own else sg.proof(tables, target)
    if found is None:
        show(result, json, **({} if own else {"search": None}))
    else:
        show(result, json, [*found.shown(), *result.shown()], search=found.to_dict())
    equal = not isinstance(result, sg.Proof) or result.equal
    if not (equal if found is None else found.within):
        raise typer.Exit(NO)


import_.__name__ = "import"
