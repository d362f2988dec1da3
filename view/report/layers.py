"""What the input and each layer do: firing rates, weights and potentials in their bits."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from bokeh.models import BasicTicker, NumeralTickFormatter
from bokeh.models.ranges import DataRange1d
from numpy.typing import NDArray

from ...export.neuron import Shift
from ...export.synapse import Convolution, Dense, SynapseGroup, weight_range
from ...export.tables import Layer, Tables
from ...sim.golden.activity import silent_and_saturated
from ..colours import follow
from ..figures import Picture, factors, figure
from ..page import Columns, side_by_side, table
from ..text import NONE, decimal, escaped, isolated, percent, whole
from .histograms import KEY, Histogram, of_values, picture
from .measure import Measured, Seen

RATE_BARS = 25
NAMED = 24
"""Channels that are named where more are silent."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerFacts:
    """What is known of the input or a layer, measured or not.

    Attributes
    ----------
    name, shape
        Its own.
    weights
        By source, the histogram of a group's weights.
    potentials
        Of the stored potentials, or of the input's values; None where nothing was measured.
    spikes_per_sample, activity
        As `somagate simulate` has them; None where nothing was measured.
    silent, saturated
        Kept channels that never fired on these samples, and that always did all they can.
    by_step
        Spikes a neuron in each time step.
    rates
        Spikes of each neuron in a time step, on average.
    """

    name: str
    shape: tuple[int, ...]
    weights: dict[str, Histogram]
    potentials: Histogram | None = None
    spikes_per_sample: float | None = None
    activity: float | None = None
    silent: tuple[int, ...] = ()
    saturated: tuple[int, ...] = ()
    by_step: tuple[float, ...] = ()
    rates: NDArray[np.float64] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it."""
        return {
            "layer": self.name,
            "shape": list(self.shape),
            "spikes_per_sample": self.spikes_per_sample,
            "activity": self.activity,
            "activity_by_step": list(self.by_step),
            "silent_channels": list(self.silent),
            "saturated_channels": list(self.saturated),
            "weights": {source: found.to_dict() for source, found in self.weights.items()},
            "values" if self.name == "input" else "potentials": (
                None if self.potentials is None else self.potentials.to_dict()
            ),
        }


def facts(tables: Tables, measured: Measured | None) -> list[LayerFacts]:
    """Return what is known of the input and of every layer."""
    found = []
    for name, shape in {"input": tables.input.shape, **tables.neuron_shapes}.items():
        weights = {} if name == "input" else _weights(tables.layer(name))
        if measured is None:
            found.append(LayerFacts(name=name, shape=shape, weights=weights))
            continue
        seen = measured.layers[name]
        slots = measured.samples * tables.steps
        fired = seen.spikes.reshape(len(seen.spikes), -1)
        outcomes = silent_and_saturated(tables, name, fired.sum(1), slots * fired.shape[1])
        silent, saturated = (tuple(map(int, channels)) for channels in outcomes)
        found.append(
            LayerFacts(
                name=name,
                shape=shape,
                weights=weights,
                potentials=_held(tables, name, seen),
                spikes_per_sample=int(seen.spikes.sum()) / measured.samples,
                activity=int(seen.spikes.sum()) / (slots * prod(shape)),
                by_step=tuple(
                    int(count) / (measured.samples * prod(shape)) for count in seen.by_step
                ),
                rates=seen.spikes.ravel() / slots,
                silent=silent,
                saturated=saturated,
            )
        )
    return found


def _weights(layer: Layer) -> dict[str, Histogram]:
    found = {}
    for number, group in enumerate(layer.synapses):
        title = group.source if group.source not in found else f"{group.source} ({number + 1})"
        low, high = weight_range(group.bits)
        found[title] = of_values(group.weights[layer.kept], low, high, group.bits)
    return found


def _held(tables: Tables, name: str, seen: Seen) -> Histogram:
    bits = tables.input.activation.bits if name == "input" else tables.layer(name).neuron.store.bits
    return Histogram(lowest=seen.lowest, counts=seen.values, bits=bits)


def parts(tables: Tables, found: list[LayerFacts]) -> Iterator[str | Picture | Columns]:
    """Yield what the page shows of the input and of each layer, in order."""
    yield KEY
    for one in found:
        yield f"<article><h3>{isolated(one.name)}</h3>\n<p>{_about(tables, one)}</p>\n"
        yield from _channels(one)
        pictures = []
        if one.potentials is not None:
            what = "input value" if one.name == "input" else "stored potential"
            title = "Values" if one.name == "input" else "Potentials after each step"
            pictures.append(picture(one.potentials, what, title, thresholds(tables, one.name)))
        for source, weights in one.weights.items():
            pictures.append(picture(weights, "weight", f"Weights from {isolated(source)}"))
        if one.rates is not None and (one.name == "input" or one.activity):
            pictures.append(_rates(one))
        if pictures:
            yield side_by_side(*pictures)
        yield "</article>\n"


def _about(tables: Tables, one: LayerFacts) -> str:
    """Return a layer's form in a sentence, as HTML."""
    shape = "×".join(map(str, one.shape))
    if one.name == "input":
        given = tables.input
        bits = given.activation.bits
        return escaped(
            f"{shape}, {bits} bit{'s' * (bits > 1)}, encoding '{given.encoding}', "
            f"{tables.steps} time steps."
        )
    layer = tables.layer(one.name)
    groups = ", ".join(f"{_kind(g)} from {isolated(g.source)}" for g in layer.synapses)
    neuron, pruned = layer.neuron, int((~layer.kept).sum())
    store = neuron.store
    kept = f"{store.bits} bits a potential"
    if isinstance(store, Shift) and store.shift:
        kept += f", {store.shift} bit{'s' * (store.shift > 1)} dropped when it is stored"
    fires = (
        f"reset '{neuron.reset}'" if neuron.threshold is not None else "never fires, is read out"
    )
    gone = f", {pruned} channels pruned" if pruned else ""
    pool = f", {layer.pool.kind} pool {'×'.join(map(str, layer.pool.size))}" if layer.pool else ""
    return f"{shape} neurons: {groups}; {escaped(kept)}; {escaped(fires + gone + pool)}."


