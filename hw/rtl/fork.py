"""A fork: one stream to several, each at its own pace."""

from amaranth.hdl import Module, ShapeLike, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class Fork(wiring.Component):
    """Give every payload to each output that wants it exactly once.

    An output is offered the payload at once, whether the others are ready or not; the input is
    ready when the last one takes it. No latency.

    Members
    -------
    wanted : In(…), one bit an output, all 1 where it is not connected: which of them get the
        payload; static while the input is valid
    input : In(stream.Signature(shape))
    outputs : Out(stream.Signature(shape)).array(count)
    """

    def __init__(self, shape: ShapeLike, count: int) -> None:
        self.count = count
        super().__init__(
            {
                "wanted": In(unsigned(count), init=(1 << count) - 1),
                "input": In(stream.Signature(shape)),
                "outputs": Out(stream.Signature(shape)).array(count),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        served = Signal(self.count)
        done = Signal(self.count)
        for i, output in enumerate(self.outputs):
            m.d.comb += [
                output.payload.eq(self.input.payload),
                output.valid.eq(self.input.valid & ~served[i] & self.wanted[i]),
                done[i].eq(served[i] | output.ready | ~self.wanted[i]),
            ]
        m.d.comb += self.input.ready.eq(done.all())
        with m.If(self.input.valid):
            m.d.sync += served.eq(done)
            with m.If(self.input.ready):
                m.d.sync += served.eq(0)
        return m
