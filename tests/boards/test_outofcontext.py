"""A component alone on a device: what it costs, and what became of its memories."""

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from somagate.boards.families.ecp5 import LFE5U_85F
from somagate.boards.families.ice40 import ICE40UP5K
from somagate.boards.outofcontext import MeasureParameters, measure
from stand_in import StandIn


class Scratchpad(wiring.Component):
    """A memory that is read in the same cycle, which no block RAM can do."""

    def __init__(self) -> None:
        super().__init__({"addr": In(4), "data": In(8), "write": In(1), "read": Out(8)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.words = words = Memory(shape=8, depth=16, init=[])
        read, write = words.read_port(domain="comb"), words.write_port()
        m.d.comb += [
            *(read.addr.eq(self.addr), self.read.eq(read.data)),
            *(write.addr.eq(self.addr), write.data.eq(self.data), write.en.eq(self.write)),
        ]
        return m


@pytest.mark.parametrize("family", [ICE40UP5K, LFE5U_85F], ids=lambda family: family.placer)
def test_a_component_is_measured_with_two_registers_around_it(tmp_path, family):
    told = []
    report = measure(
        StandIn(word_bits=16, words=32),
        family,
        tmp_path,
        MeasureParameters(clock_hz=20_000_000),
        progress=lambda *step: told.append(step),
    )
    steps = ("Amaranth", "yosys", "nextpnr", "done")
    assert told == [(step, done, 3) for done, step in enumerate(steps)]
    # In: 16 bits of payload, valid, output.ready. Out: ready, valid, 16 + 4 + 4 + 1 bits.
    assert report.settings == {"wrapper_input_bits": 18, "wrapper_output_bits": 27}
    assert 45 + 20 < report.utilization["flip_flops"].used < 45 + 60
    assert report.utilization["logic_cells"].used < 200
    assert [(m.name, m.kind) for m in report.memories] == [("component.rom", "block_rams")]
    assert report.passed
    assert list(report.clocks) == ["clk"]
    assert report.clocks["clk"].constraint_hz == 20_000_000
    assert (report.target, report.bitstream, report.bitstream_sha256) == ("out of context", "", "")
    assert (tmp_path / "report.json").is_file()


@pytest.mark.parametrize(
    ("family", "kind"), [(ICE40UP5K, "logic"), (LFE5U_85F, "lut_rams")], ids=["ice40", "ecp5"]
)
def test_a_memory_that_fell_to_flip_flops_is_named(tmp_path, family, kind):
    report = measure(Scratchpad(), family, tmp_path, MeasureParameters(clock_hz=500_000_000))
    (memory,) = report.memories
    assert (memory.name, memory.words, memory.word_bits) == ("component.words", 16, 8)
    assert (memory.kind, memory.written) == (kind, True)
    assert report.flip_flop_memories == ((memory,) if kind == "logic" else ())
    assert not report.passed and report.to_dict()["timing"] == "fail"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"clock_hz": 1}, "Measure clock_hz must be 1000000…1000000000, not 1"),
        (
            {"clock_hz": 10**7, "seed": -1},
            "Measure seed must be 0…2147483647, not -1",
        ),
    ],
)
def test_parameters_are_checked(settings, message):
    with pytest.raises(ValueError) as error:
        MeasureParameters(**settings)
    assert str(error.value) == message