def _kind(group: SynapseGroup) -> str:
    if isinstance(group, Convolution):
        return f"convolution {group.kernel[0]}×{group.kernel[1]}"
    return "dense" if isinstance(group, Dense) else "identity"


def _channels(one: LayerFacts) -> Iterator[str]:
    """Yield a line each for channels that never fire and that always do."""
    for what, channels in (("Silent", one.silent), ("Saturated", one.saturated)):
        if channels:
            named = ", ".join(map(str, channels[:NAMED]))
            more = f" and {len(channels) - NAMED} more" if len(channels) > NAMED else ""
            yield (
                f'<p class="bad"><b>{what} on these samples:</b> '
                f"channel{'s' * (len(channels) > 1)} {named}{more}.</p>\n"
            )


def thresholds(tables: Tables, name: str) -> NDArray[np.float64] | None:
    """Return the thresholds of kept channels in LSBs of what is stored, where these are a shift."""
    if name == "input":
        return None
    layer = tables.layer(name)
    neuron = layer.neuron
    if neuron.threshold is None or not isinstance(neuron.store, Shift):
        return None
    found: NDArray[np.float64] = neuron.threshold[layer.kept] / (1 << neuron.store.shift)
    return found


def _rates(one: LayerFacts) -> Picture:
    """Return a histogram of how often neurons fire."""
    rates = one.rates
    assert rates is not None
    top = max(1.0, float(rates.max(initial=0.0)))
    counts, edges = np.histogram(rates, RATE_BARS, (0.0, top))
    shares = counts / max(1, len(rates))
    plot = figure(x="spikes a time step", y="share of neurons", height=230, x_range=(0, top),
                  y_range=DataRange1d(start=0))  # fmt: skip
    bars = plot.quad(left=edges[:-1], right=edges[1:], bottom=0, top=shares)
    follow(bars.glyph, fill_color="purple", line_color="paper")
    plot.yaxis.formatter = NumeralTickFormatter(format="0.[0]%")
    plot.xgrid.visible = False
    never = int((rates == 0).sum())
    told = (
        f"Mean {decimal(float(rates.mean()), 3)} spikes a step, at most "
        f"{decimal(float(rates.max(initial=0.0)), 3)}; "
        f"{whole(never)} of {whole(len(rates))} neurons never fired."
    )
    rows = [
        [f"{low:.2f}…{high:.2f}", whole(int(count)), percent(float(share), 2)]
        for low, high, count, share in zip(edges[:-1], edges[1:], counts, shares, strict=True)
    ]
    heads = ("spikes a time step", "neurons", "share")
    return Picture(
        figure=plot, alt=f"Histogram of firing rates. {told}",
        caption=f"<b>Firing rates</b><br>{told}",
        table=table("Firing rates", heads, rows, words=0, tall=True),
    )  # fmt: skip


