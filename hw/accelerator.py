"""The accelerator: what a board, a bench or a user's own design instantiates."""

from amaranth.hdl import Module, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from .plan import Plan
from .readout import ResultLayout
from .stage import ObserveLayout, Stage


class Accelerator(wiring.Component):
    """A network on hardware: input maps in, one value a class and the class out.

    After reset it waits for the first input; inferences follow each other without a gap. Every
    stream may be stalled at any time. A potential or a count starts anew with each inference, so
    nothing has to be cleared.

    Members
    -------
    input : In(stream.Signature(unsigned(plan.word_bits)))
        Words of the input map, as `Plan.pack_input` gives them: `plan.input_words` a time step.
    output : Out(stream.Signature(ResultLayout))
        One transfer a class in ascending order; at `last`, `prediction` is the network's answer.
    observe : Out(stream.Signature(ObserveLayout))
        Every update of every layer, for benches; where it is unconnected tie `ready` to 1 and
        synthesis removes it.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        super().__init__(
            {
                "input": In(stream.Signature(unsigned(plan.word_bits))),
                "output": Out(stream.Signature(ResultLayout(plan))),
                "observe": Out(stream.Signature(ObserveLayout(plan))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the accelerator."""
        m = Module()
        m.submodules.stage = stage = Stage(self.plan)
        connect(m, flipped(self.input), stage.input)
        connect(m, stage.output, flipped(self.output))
        connect(m, stage.observe, flipped(self.observe))
        return m
