"""What benches see of an accelerator at work."""

from amaranth.hdl import signed, unsigned
from amaranth.lib.data import ArrayLayout, StructLayout

from ..plan.plan import Plan
from ..plan.widths import bits_of


class ObserveLayout(StructLayout):
    """What one update did; the same for every stage, so lanes beyond a stage's own are 0.

    `layer` is the layer's number in the tables, and `index` counts its chunks in a time step.
    """

    def __init__(self, plan: Plan) -> None:
        updates = max(descriptor.updates for descriptor in plan.descriptors)
        bits = max(stage.state_bits for stage in plan.stages)
        super().__init__(
            {
                "layer": unsigned(bits_of(len(plan.tables.layers))),
                "index": unsigned(bits_of(updates)),
                "spikes": unsigned(plan.observed_lanes),
                "potentials": ArrayLayout(signed(bits), plan.observed_lanes),
            }
        )
