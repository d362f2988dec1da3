"""Networks of snnTorch's, SpikingJelly's and Norse's documentation: trained, imported, verified.

Each is defined, called and trained as its documentation does, but for shorter, and goes into
`somagate.from_FRAMEWORK` without a change. On test samples are counted: spikes that golden has
otherwise than the framework's rule with the tables' numbers; predictions that agree with the
source's; and how right both are. Then a plan is chosen for the ULX3S, and the RTL is verified.

    python -m benchmarks.imports --data FOLDER   # names of networks after it, or all of them

FOLDER holds the folders mnist and fashion-mnist, four IDX files each. Trained networks are kept in
`--out`, and so are results.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import sys
from math import prod
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import somagate as sg
import somagate.export
import somagate.hw
import somagate.imports
import somagate.sim
import torch
from somagate import data as data_sets
from somagate.hw.search import DoesNotFitError
from torch import Tensor

from benchmarks.imports import (
    example,
    norse_examples,
    report,
    snntorch_examples,
    spikingjelly_examples,
)
from benchmarks.imports.example import Example, Net
from benchmarks.lib import output

BOARD = "ulx3s-85f"
SOURCES = (snntorch_examples, spikingjelly_examples, norse_examples)
EXAMPLES = {one.name: one for source in SOURCES for one in source.EXAMPLES}
PAGE = Path("docs/imports_benchmark.md")


def images(folder: Path, name: str, split: str, count: int) -> tuple[Tensor, Tensor]:
    """Return the first images of a split, 0…1, (count, 1, 28, 28), and their labels."""
    places = [folder / name, folder / name.replace("-", "_")]
    found = data_sets.read(name, next((p for p in places if p.is_dir()), places[0]))
    x, y = getattr(found, f"{split}_images"), getattr(found, f"{split}_labels")
    return torch.from_numpy(np.array(x[:count])).float() / 255, torch.from_numpy(y[:count].copy())


def lines(count: int, steps: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return lines from 0 to random ends, (steps, count, 1), and the roots that follow them."""
    ends = torch.rand(count, generator=torch.Generator().manual_seed(seed))
    x = torch.linspace(0, 1, steps)[:, None, None] * ends[None, :, None]
    return x, torch.sqrt(x * 0.5)


def samples(one: Example, folder: Path, split: str, count: int) -> tuple[Tensor, Tensor]:
    """Return what a network is trained or tested on, before an encoder, and what is right."""
    if one.data == "lines":
        return lines(count, one.steps, seed=int(split == "test"))
    return images(folder, one.data, split, count)


def trained(one: Example, folder: Path, out: Path) -> Net:
    """Return a trained network; the one in `out`, where it is there."""
    torch.manual_seed(0)
    net = one.build()
    path = out / f"{one.name}-{one.epochs}x{one.images}.pt"
    if path.is_file():
        net.load_state_dict(torch.load(path, weights_only=True))
        return net.eval()
    x, y = samples(one, folder, "train", one.images)
    axis = 1 if one.data == "lines" else 0
    optimizer = torch.optim.Adam(net.parameters(), one.rate)
    started, total = perf_counter(), 0.0
    for epoch in range(one.epochs):
        net.train()
        for part in torch.randperm(x.shape[axis]).split(one.batch):
            given, right = x.index_select(axis, part), y.index_select(axis, part)
            loss = one.loss(net, one.given(given), right)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            total = 0.9 * total + 0.1 * loss.item()
        if epoch + 1 == one.epochs or one.data != "lines":
            output.tell(
                f"{one.name}: epoch {epoch + 1} of {one.epochs}, loss {total:.4f}, "
                f"{perf_counter() - started:.0f} s"
            )
    out.mkdir(parents=True, exist_ok=True)
    torch.save(net.state_dict(), path)
    return net.eval()


def answered(one: Example, net: Net, x: Tensor, axis: int) -> Tensor:
    """Return the framework's own answers on samples along an axis, some at a time."""
    with torch.no_grad():
        parts = [one.answers(net, part) for part in x.split(100, axis)]
    return torch.cat(parts, 1 if one.data == "lines" else 0)


