"""The accelerator with AXI4-Stream's names, for designs that are made of such blocks.

It instantiates the accelerator's own module by name, so what is verified is what runs inside. Of
AXI4-Stream it has `tdata`, `tvalid`, `tready` and for answers `tlast`: the accelerator counts the
words of an inference itself.
"""

from amaranth.hdl import (
    ClockDomain,
    ClockSignal,
    Instance,
    Module,
    ResetSignal,
    Shape,
    ShapeLike,
    Signal,
    Value,
)
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..plan.loadable import WORD_BITS
from ..plan.plan import Plan
from ..plan.widths import parts
from .observe import ObserveLayout
from .update.readout import ResultLayout

Fields = dict[str, tuple[int, int, bool]]
"""Of a payload by name: first bit, bits, whether signed."""


def result_fields(plan: Plan) -> Fields:
    """Return where the fields lie in the payload of `Accelerator.output`."""
    return {
        name: (field.offset, *_size(field.shape)) for name, field in ResultLayout(plan.stages[0])
    }


def answer_fields(plan: Plan) -> Fields:
    """Return where an answer's fields lie in `m_axis_tdata`.

    Each takes whole bytes, and repeats its sign or 0 above its own bits.
    """
    found, first = {}, 0
    for name, (_, width, signed) in result_fields(plan).items():
        if name != "last":
            bits = 8 * parts(width, 8)
            found[name] = (first, bits, signed)
            first += bits
    return found


def _size(shape: ShapeLike) -> tuple[int, bool]:
    cast = Shape.cast(shape)
    return cast.width, cast.signed


class AxiStreamAccelerator(wiring.Component):
    """An accelerator behind AXI4-Stream ports; nothing is stored, and nothing takes a cycle more.

    Parameters
    ----------
    plan
        Of the accelerator.
    core
        The name of the accelerator's module.

    Members
    -------
    aclk, aresetn : In(1)
        The clock; and the reset, active low, which the rising edge of the clock samples.
    s_axis_tdata, s_axis_tvalid, s_axis_tready
        Words of the input map, as `Plan.pack_input` gives them; all of their widths are whole
        bytes.
    m_axis_tdata, m_axis_tvalid, m_axis_tready, m_axis_tlast
        One transfer a class in ascending order, with the fields of `answer_fields`; `tlast` is the
        answer's last, whose prediction is the network's.
    s_axis_config_tdata, s_axis_config_tvalid, s_axis_config_tready
        Words that load tables, where the plan is configurable. This and the following are only
        there then.
    config_refused, config_finished : Out(1)
        As of `Accelerator`.
    identity_en, identity_addr, identity_data
        As `identity` of `Accelerator`.
    """

    def __init__(self, plan: Plan, core: str) -> None:
        self.plan = plan
        self.core = core
        last = answer_fields(plan)["prediction"]
        members = {
            "aclk": In(1),
            "aresetn": In(1),
            "s_axis_tdata": In(plan.word_bits),
            "s_axis_tvalid": In(1),
            "s_axis_tready": Out(1),
            "m_axis_tdata": Out(last[0] + last[1]),
            "m_axis_tvalid": Out(1),
            "m_axis_tready": In(1),
            "m_axis_tlast": Out(1),
        }
        if plan.configurable:
            members |= {
                "s_axis_config_tdata": In(WORD_BITS),
                "s_axis_config_tvalid": In(1),
                "s_axis_config_tready": Out(1),
                "config_refused": Out(1),
                "config_finished": Out(1),
                "identity_en": In(1),
                "identity_addr": In(6),
                "identity_data": Out(8),
            }
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self.plan
        m.domains.sync = ClockDomain("sync")
        m.d.comb += [ClockSignal().eq(self.aclk), ResetSignal().eq(~self.aresetn)]

        result, valid = Signal(ResultLayout(plan.stages[0]), name="result"), Signal()
        ports: dict[str, Value] = {
            "i_clk": ClockSignal(),
            "i_rst": ResetSignal(),
            "i_input__payload": self.s_axis_tdata,
            "i_input__valid": self.s_axis_tvalid,
            "o_input__ready": self.s_axis_tready,
            "o_output__payload": Value.cast(result),
            "o_output__valid": valid,
            "i_output__ready": self.m_axis_tready,
        }
        # Nothing looks at the updates of single neurons, so what shows them isn't built.
        for name in plan.observers:
            ports |= {
                f"o_{name}__payload": Signal(ObserveLayout(plan).size, name=f"{name}_payload"),
                f"o_{name}__valid": Signal(name=f"{name}_valid"),
                f"i_{name}__ready": Value.cast(1),
            }
        if plan.configurable:
            ports |= {
                "i_config__payload": self.s_axis_config_tdata,
                "i_config__valid": self.s_axis_config_tvalid,
                "o_config__ready": self.s_axis_config_tready,
                "o_config_refused": self.config_refused,
                "o_config_finished": self.config_finished,
                "i_identity__en": self.identity_en,
                "i_identity__addr": self.identity_addr,
                "o_identity__data": self.identity_data,
            }
        m.submodules.core = Instance(self.core, **ports)

        for name, (first, bits, _) in answer_fields(plan).items():
            m.d.comb += self.m_axis_tdata[first : first + bits].eq(getattr(result, name))
        # The standard wants a valid that falls with the reset, which the core does an edge later.
        m.d.comb += [
            self.m_axis_tvalid.eq(valid & self.aresetn),
            self.m_axis_tlast.eq(result.last),
        ]
        return m
