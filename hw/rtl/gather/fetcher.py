"""The fetcher: reads the words of a segment and masks what lies outside it."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from ...plan.stage_plan import StagePlan
from ...plan.terms import Terms, address_bits, field_bits
from ...plan.widths import bits_of
from ..memory import read_signature
from .segment import SegmentLayout, event_fields

_SMALL = 16
"""So many numbers compare with constants in a look-up table each."""


class WordLayout(StructLayout):
    """A word of spikes inside the receptive field.

    Bit i of `bits` belongs to weight row `row · row_grain + i`; the other fields are as in
    `SegmentLayout`.
    With several banks, `Fetcher.words` has all bits, and a bank's `Sieve` the bank's own.

    Where segments are made of whole words, and one bank gets all of them, the flag of a word has
    told already whether it is `empty`; see `tells`.
    """

    def __init__(self, plan: StagePlan, word_bits: int, *, tells: bool = False) -> None:
        fields = event_fields(plan, plan.word_row_bits)
        super().__init__({"bits": unsigned(word_bits)} | fields | ({"empty": 1} if tells else {}))


def tells(plan: StagePlan) -> bool:
    """Return whether the flag of a word says of its part in the segment whether it has a spike."""
    return plan.shape.flags > 0 and plan.banks == 1 and plan.grain == plan.word_bits


def fetched_layout(plan: StagePlan) -> WordLayout:
    """Return the layout of words on their way from the fetcher to the sieves."""
    return WordLayout(plan, plan.word_bits, tells=tells(plan))


class Fetcher(wiring.Component):
    """Read one word a cycle and clear the bits outside the segment.

    Latency from a segment to its first word is `latency` cycles, throughput one word a cycle.

    Members
    -------
    segments : In(stream.Signature(SegmentLayout))
    read : Out(read_signature) of the map memory, `data` two enabled cycles after `addr`
    words : Out(stream.Signature(WordLayout)), empty ones too
    """

    latency = 4

    def __init__(self, plan: StagePlan) -> None:
        self.plan = plan
        segment = SegmentLayout(plan, single=plan.shape.flags > 0)
        super().__init__(
            {
                "segments": In(stream.Signature(segment)),
                "read": Out(read_signature(segment["addr"].shape.width, plan.word_bits)),
                "words": Out(stream.Signature(fetched_layout(plan))),
            }
        )

    @staticmethod
    def terms(plan: StagePlan) -> Terms:
        """Return the bits or counts of gates that the fetcher's cells grow with, by term."""
        grains = plan.word_bits // plan.grain
        widest = max(plan.map(name).row_words for name in plan.read_maps)
        fields = plan.word_row_bits + field_bits(plan)
        return {
            "mask": grains * (1 < grains <= _SMALL),
            "wide_mask": grains * (grains > _SMALL),
            "bits": plan.word_bits,
            "address": address_bits(plan),
            "words": bits_of(widest) * (widest > 1),
            "row": plan.word_row_bits,
            "fields": plan.banks * fields,
            "spread": plan.banks if plan.banks > 1 else 0,
            "one": 1,
        }

    def elaborate(self, platform: object) -> Module:
        m = Module()
        word_bits = self.plan.word_bits
        move = Signal()
        m.d.comb += move.eq(~self.words.valid | self.words.ready)

        # Step through the words of a segment.
        segment = self.segments.payload
        at = Signal(segment.shape())
        busy, final_word = Signal(), Signal()
        m.d.comb += [
            final_word.eq(at.words == 0),
            self.segments.ready.eq(move & (final_word | ~busy)),
            self.read.en.eq(move),
            self.read.addr.eq(at.addr),
        ]
        with m.If(move):
            with m.If(final_word | ~busy):
                m.d.sync += [busy.eq(self.segments.valid), at.eq(segment)]
            with m.Else():
                m.d.sync += [
                    at.addr.eq(at.addr + 1),
                    at.row.eq(at.row + word_bits // self.plan.row_grain),
                    at.words.eq(at.words - 1),
                    at.first.eq(0),
                ]

        # Beside the read of the memory, which takes two cycles, goes what belongs to the word.
        common = event_fields(self.plan, self.plan.word_row_bits)
        side_layout = StructLayout(
            {"valid": 1, "empty": 1, "first": at.first.shape(), "final": at.final.shape()} | common
        )
        units = (word_bits // self.plan.row_grain).bit_length() - 1  # weight rows of a word
        sides = [Signal(side_layout, name=f"side_{i}") for i in range(2)]
        with m.If(move):
            m.d.sync += [
                sides[0].valid.eq(busy),
                sides[0].empty.eq(at.empty),
                sides[0].first.eq(at.first),
                sides[0].final.eq(Mux(final_word, at.final, word_bits // self.plan.grain - 1)),
                sides[0].row.eq(at.row + (at.addr << units) if self.plan.shape.flags else at.row),
                sides[0].memory.eq(at.memory),
                sides[0].negate.eq(at.negate),
                sides[0].double.eq(at.double & final_word),
                sides[0].last.eq(at.last & final_word),
                sides[1].eq(sides[0]),
            ]
        side, word = sides[1], self.words.payload
        grain = self.plan.grain
        grains = word_bits // grain
        mask = Signal(grains)
        if grains <= _SMALL:
            inside = [(side.first <= i) & (side.final >= i) for i in range(grains)]
        else:
            inside = _between(m, move, sides[0].first, sides[0].final, grains)
        m.d.comb += mask.eq(Cat(inside))
        bits = Signal(word_bits, reset_less=True)
        m.d.comb += word.bits.eq(bits)
        with m.If(move):
            m.d.sync += [
                self.words.valid.eq(side.valid),
                bits.eq(self.read.data & Cat(bit.replicate(grain) for bit in mask)),
                *(getattr(word, name).eq(getattr(side, name)) for name in common),
            ]
            with m.If(side.empty):
                m.d.sync += bits.eq(0)
            if tells(self.plan):
                m.d.sync += word.empty.eq(side.empty)
        return m


def _between(m: Module, move: Signal, first: Value, final: Value, count: int) -> list[Value]:
    """Return for each number below `count` whether it is within `first` and `final`, both included.

    They are told a move later, from registers: how the upper and the lower half of a number's bits
    compare by themselves, so that two look-up tables a number bring them together.
    """
    low = len(first) // 2
    flags: dict[str, Signal] = {}
    for name, bound in (("first", first), ("final", final)):
        upper, lower = bound[low:], bound[:low]
        told = {
            "beyond": [upper < i if name == "first" else upper > i for i in range(count >> low)],
            "same": [upper == i for i in range(count >> low)],
            "within": [lower <= i if name == "first" else lower >= i for i in range(1 << low)],
        }
        for kind, values in told.items():
            flag = flags[f"{kind}_{name}"] = Signal(len(values), name=f"{kind}_{name}")
            with m.If(move):
                m.d.sync += flag.eq(Cat(values))

    def holds(name: str, number: int) -> Value:
        half, rest = number >> low, number & ((1 << low) - 1)
        beyond, same, within = (flags[f"{kind}_{name}"] for kind in ("beyond", "same", "within"))
        return beyond[half] | (same[half] & within[rest])

    return [holds("first", number) & holds("final", number) for number in range(count)]


class Sieve(wiring.Component):
    """Drop the words without a spike, for one bank.

    Empty words are dropped without a bubble. The end of a plane or position often lies in an empty
    word; so the latest word with spikes is held back until the next one, or the end, is known, and
    takes the end over. An empty word is only sent where there is none to take its end.

    Members
    -------
    words : In(stream.Signature(WordLayout)), of which only every `banks`-th bit is looked at
    found : Out(stream.Signature(WordLayout)), with the bank's bits; into a queue, as its consumer
        must not wait for `valid`
    """

    def __init__(self, plan: StagePlan, bank: int = 0) -> None:
        self.plan = plan
        self.bank = bank
        super().__init__(
            {
                "words": In(stream.Signature(fetched_layout(plan))),
                "found": Out(stream.Signature(WordLayout(plan, plan.word_bits // plan.banks))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        word, held = self.words.payload, self.found.payload
        bits = Cat(word.bits[self.bank :: self.plan.banks])
        held_valid, full, ends, joins, send, held_ends = (Signal() for _ in range(6))
        m.d.comb += [
            full.eq(self.words.valid & (~word.empty if tells(self.plan) else bits.any())),
            ends.eq(self.words.valid & (word.last | word.double)),
            held_ends.eq(held.last | held.double),
            joins.eq(~full & ends & held_valid & ~held_ends),
            # A held word goes once it ends its plane, or another one of the plane follows.
            self.found.valid.eq(held_valid & (held_ends | full)),
            send.eq(self.found.valid & self.found.ready),
            # An empty word needs no place, but to find that out would take the clock's time.
            self.words.ready.eq(~held_valid | self.found.ready),
        ]
        with m.If(send):
            m.d.sync += held_valid.eq(0)
        with m.If(self.words.ready):
            with m.If(joins):
                m.d.sync += [held.last.eq(word.last), held.double.eq(word.double)]
            with m.Elif(full | ends):
                m.d.sync += held_valid.eq(1)
                m.d.sync += [
                    getattr(held, name).eq(getattr(word, name))
                    for name in ("row", "memory", "negate", "double", "last")
                ]
                m.d.sync += held.bits.eq(bits)
        return m
