"""The walk of a layer as numbers: how often each loop runs, and what each of its steps adds."""

from typing import Any

from amaranth.hdl import signed, unsigned
from amaranth.lib.data import ArrayLayout, StructLayout

from ...plan.descriptor import Descriptor, Source
from ...plan.stage_plan import StagePlan
from ...plan.terms import varying


def narrowest(values: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the narrowest shape for each member, an integer or a list, of some structures."""
    shapes: dict[str, Any] = {}
    for name, example in values[0].items():
        several = isinstance(example, list)
        numbers = [n for value in values for n in (value[name] if several else [value[name]])]
        low = min(0, *numbers)
        bits = max(max(numbers), -low - 1).bit_length()
        shape = signed(bits + 1) if low < 0 else unsigned(max(1, bits))
        shapes[name] = ArrayLayout(shape, len(example)) if several else shape
    return shapes


LOOPS = (
    "kernel_columns", "kernel_rows", "planes",
    "window_columns", "window_rows", "groups", "columns", "rows",
)  # fmt: skip
"""The loops around a segment, innermost first."""


class WalkLayout(StructLayout):
    """A layer's walk as numbers for the walker's counters and adders, from a `Descriptor`.

    Counts of loops are stored less one. Where a source's segment lies is three numbers: its word
    within a plane of the map, its first bit within the map row in units of `plan.grain`, and its
    first weight row in units of `plan.row_grain`. Words and bits are negative before a map.
    `words`, `bits` and `weight_rows` are what to add to each of them when the loop of that number
    in `LOOPS` steps, and those inside it start again. A segment reaches `beyond` its first bit,
    and out of its row where that bit is after the one at `whole`. Every layer has room for as many
    sources as the one with the most, `self.sources`; `self.source` is the layout of one.
    `self.layers` are the values of each layer, `self.loops` those without its sources.
    """

    def __init__(self, plan: StagePlan) -> None:
        self.loops = [self.layer_values(d) for d in plan.descriptors]
        self.layers = [
            loops | {"source": [self.source_values(plan, d, s) for s in d.sources]}
            for loops, d in zip(self.loops, plan.descriptors, strict=True)
        ]
        self.sources = max(len(layer["source"]) for layer in self.layers)
        sources = [source for layer in self.layers for source in layer["source"]]
        self.source = StructLayout(narrowest(sources))
        super().__init__(narrowest(self.loops) | {"source": ArrayLayout(self.source, self.sources)})

    @property
    def varying(self) -> int:
        """Bits that differ from layer to layer."""
        some = [layer["source"] for layer in self.layers]
        return varying(self.loops) + sum(
            varying(sources[i] for sources in some if i < len(sources)) for i in range(self.sources)
        )

    def reach(self, first: str, steps: str) -> tuple[int, int]:
        """Return the lowest and the highest number that any segment has.

        Parameters
        ----------
        first, steps
            Which number: what its first one is called, and what is added to it.
        """
        lowest, highest = [], []
        for layer in self.layers:
            for source in layer["source"]:
                low = high = source[first]
                inner = 0  # from the first turn of the loops inside to their last
                for name, step in zip(LOOPS, source[steps], strict=True):
                    turns = (source if name in source else layer)[name]
                    forth = turns * (step + inner)
                    low, high, inner = low + min(0, forth), high + max(0, forth), inner + forth
                lowest.append(low)
                highest.append(high)
        return min(lowest), max(highest)

    @staticmethod
    def layer_values(d: Descriptor) -> dict[str, Any]:
        """Return the members of a layer."""
        return {
            "rows": d.rows - 1,
            "columns": d.columns - 1,
            "groups": d.groups - 1,
            "window_rows": d.window[0] - 1,
            "window_columns": d.window[1] - 1,
            "planes": d.planes - 1,
            "sources": len(d.sources) - 1,
        }

    @staticmethod
    def source_values(plan: StagePlan, d: Descriptor, s: Source) -> dict[str, Any]:
        """Return the members of a layer's source."""
        grain, source = plan.grain, s.map
        span, group_rows = s.span // plan.row_grain, s.group_rows // plan.row_grain
        channels = source.channels // grain if s.kernel[1] > 1 else 0
        row, column = s.stride[0] * source.row_words, s.stride[1] * source.channels // grain
        group = s.group_bits // grain
        # Back to the first segment of the position, the first position of the window, and so on.
        word_back, bit_back = -(s.kernel[0] - 1) * source.row_words, -(s.kernel[1] - 1) * channels
        weights_back = span - group_rows
        window_rows, window_columns = -(d.window[0] - 1) * row, -(d.window[1] - 1) * column
        groups_back = -(d.groups - 1) * group
        line = -(d.columns * d.window[1] - 1) * column
        layer_back = span - d.groups * group_rows
        return {
            "kernel_rows": s.kernel[0] - 1,
            "kernel_columns": s.kernel[1] - 1,
            "first_word": d.first_row * d.window[0] * row - s.padding[0] * source.row_words,
            "first_bit": -s.padding[1] * source.channels // grain,
            "weight_base": s.weight_base // plan.row_grain,
            "words": [
                0,
                source.row_words,
                word_back,
                word_back,
                word_back + row,
                word_back + window_rows,
                word_back + window_rows,
                word_back + row + (d.row_step - 1) * d.window[0] * row,
            ],
            "bits": [
                channels,
                bit_back,
                bit_back,
                bit_back + column,
                bit_back + window_columns,
                bit_back + window_columns + group,
                bit_back + column + groups_back,
                bit_back + line + groups_back,
            ],
            "weight_rows": [
                span,
                span,
                weights_back,
                weights_back,
                weights_back,
                span,
                layer_back,
                layer_back,
            ],
            "plane_words": source.plane_words,
            "beyond": s.span // grain - 1,
            "final_bit": source.row_bits // grain - 1,
            "whole": (source.row_bits - s.span) // grain,
            "top_plane": source.planes - 1,
            "signed": int(source.activation.signed),
            "recurrent": plan.wait(s.lag),
            "memory": sorted(plan.weight_depths).index(s.weight_bits),
        }
