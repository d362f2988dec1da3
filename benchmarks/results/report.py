"""The page docs/results.md, from what `results.py` measured."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from benchmarks.lib import output

_HEAD = """# Results

Every recipe below was trained, exported to integers, simulated on all test samples by the golden
simulator, and verified in Verilator: RTL equal to golden on every spike and potential. *Float* is
the float32 network of the same shape, trained by the same command (`--float`), for as many epochs
but for `fashion-attention-channels`, which has its float network in common with
`fashion-attention`. A checkpoint is that of the last epoch, not of the best. Where there are
several seeds, a figure is their mean, with the lowest and the highest behind it, and what is lost
is lost to the float network of the same seed.

```sh
pip install -c constraints.txt -e '.[train,sim,bench]'
python -m benchmarks.results DATA --jobs 4 --update
```

`DATA` holds the folders `mnist`, `fashion-mnist` and `nmnist` ([data sets](data.md)); `--rows` with
names of recipes and commas between them measures and renews only these. The tables
lie in [examples/](../examples/README.md), so whoever has no torch and no data starts with those.

## Accuracy

"""

_NOT_RUN = """
CIFAR-10 wants a GPU, and none was at hand: `spquant-vgg9-cifar10` and `spquant-resnet19` are there
to train, but have not been trained to their end, and no accuracy is claimed for them. The settings
of `nmnist-small` were compared on its first fold, so that fold is not quite unseen; and those of
`fashion-spquant-pruned` are the second tried: the first, with the weights, the loss and the
gradient of `fashion-spquant` and negative states masked, came to 88.93%. `fashion-attention` is
the second too: without its hidden layer and with 2 steps it came to 86.20%. Its steps and its
hidden layer were chosen by how well it learned the training images. It is multiplied in bfloat16
while it is trained; its float network isn't.
"""

_SIZES = """
## What compression saves

Times less than the float network of the same shape, which has 32 bits for each weight and potential
and all channels. *Weights* are those that are not 0; *memory* is that of weights and potentials.
*Operations* are additions of synapses and updates of neurons, in all steps and whether or not there
is a spike; a pruned channel has none. {limits}

"""

_HARDWARE = """
## On the hardware

{lanes} lanes, one stage, in Verilator. Cycles are from one sample to the next, on average, back to
back; predicted ones are of the model that `somagate estimate` uses.

"""

_ACTIVITY = """
## Activity

Share of a layer's neurons that fire in a step, over all test samples; of the input, elements that
are not 0.

"""

_TRAINING = """
## Training

Processor time of one core, while other trainings ran beside it.

"""


def page(result: dict[str, Any]) -> str:
    """Return the page in Markdown."""
    rows = result["rows"]
    limits = "Bars: " + "; ".join(_limits(rows)) + "." if _limits(rows) else ""
    return (
        _HEAD
        + _accuracy([row for row in rows if not _detector(row)])
        + _precision([row for row in rows if _detector(row)])
        + _NOT_RUN
        + _SIZES.format(limits=limits)
        + _sizes(rows)
        + _HARDWARE.format(lanes=result["lanes"])
        + _hardware(rows)
        + _ACTIVITY
        + _activity(rows)
        + _TRAINING
        + _training(rows)
    )


@dataclass(frozen=True, kw_only=True)
class Accuracies:
    """The accuracy of the integers and of the float network with each seed, the mean of its folds.

    Attributes
    ----------
    mine, full
        Of the integers and of the float network, 0…1.
    """

    mine: tuple[float, ...]
    full: tuple[float, ...]

    @property
    def lost(self) -> tuple[float, ...]:
        """Points that the integers are below the float network of the same seed."""
        return tuple(100 * (full - mine) for mine, full in zip(self.mine, self.full, strict=True))

    def cells(self, digits: int) -> list[str]:
        """Return the cells of the float network, of the integers and of what is lost."""
        shares = [
            _spread(values, lambda value: f"{value:.{digits}%}")
            for values in (self.full, self.mine)
        ]
        return [*shares, _spread(self.lost, lambda value: f"{value:.{digits}f}")]


def _spread(values: Sequence[float], text: Callable[[float], str]) -> str:
    """Return the mean, and of several the lowest and the highest behind it."""
    mean = text(fmean(values))
    return mean if len(values) == 1 else f"{mean} ({text(min(values))}…{text(max(values))})"


def accuracies(row: dict[str, Any]) -> Accuracies:
    """Return the accuracies of a row; its `folds` are those of the first seed, of the next …."""
    seeds = row["seeds"]
    size = len(row["folds"]) // seeds
    parts = [row["folds"][size * seed : size * (seed + 1)] for seed in range(seeds)]
    return Accuracies(
        mine=tuple(fmean(fold["accuracy"] for fold in part) for part in parts),
        full=tuple(fmean(fold["float"]["accuracy"] for fold in part) for part in parts),
    )


def reached(row: dict[str, Any]) -> dict[str, bool]:
    """Return whether each bar of a row is reached."""
    bars, found_of = row["row"], accuracies(row)
    mine, lost = fmean(found_of.mine), fmean(found_of.lost)
    found = {}
    if bars["least"] is not None:
        found[f"≥ {bars['least']:.1%}"] = mine >= bars["least"]
    if bars["lost"] is not None:
        found[f"< {bars['lost']} points lost"] = round(lost, 6) < bars["lost"]
    for name, times in row["times_less"].items():
        if bars[name] is not None:
            less = "less" if name.endswith("memory") else "fewer"
            found[f"≥ {bars[name]:g}× {less} {name.replace('_', ' ')}"] = times >= bars[name]
    return found


def _detector(row: dict[str, Any]) -> bool:
    return row["folds"][0]["test_samples"] is None


def _name(row: dict[str, Any]) -> str:
    return f"`{row['row']['recipe']}`"


def _verdict(row: dict[str, Any]) -> str:
    found = reached(row)
    return "; ".join(f"{bar}: {'yes' if met else '**no**'}" for bar, met in found.items()) or "–"


def _accuracy(rows: list[dict[str, Any]]) -> str:
    header = ("data", "recipe", "network", "float", "integers", "lost", "bars, and reached?")
    lines = []
    for row in rows:
        folds = len(row["folds"]) // row["seeds"]
        data = row["row"]["data"][0] + (f", {folds} folds" if folds > 1 else "")
        lines.append(
            [data, _name(row), row["row"]["network"], *accuracies(row).cells(2), _verdict(row)]
        )
    return output.markdown(header, lines)


def _precision(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return ""
    header = ("data", "recipe", "network", "float", "integers", "lost", "bars, and reached?")
    lines = []
    for row in rows:
        lines.append(
            [row["row"]["data"][0], _name(row), row["row"]["network"], *accuracies(row).cells(1),
             _verdict(row)]
        )  # fmt: skip
    text = "\nMean average precision at an overlap of 0.5, on 500 scenes:\n\n"
    return text + output.markdown(header, lines)


def _limits(rows: list[dict[str, Any]]) -> list[str]:
    """Return what rows' compression must reach."""
    return [
        f"{_name(row)} {', '.join(bar for bar in reached(row) if '×' in bar)}"
        for row in rows
        if any("×" in bar for bar in reached(row))
    ]


