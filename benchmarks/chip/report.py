"""What `benchmarks.chip` has found as a table and pictures, beside published figures."""

from pathlib import Path
from typing import Any

from somagate.hw.cost.part import PARTS

from benchmarks.lib import output

NETWORKS = {
    "digits": "digits",
    "mnist-dense": "mnist@{}/mnist",
    "mnist": "mnist@{}/mnist",
    "fashion": "fashion-mnist@{}/fashion_mnist",
}
"""Names of `examples/`, and the data whose test samples they are measured on."""
PART_CLOCKS = {"ice40up5k": 24_000_000, "lfe5u-25f": 100_000_000, "lfe5u-85f": 100_000_000}
"""Parts, and their boards' clocks, in Hz."""

PUBLISHED = (
    ("SyncNN", "MNIST", 13_086, "99.6 %, ZCU102; a larger network, counts in place of spikes"),
    ("Skydiver", "MNIST", 22_600, "98.5 %, XC7Z045"),
    ("Spiker+", "MNIST, 784-128-10", 1_282, "93.85 %, 100 steps, 7,612 LUT and 18 block RAMs"),
    ("FINN", "MNIST", 3_226_000, "95.8 %, 0.31 µs a picture; binary and not spiking"),
)
"""Others' images a second, as they say them; Spiker+ and FINN say the time of one picture."""

COLOURS = dict(zip(PART_CLOCKS, ("tab:green", "tab:orange", "tab:blue"), strict=True))


def share(plan: dict[str, Any]) -> float:
    """Return the larger share of a part's logic and block RAMs."""
    return float(max(plan["logic"], plan["block_rams"]))


def report(result: dict[str, Any]) -> str:
    """Return the table of the fastest and the smallest plans, and that of the others."""
    rows = []
    for network, parts in result.items():
        for part, plans in parts.items():
            if not plans:
                rows.append([network, PARTS[part].title, "doesn't fit", "", "", "", ""])
            for name, plan in zip(("smallest", "fastest"), plans[:1] + plans[-1:], strict=False):
                rows.append(
                    [
                        network,
                        PARTS[part].title,
                        name,
                        f"{plan['per_second']:,.0f}",
                        f"{plan['additions']:.1f}",
                        f"{plan['logic']:.0%}",
                        f"{plan['block_rams']:.0%}",
                    ]
                )
    header = ("network", "part", "plan", "images/s", "additions a cycle", "logic", "block RAM")
    others = [[name, what, f"{rate:,}", how] for name, what, rate, how in PUBLISHED]
    return (
        output.markdown(header, rows)
        + "\n"
        + output.markdown(("others", "network", "images/s", "what differs"), others)
    )


def pictures(folder: Path, result: dict[str, Any]) -> None:
    """Draw images a second, and useful additions a cycle, against the share of the chip."""
    for name, key, label in (
        ("chip_images", "per_second", "images a second"),
        ("chip_additions", "additions", "useful additions a cycle"),
    ):

        def curves(axes: Any, key: str = key, label: str = label) -> None:
            markers = iter("os^D")
            for network, parts in result.items():
                marker = next(markers)
                for part, plans in parts.items():
                    x = [100 * share(plan) for plan in plans]
                    y = [plan[key] for plan in plans]
                    axes.plot(x, y, marker=marker, color=COLOURS[part], alpha=0.8)
                axes.plot([], [], marker=marker, color="grey", label=network)
            for part, colour in COLOURS.items():
                axes.plot([], [], color=colour, label=PARTS[part].title)
            axes.set(
                xscale="log",
                yscale="log",
                xlabel="share of the chip, %: logic or block RAM, the larger",
                ylabel=label,
            )
            axes.legend(fontsize="small", ncols=2)

        output.figure(folder, name, curves, size=(7, 4.4))
