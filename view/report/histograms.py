"""Histograms of integers with the range that their bits hold drawn behind them.

What is clipped piles up at an end of the range, and bits that nothing needs leave it empty.
"""

from dataclasses import dataclass

import numpy as np
from bokeh.models import FixedTicker, NumeralTickFormatter
from numpy.typing import NDArray

from ..colours import follow
from ..figures import Picture, figure
from ..page import table
from ..text import percent, whole

Counts = NDArray[np.int64]

MOST_BARS = 64
"""Of a histogram; values of wider ranges share bars."""

KEY = (
    '<p class="key"><span class="swatch range"></span> what the bits can hold '
    '<span class="swatch blue"></span> what was there '
    '<span class="swatch vermillion"></span> at an end of the range '
    '<span class="swatch green"></span> thresholds of the channels</p>\n'
)
"""Says what the colours of all histograms mean, as HTML."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Histogram:
    """How often each of some integers is there, and which ones their bits can hold.

    Attributes
    ----------
    lowest, counts
        int64 (values,): of each integer from `lowest` on, up to the highest that the bits hold.
    bits
        That hold them.
    """

    lowest: int
    counts: Counts
    bits: int

    @property
    def highest(self) -> int:
        """The largest integer that the bits hold."""
        return self.lowest + len(self.counts) - 1

    @property
    def total(self) -> int:
        """All of them."""
        return int(self.counts.sum())

    @property
    def at_low(self) -> float:
        """The share that is at the lower end."""
        return int(self.counts[0]) / max(1, self.total)

    @property
    def at_high(self) -> float:
        """The share that is at the upper end."""
        return int(self.counts[-1]) / max(1, self.total)

    @property
    def seen(self) -> tuple[int, int] | None:
        """The smallest and the largest integer that is there, or None where nothing is."""
        there = np.flatnonzero(self.counts)
        return (self.lowest + int(there[0]), self.lowest + int(there[-1])) if len(there) else None

    @property
    def needed_bits(self) -> int:
        """Bits that would hold all that is there, signed as these are; 0 where nothing is."""
        if self.seen is None:
            return 0
        low, high = self.seen
        if self.lowest >= 0:
            return max(1, high.bit_length())
        return max((-low - 1).bit_length() if low < 0 else 0, max(high, 0).bit_length()) + 1

    def told(self) -> str:
        """Return the bits, the range, and what is clipped or unused, in a sentence."""
        holds = "1 bit holds" if self.bits == 1 else f"{self.bits} bits hold"
        held = f"{holds} {_signed(self.lowest)}…{self.highest}"
        if self.seen is None:
            return f"{held}; nothing was there."
        low, high = self.seen
        there = f"{held}; {_signed(low)}…{_signed(high)} are there"
        if self.bits == 1:
            return f"{there}."
        spare = self.bits - self.needed_bits
        ends = f"{percent(self.at_low)} at the lower end, {percent(self.at_high)} at the upper"
        if not self.at_low and not self.at_high:
            ends = "none at an end"
        unused = f"; {spare} bit{'s' * (spare > 1)} not needed here" if spare > 0 else ""
        return f"{there}, {ends}{unused}."

    def to_dict(self) -> dict[str, object]:
        """Return the content as JSON holds it, without the counts."""
        return {
            "bits": self.bits,
            "range": [self.lowest, self.highest],
            "seen": None if self.seen is None else list(self.seen),
            "at_low": self.at_low,
            "at_high": self.at_high,
            "needed_bits": self.needed_bits,
        }


def of_values(values: NDArray[np.int32], low: int, high: int, bits: int) -> Histogram:
    """Return the histogram of integers low…high that so many bits hold."""
    shifted = values.ravel().astype(np.int64) - low
    return Histogram(lowest=low, counts=np.bincount(shifted, minlength=high - low + 1), bits=bits)


def picture(
    found: Histogram, what: str, title: str, thresholds: NDArray[np.float64] | None = None
) -> Picture:
    """Return a histogram as a picture.

    Parameters
    ----------
    found
        The histogram.
    what
        The integers in words, such as 'stored potential'.
    title
        HTML of what it is of.
    thresholds
        float64 (channels,), in the integers' unit; drawn as far as they are near.
    """
    lefts, rights, counts = _bars(found)
    total = max(1, found.total)
    shares = counts / total
    top = float(max(shares.max(initial=0.0), 0.02)) * 1.08
    span = found.highest - found.lowest + 1
    left, right = found.lowest - 0.5 - 0.05 * span, found.highest + 0.5 + 0.05 * span
    note = ""
    if thresholds is not None and len(thresholds):
        low, high = float(thresholds.min()), float(thresholds.max())
        within = f"{low:,.4g}" if low == high else f"{low:,.4g}…{high:,.4g}"
        note = f" Thresholds, in the same unit: {within}."
        left, right = (
            max(min(left, low - 0.5), left - span),
            min(max(right, high + 0.5), right + span),
        )
    plot = figure(
        x=what, y="share", height=230, x_range=(left, right), y_range=(0, top),
    )  # fmt: skip
    held = plot.quad(left=[found.lowest - 0.5], right=[found.highest + 0.5], bottom=[0], top=[top])
    follow(held.glyph, fill_color="range", line_color="link")
    held.glyph.line_dash = "dotted"
    bars = plot.quad(left=lefts, right=rights, bottom=0, top=shares)
    follow(bars.glyph, fill_color="blue", line_color="paper")
    bars.glyph.line_width = 1 if len(lefts) < 40 else 0
    if found.bits > 1:
        ends = plot.quad(
            left=[lefts[0], lefts[-1]], right=[rights[0], rights[-1]], bottom=0,
            top=[found.at_low, found.at_high],
        )  # fmt: skip
        follow(ends.glyph, fill_color="vermillion", line_color="paper")
    if note:
        thin = max((right - left) / 250, 0.0)
        mark = plot.quad(left=[low - thin], right=[high + thin], bottom=[0], top=[top])
        follow(mark.glyph, fill_color="green", line_color="green")
        mark.glyph.fill_alpha = 0.35
    plot.yaxis.formatter = NumeralTickFormatter(format="0.[0]%")
    plot.xgrid.visible = False
    step = next(step for step in (1, 2, 4, 8, 1 << 20) if (right - left) / step <= 14)
    if span // step > 1:
        first = -(-found.lowest // step) * step
        plot.xaxis.ticker = FixedTicker(ticks=[*range(first, found.highest + 1, step)])
    told = found.told()
    return Picture(
        figure=plot, alt=f"Histogram of the {what}. {told}{note}",
        caption=f"<b>{title}</b><br>{told}{note}", table=_table(found, what, lefts, rights, counts),
    )  # fmt: skip


def _bars(found: Histogram) -> tuple[list[float], list[float], Counts]:
    """Return each bar's left and right, and what it counts; of equal width, a power of two."""
    width = 1
    while len(found.counts) > MOST_BARS * width:
        width *= 2
    count = -(-len(found.counts) // width)
    padded = np.zeros(count * width, np.int64)
    padded[: len(found.counts)] = found.counts
    lefts = [found.lowest - 0.5 + width * index for index in range(count)]
    rights = [min(left + width, found.highest + 0.5) for left in lefts]
    return lefts, rights, padded.reshape(count, width).sum(1)


def _table(
    found: Histogram, what: str, lefts: list[float], rights: list[float], counts: Counts
) -> str:
    rows = []
    for left, right, count in zip(lefts, rights, counts, strict=True):
        low, high = round(left + 0.5), round(right - 0.5)
        name = _signed(low) if low == high else f"{_signed(low)}…{_signed(high)}"
        rows.append([name, whole(int(count)), percent(int(count) / max(1, found.total), 2)])
    return table(what, (what, "how often", "share"), rows, words=0, tall=True)


def _signed(value: int) -> str:
    """Return a number with a minus sign that is as long as a plus."""
    return f"\u2212{-value}" if value < 0 else str(value)
