"""Where the maps of the last time steps lie, of a source that is seen late."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from ...plan.stage_plan import StagePlan
from ...plan.terms import Terms, address_bits


def bases_layout(plan: StagePlan, count: int) -> ArrayLayout:
    """Return the layout of the addresses of some maps."""
    return ArrayLayout(unsigned(address_bits(plan)), count)


class Ring(wiring.Component):
    """Go round a source's maps, one a time step, with a base for each lag behind the step at work.

    It never starts anew: an inference goes on where the one before has ended, so that whoever
    writes and whoever reads stay together, and the maps left from it are not seen.

    Members
    -------
    turns : In(1), the next step begins in the next cycle
    bases : Out(ArrayLayout(unsigned, lags)), where the map lies of so many steps ago
    """

    def __init__(self, plan: StagePlan, name: str, lags: tuple[int, ...]) -> None:
        self.lags = lags
        self._first, self._words = plan.map_bases[name], plan.map(name).words
        self._count = plan.map_buffers(name)
        super().__init__({"turns": In(1), "bases": Out(bases_layout(plan, len(lags)))})

    @staticmethod
    def terms(plan: StagePlan) -> Terms:
        """Return the terms of all rings of a stage; none where there is no ring."""
        count = sum(1 + len(plan.lags[name]) for name in plan.rings)
        count += sum(len(plan.lags[name]) - 1 for name in plan.external)
        return {"address": count * address_bits(plan), "bases": count} if count else {}

    def elaborate(self, platform: object) -> Module:
        m = Module()
        last = self._first + (self._count - 1) * self._words
        for index, lag in enumerate(self.lags):
            behind = -lag % self._count
            base = Signal(
                self.bases[index].shape(), init=self._first + behind * self._words,
                name=f"base_{lag}",
            )  # fmt: skip
            m.d.comb += self.bases[index].eq(base)
            with m.If(self.turns):
                m.d.sync += base.eq(Mux(base == last, self._first, base + self._words))
        return m
