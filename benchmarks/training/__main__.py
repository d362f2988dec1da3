"""One training step and one inference beside snnTorch and SpikingJelly, on one thread, as ratios.

The same networks, of seeds, in each library: 784-128-10 without normalization, and
16C3-16C3-P2-32C3-32C3-P2-10 with batch normalization, for a batch of 28x28 images. Before anything
is timed their parameters are counted, and the spikes of equal float weights are compared. Then all
take turns in one process, and what counts is the processor time of one over that of our float
network in the same turn; the median of these ratios is given. The others don't quantize; ours is
measured with quantization and without.

    python -m benchmarks.training   # --fuse: with compiled neurons too, which takes longer
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any, Literal

import torch
import torch.nn.functional as F
from somagate.model.feed import inputs
from somagate.model.network import Network
from somagate.model.recipe import Conv, Dense, Recipe
from torch import Tensor, nn

from benchmarks.lib import output
from benchmarks.training import libraries
from benchmarks.training.report import COMPILED, report, surroundings

BATCH = 128
SHAPE = (1, 28, 28)
ROUNDS = 7
SHORT = 10
"""Times as many turns of the dense network, which takes milliseconds."""
REFERENCE = "somagate, float"


Encoding = Literal["rate", "direct"]
NETWORKS: tuple[tuple[str, Encoding], ...] = (("dense", "rate"), ("VGG", "rate"), ("VGG", "direct"))


@dataclass(frozen=True, kw_only=True)
class Case:
    """A network, its input and its steps."""

    network: str
    encoding: Encoding
    steps: int

    def __str__(self) -> str:
        """Return the head of its column."""
        return f"{self.network}, {self.steps} steps{', a still image' * (self.encoding != 'rate')}"


CASES = tuple(
    Case(network=network, encoding=encoding, steps=steps)
    for network, encoding in NETWORKS
    for steps in (4, 8)
)


def recipe(case: Case, *, quantized: bool) -> Recipe:
    """Return our network: leaks are fixed, so that it learns what the others do."""
    convolutions = (
        Conv(channels=16), Conv(channels=16, pool=2), Conv(channels=32), Conv(channels=32, pool=2)
    )  # fmt: skip
    dense = case.network == "dense"
    return Recipe(
        name=case.network,
        data="none",
        layers=(Dense(neurons=128),) if dense else convolutions,
        normalize=not dense,
        threshold="fixed" if dense else "channel",
        readout="count" if dense else "potential",
        encoding=case.encoding,
        input_bits=1 if case.encoding == "rate" else 8,
        steps=case.steps,
        quantized=quantized,
        reset="zero",
        leak_learned=False,
        batch=BATCH,
    )


def samples(case: Case, batch: int = BATCH) -> tuple[Tensor, Tensor]:
    """Return input maps of images of which three quarters are black, and labels."""
    generator = torch.Generator().manual_seed(0)
    lit = torch.rand(batch, *SHAPE, generator=generator) < 0.25
    images = torch.randint(0, 256, (batch, *SHAPE), generator=generator) * lit
    labels = torch.randint(0, 10, (batch,), generator=generator)
    return inputs(recipe(case, quantized=False), images.to(torch.uint8), 255), labels


class Contender:
    """A network with its optimizer, on its input; `seconds` are those of the turns so far."""

    def __init__(self, network: nn.Module, x: Tensor, labels: Tensor) -> None:
        self.network, self.labels = network, labels
        self.x = x
        self.optimizer = torch.optim.Adam([p for p in network.parameters() if p.requires_grad])
        self.seconds: dict[str, list[float]] = {"train": [], "infer": []}

    def parameters(self) -> int:
        """Return how many numbers are learned."""
        return sum(p.numel() for p in self.network.parameters() if p.requires_grad)

    def train(self) -> None:
        """Take a training step."""
        self.optimizer.zero_grad()
        if isinstance(self.network, Network):
            *_, activity = self.network.activities(self.x)
            logits = self.network.logits(activity)
        else:
            logits = self.network(self.x).sum(0)
        torch.autograd.backward(F.cross_entropy(logits, self.labels))
        self.optimizer.step()
        if isinstance(self.network, Network):
            self.network.project()

    def infer(self) -> None:
        """Compute the readout values."""
        with torch.no_grad():
            y = self.network(self.x)
            if not isinstance(self.network, Network):
                y.sum(0)

    def turn(self) -> None:
        """Train and infer once, and note the processor time of each."""
        for name, work in (("train", self.train), ("infer", self.infer)):
            self.network.train(name == "train")
            start = process_time()
            work()
            self.seconds[name].append(process_time() - start)


def ours(case: Case, *, quantized: bool, fuse: bool = False) -> Network:
    """Return our network."""
    torch.manual_seed(0)
    network = Network(recipe(case, quantized=quantized), SHAPE)
    if fuse:
        network.fuse()
    return network


def contenders(case: Case, *, fuse: bool, batch: int = BATCH) -> dict[str, Contender | str]:
    """Return who is measured, or why not."""
    x, labels = samples(case, batch)
    others = x / recipe(case, quantized=False).input_high
    found: dict[str, Contender | str] = {}
    for kind, quantized in (("float", False), ("quantized", True)):
        found[f"somagate, {kind}"] = Contender(ours(case, quantized=quantized), x, labels)
        if case.encoding == "direct":
            network = ours(case, quantized=quantized)
            name = f"somagate, {kind}, first layer in every step"
            found[name] = Contender(network, x.contiguous(), labels)
        if fuse and case.encoding == "rate":
            network = ours(case, quantized=quantized, fuse=True)
            found[f"somagate, {kind}{COMPILED}"] = Contender(network, x, labels)
    plain = recipe(case, quantized=False)
    makes: dict[str, Callable[[], nn.Module]] = {
        "snnTorch": lambda: libraries.SnnTorch(plain, SHAPE),
        "SpikingJelly, step_mode='m'": lambda: libraries.SpikingJelly(plain, SHAPE),
    }
    for name, make in makes.items():
        try:
            found[name] = Contender(make(), others, labels)
        except libraries.Missing as missing:
            output.tell(f"{name}: {missing}")
            found[name] = str(missing)
    return found


def differing(reference: Contender, other: Contender) -> float:
    """Return the share of the spikes of either that the other one lacks, for the same weights.

    Raises
    ------
    RuntimeError
        Where they don't learn as many numbers, or never spike: then nothing is compared.
    """
    assert isinstance(reference.network, Network)
    assert isinstance(other.network, libraries.SnnTorch | libraries.SpikingJelly)
    wanted, found = reference.parameters() - reference.network.gain.numel(), other.parameters()
    if found != wanted:
        raise RuntimeError(
            f"networks must learn the {wanted:,} numbers of ours without the scale of its logits, "
            f"not {found:,}"
        )
    libraries.take(reference.network, other.network)
    unequal = total = 0.0
    theirs = libraries.spikes(other.network, other.x)
    for one, two in zip(libraries.spikes(reference.network, reference.x), theirs, strict=True):
        unequal += float((one != two).sum())
        total += float(((one + two) > 0).sum())
    if not total:
        raise RuntimeError("networks must spike for their spikes to be compared, but none does")
    return unequal / total


def measure(case: Case, *, rounds: int, fuse: bool, batch: int = BATCH) -> dict[str, Any]:
    """Return every contender's parameters, spikes, milliseconds and ratios."""
    output.tell(str(case))
    everyone = contenders(case, fuse=fuse, batch=batch)
    present = {name: who for name, who in everyone.items() if isinstance(who, Contender)}
    for name, contender in present.items():
        output.tell(f"  {name}: first turn")
        contender.turn()  # compiles, chooses, allocates
    reference = present[REFERENCE]
    unequal = {
        name: differing(reference, contender)
        for name, contender in present.items()
        if not isinstance(contender.network, Network)
    }
    rates = [float(s.mean()) for s in libraries.spikes(reference.network, reference.x)]
    for contender in present.values():
        contender.seconds = {"train": [], "infer": []}
    for _ in range(rounds * (SHORT if case.network == "dense" else 1)):
        for contender in present.values():
            contender.turn()
    return {
        "case": str(case),
        "activity": rates,
        "contenders": {
            name: who if isinstance(who, str) else {
                "parameters": who.parameters(),
                "unequal_spikes": unequal.get(name),
                **{
                    f"{key}_{what}": value
                    for key in who.seconds
                    for what, value in figures(who.seconds[key], reference.seconds[key]).items()
                },
            }
            for name, who in everyone.items()
        },
    }  # fmt: skip


def figures(seconds: list[float], reference: list[float]) -> dict[str, Any]:
    """Return the median in ms, and the median, least and greatest ratio to the same turns."""
    ratios = [one / other for one, other in zip(seconds, reference, strict=True)]
    return {
        "ms": 1000 * median(seconds),
        "ratio": median(ratios),
        "range": [min(ratios), max(ratios)],
    }


def main() -> None:
    """Measure, and write tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/training"))
    parser.add_argument("--json", action="store_true", help="print JSON instead of the tables")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="turns of each")
    parser.add_argument("--only", default="", help="cases whose names contain this")
    parser.add_argument("--fuse", action="store_true", help="compiled neurons too")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    result = {
        "on": surroundings(),
        "cases": [
            measure(case, rounds=arguments.rounds, fuse=arguments.fuse)
            for case in CASES
            if arguments.only in str(case)
        ],
    }
    output.write(arguments.out, "training", result, report(result), as_json=arguments.json)


if __name__ == "__main__":
    main()
