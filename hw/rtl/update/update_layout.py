"""What the update is told of a layer, and what it sends: its neurons, a chunk after the other."""

from amaranth.hdl import Shape, signed, unsigned
from amaranth.lib.data import ArrayLayout, StructLayout

from ...plan.stage_plan import StagePlan
from ...plan.widths import bits_of
from ..gather.walk_layout import narrowest
from .combiner import Combiner


class UpdateLayout(StructLayout):
    """A layer's work for the update; counts are stored less one.

    `window` counts the positions of a pooling window, `tail` the chunks of the last lane group.
    `combines` and `adds` are there where a layer has a pool of sums; see `Combiner`.
    """

    def __init__(self, plan: StagePlan) -> None:
        self.layers = [self.values(plan, index) for index in range(plan.count)]
        super().__init__(narrowest(self.layers))

    @staticmethod
    def values(plan: StagePlan, index: int) -> dict[str, int]:
        """Return each member's value for the stage's layer number `index`."""
        d = plan.descriptors[index]
        per_group = plan.lanes // plan.update_lanes
        values = {
            "rows": d.rows - 1,
            "columns": d.columns - 1,
            "groups": d.groups - 1,
            "window": d.window[0] * d.window[1] - 1,
            "tail": d.chunks - (d.groups - 1) * per_group - 1,
            "parameter_base": d.parameter_base,
            "mode": plan.modes.index(plan.layer_modes[index]),
        }
        if Combiner.needed(plan):
            values |= {"combines": int(d.combines != ""), "adds": int(d.combines == "sum")}
        return values


def spike_bits(plan: StagePlan) -> int:
    """Return the width of a neuron's spikes in a step: a count where it sends several."""
    return max(mode.spike_bits for mode in plan.modes)


def of_lanes(bits: int, lanes: int) -> ArrayLayout | Shape:
    """Return the shape of a number of some bits of each lane."""
    return ArrayLayout(unsigned(bits), lanes) if bits > 1 else unsigned(lanes)


class ChunkLayout(StructLayout):
    """Updated neurons.

    `spikes` and `potentials` are one a lane. `chunk` numbers the chunk in its lane group; `first`
    and `final` mark the first and last position of a pooling window, `tail` the last chunk of all
    channels, `row_end` the last chunk of a row of the output map. `index` counts the chunks of the
    layer in this time step.
    """

    def __init__(self, plan: StagePlan) -> None:
        bits = plan.state_bits
        per_group = plan.lanes // plan.update_lanes
        updates = max(d.updates for d in plan.descriptors)
        super().__init__(
            {
                "spikes": of_lanes(spike_bits(plan), plan.update_lanes),
                "potentials": ArrayLayout(signed(bits), plan.update_lanes),
                "chunk": unsigned(bits_of(per_group)),
                "first": 1,
                "final": 1,
                "tail": 1,
                "row_end": 1,
                "index": unsigned(bits_of(updates)),
            }
        )
