"""What benches see of an accelerator at work."""

from amaranth.hdl import signed, unsigned
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import Component

from ..plan.plan import Plan
from ..plan.widths import bits_of
from .update.update_layout import of_lanes, spike_bits


def observers(component: Component) -> list[str]:
    """Return the names of a component's observation streams, by its ports.

    Whoever doesn't look ties their `ready` to 1; synthesis then removes what feeds them. One that
    is left alone holds its stage up for ever.
    """
    return [name for name in component.signature.members if name.startswith("observe")]


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
                "spikes": of_lanes(max(map(spike_bits, plan.stages)), plan.observed_lanes),
                "potentials": ArrayLayout(signed(bits), plan.observed_lanes),
            }
        )