def activity(tables: Tables, found: list[LayerFacts]) -> Iterator[str | Columns]:
    """Yield the activity of all layers side by side, and over the time steps."""
    heads = ("layer", "neurons", "spikes a sample", "activity", "silent", "saturated")
    rows = [
        [isolated(one.name), whole(prod(one.shape)), *[NONE] * 4] if _read_out(tables, one) else
        [
            isolated(one.name), whole(prod(one.shape)), decimal(one.spikes_per_sample),
            percent(one.activity, 2), *(map(str, map(len, (one.silent, one.saturated)))),
        ]
        for one in found
    ]  # fmt: skip
    yield table("Activity of the input and of each layer", heads, rows)
    firing = [one for one in found if not _read_out(tables, one)]
    yield side_by_side(_by_layer(firing), _by_step(tables, firing))


def _read_out(tables: Tables, one: LayerFacts) -> bool:
    """Whether a layer never fires: its potentials are read out."""
    return one.name != "input" and tables.layer(one.name).neuron.threshold is None


def _by_layer(found: list[LayerFacts]) -> Picture:
    names = factors([one.name for one in found])[::-1]
    values = [one.activity or 0.0 for one in found][::-1]
    plot = figure(
        x="activity: spikes a neuron and time step", height=60 + 32 * len(names), y_range=names,
        x_range=DataRange1d(start=0),
    )  # fmt: skip
    bars = plot.hbar(y=names, right=values, height=0.62)
    follow(bars.glyph, fill_color="purple", line_color="purple")
    plot.ygrid.visible = False
    plot.xaxis.formatter = NumeralTickFormatter(format="0.[0]%")
    told = "; ".join(f"{one.name}: {percent(one.activity)}" for one in found)
    return Picture(figure=plot, alt=f"Activity by layer. {told}.", caption="<b>By layer</b>")


def _by_step(tables: Tables, found: list[LayerFacts]) -> Picture:
    plot = figure(x="time step", y="activity", height=max(200, 60 + 32 * len(found)),
                  y_range=DataRange1d(start=0))  # fmt: skip
    roles = ("quiet", "blue", "vermillion", "green", "purple", "orange")
    dashes = ("dotted", "solid", "dashed", "dotdash")
    steps = [*range(tables.steps)]
    active = [one for one in found if one.activity]
    key = []
    for number, one in enumerate(active):
        role = roles[number % len(roles)]
        line = plot.line(steps, list(one.by_step), line_width=2)
        line.glyph.line_dash = dashes[number % len(dashes)]
        follow(line.glyph, line_color=role)
        key.append(f'<span class="swatch {role}"></span> {isolated(one.name)}')
    plot.xaxis.ticker = BasicTicker(min_interval=1)
    plot.yaxis.formatter = NumeralTickFormatter(format="0.[0]%")
    rows = [[str(step), *(percent(one.by_step[step], 2) for one in active)] for step in steps]
    told = table("Activity in each time step", ("time step", *(o.name for o in active)), rows,
                 words=0, tall=True)  # fmt: skip
    return Picture(
        figure=plot, alt=f"Activity of {len(active)} layers over {tables.steps} time steps.",
        caption=f'<b>Over time</b><br><span class="key">{" ".join(key)}</span>', table=told,
    )  # fmt: skip