def _sizes(rows: list[dict[str, Any]]) -> str:
    header = (
        *("recipe", "channels kept", "weights", "bits of weights", "of potentials"),
        *("weights", "weight memory", "memory", "operations"),
    )
    lines = []
    for row in rows:
        work, less = row["work"], row["times_less"]
        kept = ", ".join(
            f"{kept}" if kept == all_ else f"{kept} of {all_}"
            for kept, all_ in list(row["channels"].values())[:-1]
        )
        lines.append(
            [_name(row), kept, *(f"{work[name]:,}" for name in
                                 ("weights", "weight_bits", "state_bits")),
             *(f"{less[name]:.1f}×" for name in
               ("weights", "weight_memory", "memory", "operations"))]
        )  # fmt: skip
    return output.markdown(header, lines)


def _hardware(rows: list[dict[str, Any]]) -> str:
    header = ("recipe", "samples", "spikes and potentials, each", "equal", "cycles", "predicted")
    lines = []
    for row in rows:
        found = [fold["verified"] for fold in row["folds"]]
        cycles = sum(one["cycles_per_sample"] for one in found) / len(found)
        predicted = all(
            one["predicted"] and one["predicted"]["exactly"] == one["predicted"]["samples"]
            for one in found
        )
        lines.append(
            [_name(row), sum(one["samples"] for one in found),
             f"{sum(one['potentials'] for one in found):,}",
             "yes" if all(one["equal"] for one in found) else "**NO**",
             f"{cycles:,.0f}", "exactly" if predicted else "**not exactly**"]
        )  # fmt: skip
    return output.markdown(header, lines)


def _activity(rows: list[dict[str, Any]]) -> str:
    lines = []
    for row in rows:
        activity = row["folds"][0]["activity"]
        shown = [f"{name} {share:.1%}" for name, share in activity.items()
                 if name not in ("readout", "vote")]  # fmt: skip
        lines.append([_name(row), row["steps"], ", ".join(shown)])
    return output.markdown(("recipe", "steps", "activity a layer"), lines)


def _training(rows: list[dict[str, Any]]) -> str:
    header = ("recipe", "seed", "epochs", "time", "float, time")
    lines = []
    for row in rows:
        mine = sum(fold["trained"]["seconds"] for fold in row["folds"]) / 60
        full = sum(fold["float"]["seconds"] for fold in row["folds"]) / 60
        epochs = row["folds"][0]["trained"]["epochs"]
        times = f"{len(row['folds'])} × " if len(row["folds"]) > 1 else ""
        seeds = ", ".join(str(seed) for seed in range(row["seeds"]))
        lines.append([_name(row), seeds, f"{times}{epochs}", f"{mine:.0f} min", f"{full:.0f} min"])
    return output.markdown(header, lines)