def measure(one: Example, folder: Path, out: Path, count: int) -> dict[str, Any]:
    """Train, import and verify a network, and return all figures."""
    net = trained(one, folder, out)
    raw, right = samples(one, folder, "test", count)
    torch.manual_seed(1)
    x = one.given(raw)
    # Lines, and what an encoder makes, have time first.
    theirs = answered(one, net, x, int(one.data == "lines" or x.ndim > raw.ndim))
    labels = None if one.data == "lines" else right.numpy()
    started = perf_counter()
    make = getattr(sg, f"from_{one.framework}")
    with torch.no_grad():
        tables = make(net, one.called(x), samples=x, labels=labels, name=one.name, **one.settings)
    seconds = perf_counter() - started
    tables.save(out / f"{one.name}.safetensors")
    source = sg.proof(tables).source
    found: dict[str, Any] = {
        "title": one.title,
        "framework": one.framework,
        "version": source["version"],
        "data": one.data,
        "steps": tables.steps,
        "training": {"epochs": one.epochs, "images": one.images},
        "weights": int(sum(g.weights.size for layer in tables.layers for g in layer.synapses)),
        "neurons": sum(prod(shape) for shape in tables.neuron_shapes.values()),
        "samples": count,
        "rule": source["rule"],
        "quantization": source["quantization"],
        "reasons": source["reasons"],
        "import_seconds": round(seconds, 1),
    }
    if labels is not None:
        classes = theirs.argmax(1).numpy()
        found["accuracy_framework"] = float((classes == labels).mean())
        two = theirs.topk(2, 1).values
        found["ties"] = int((two[:, 0] == two[:, 1]).sum())
    else:
        found["error"] = errors(tables, x, theirs, right)
    return found | planned(tables)


def errors(tables: sg.Tables, x: Tensor, theirs: Tensor, right: Tensor) -> dict[str, float]:
    """Return how far answers are from what they should be, and from each other, on average."""
    trace = sg.simulate(tables, sg.as_input(tables, x), potentials=False)
    ours = sg.as_output(tables, trace.output).swapaxes(0, 1)
    source, wanted = theirs.double().numpy(), right.double().numpy()
    return {
        "framework": float(np.abs(source - wanted).mean()),
        "integers": float(np.abs(ours - wanted).mean()),
        "apart": float(np.abs(ours - source).mean()),
        "largest": float(np.abs(wanted).max()),
    }


def planned(tables: sg.Tables) -> dict[str, Any]:
    """Return what the smallest plan for the board takes, or why there is none, and the seconds."""
    started = perf_counter()
    found: dict[str, Any] = {"board": BOARD, "refused": None, "block_rams": None}
    try:
        design = sg.plan(tables, board=BOARD, goal="smallest")
        found["plan_seconds"] = round(perf_counter() - started, 2)
        found["block_rams"] = sg.estimate(design).to_dict()["resources"]["block_rams"]
    except DoesNotFitError as error:
        found["plan_seconds"] = round(perf_counter() - started, 2)
        found["refused"] = str(error)
    return found


def verified(one: Example, folder: Path, out: Path) -> dict[str, Any] | None:
    """Verify the RTL of a network that was measured, on some samples; None where it isn't.

    What fits no part is verified all the same, as one stage.
    """
    if not one.verified:
        return None
    tables = sg.load(out / f"{one.name}.safetensors")
    raw, _ = samples(one, folder, "test", one.verified)
    torch.manual_seed(1)
    try:
        design = sg.plan(tables, board=BOARD, goal="smallest")
    except DoesNotFitError:
        design = sg.design(tables, board=BOARD)
    return sg.verify(design, sg.as_input(tables, one.given(raw))).to_dict()


def kept(out: Path) -> output.Kept:
    """Return what is kept of results: of all that they follow from."""
    here = (example, *SOURCES, sys.modules[__name__])
    code = output.sources(
        somagate.export, somagate.hw, somagate.imports, somagate.sim, *here,
        tools=("verilator", "yosys"),
    )  # fmt: skip
    return output.Kept(out / "kept", code)


def main() -> None:
    """Measure the networks, and write tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(EXAMPLES))
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets' folders")
    parser.add_argument("--samples", type=int, default=1000, help="test samples of each, at most")
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/imports"))
    parser.add_argument("--train", action="store_true", help="train, and measure nothing")
    parser.add_argument("--no-rtl", action="store_true", help="verify no further Verilog")
    parser.add_argument("--update", action="store_true", help=f"renew {PAGE}; wants all networks")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the tables")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(EXAMPLES):
        parser.error(f"NAME must be one of {', '.join(EXAMPLES)}, not {', '.join(unknown)}")
    torch.set_num_threads(1)
    chosen = [EXAMPLES[name] for name in arguments.names or EXAMPLES]
    nets = arguments.out / "networks"
    if arguments.train:
        for one in chosen:
            trained(one, arguments.data, nets)
        return
    results, store = {}, kept(arguments.out)
    for one in chosen:
        count = min(one.samples, arguments.samples)
        of = {"epochs": one.epochs, "images": one.images, "samples": count}
        found = store.get(
            one.name, of, lambda one=one, n=count: measure(one, arguments.data, nets, n)
        )
        rtl = f"{one.name}-rtl"
        found["verified"] = (
            store.known(rtl, of)
            if arguments.no_rtl
            else store.get(rtl, of, lambda one=one: verified(one, arguments.data, nets))
        )
        results[one.name] = found
    text = report.report(results)
    output.write(arguments.out, "imports", results, text, as_json=arguments.json)
    if arguments.update:
        PAGE.write_text(report.page(results), encoding="utf-8")


if __name__ == "__main__":
    main()
