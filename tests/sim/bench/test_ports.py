import re
from dataclasses import replace

import numpy as np
import pytest
from amaranth.hdl import Fragment
from plans import network
from refusal import refused
from somagate.hw.generate import verilog
from somagate.hw.plan.plan import Plan
from somagate.hw.rtl.accelerator import Accelerator
from somagate.sim.bench.ports import PortField, Ports, to_ints, to_limbs, top


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(
    ("offset", "width", "count"),
    [(0, 1, 1), (0, 32, 1), (31, 2, 1), (17, 16, 5), (3, 7, 20), (32, 8, 3), (5, 32, 2)],
)
def test_a_field_is_unpacked_from_any_place(
    offset: int, width: int, count: int, signed: bool
) -> None:
    rng = np.random.default_rng(offset)
    low, high = (-(1 << (width - 1)), 1 << (width - 1)) if signed else (0, 1 << width)
    values = rng.integers(low, high, (6, count))
    values[0], values[1] = low, high - 1
    packed = []
    for row in values.tolist():
        noise = int(rng.integers(1 << offset)) if offset else 0
        word = noise | 1 << (offset + width * count)
        for lane, value in enumerate(row):
            word |= (value & ((1 << width) - 1)) << (offset + lane * width)
        packed.append(word)
    limbs = to_limbs(packed, 7)
    field = PortField(offset=offset, width=width, signed=signed, count=count)
    assert np.array_equal(field.unpack(limbs), values)
    assert to_ints(limbs) == packed


def test_one_limb_holds_ints_of_32_bits() -> None:
    assert to_ints(to_limbs([0, 1, 2**32 - 1], 1)) == [0, 1, 2**32 - 1]
    assert to_limbs([], 2).shape == (0, 2)


def test_ports_are_those_of_the_accelerator(plan: Plan) -> None:
    ports, text = Ports.of(plan), verilog(plan)
    assert top(text) == "somagate"
    ports.check(text)
    assert ports.observe["spikes"].count == ports.observe["potentials"].count == 2
    assert ports.observe["potentials"].signed
    assert [ports.limbs(name) for name in ports.widths] == [1, 1, 1]
    assert (ports.sent, ports.received) == (("input",), ("output", "observe"))


@pytest.mark.parametrize("lanes", [1, 2])
def test_several_spikes_are_a_count_a_lane(lanes: int) -> None:
    tables = network((3,), [4], spike_bits=3)
    spikes = Ports.of(Plan.single(tables, lanes=2, update_lanes=lanes)).observe["spikes"]
    assert (spikes.width, spikes.count, spikes.signed) == (3, lanes, False)


def test_a_chain_has_an_observer_a_stage_and_a_stream_to_load(chain: Plan) -> None:
    ports = Ports.of(chain)
    ports.check(verilog(chain))
    assert ports.sent == ("config", "input")
    assert ports.received == ("output", "observe_0", "observe_1")
    accelerator = Accelerator(chain)
    Fragment.get(accelerator, None)
    assert ports.observers == accelerator.plan.observers
    others = {"config_refused", "config_finished", "identity"}
    assert set(ports.widths) == set(accelerator.signature.members) - others
    assert ports.widths["observe_0"] == ports.widths["observe_1"]


def test_verilog_of_another_shape_is_refused(plan: Plan) -> None:
    other = Plan.single(plan.tables, lanes=2, update_lanes=1, word_bits=16)
    text = verilog(other)
    width, wrong = (Ports.of(p).widths["observe"] for p in (plan, other))
    with refused(
        ValueError,
        f"Verilog port observe__payload must be {width} bits wide as the plan has it, "
        f"not {wrong} bits wide: was it generated from other tables?",
    ):
        Ports.of(plan).check(text)
    with refused(
        ValueError,
        "Verilog port input__payload must be 16 bits wide as the plan has it, not missing: "
        "was it generated from other tables?",
    ):
        Ports.of(plan).check(re.sub("input__", "in__", text))


def test_verilog_of_another_number_of_stages_is_refused(plan: Plan, chain: Plan) -> None:
    width = Ports.of(chain).widths["observe_0"]
    with refused(
        ValueError,
        f"Verilog port observe_0__payload must be {width} bits wide as the plan has it, "
        "not missing: was it generated from other tables?",
    ):
        Ports.of(replace(chain, loadable=False)).check(verilog(plan))
    with refused(
        ValueError,
        "Verilog port config__payload must be missing as the plan has it, not 32 bits wide: "
        "was it generated from other tables?",
    ):
        Ports.of(replace(chain, loadable=False)).check(verilog(chain))


def test_a_text_without_a_top_module_is_refused() -> None:
    with refused(ValueError, "Verilog must have a top module with a plain name, but has none"):
        top("module \\a.b (clk);\nendmodule\n")
