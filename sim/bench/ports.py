"""The accelerator's streams as a bench sees them, and where each field lies in a payload.

A payload is moved as one packed integer, and kept as 32-bit *limbs*, lowest first, so that the same
NumPy code takes apart what any simulator has seen.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from amaranth.lib.data import ArrayLayout, StructLayout
from numpy.typing import NDArray

from ...hw.plan.loadable import WORD_BITS
from ...hw.plan.plan import Plan
from ...hw.rtl.observe import ObserveLayout
from ...hw.rtl.update.readout import ResultLayout

Limbs = NDArray[np.uint32]
"""Packed integers, (transfers, limbs), 32 bits a limb, lowest limb first."""

_SENT = ("config", "input")
"""The streams into an accelerator, in the order in which a bench serves them."""


@dataclass(frozen=True, kw_only=True)
class PortField:
    """One field of a payload: `count` integers of `width` bits side by side.

    Attributes
    ----------
    offset
        Of the lowest bit.
    width
        Bits of one integer, 1…32.
    signed
        Two's complement.
    count
        Integers.
    """

    offset: int
    width: int
    signed: bool = False
    count: int = 1

    def unpack(self, limbs: Limbs) -> NDArray[Any]:
        """Return the integers of every transfer, (transfers, count), in a type that holds them."""
        size = next(size for size in (1, 2, 4) if self.width <= 8 * size)
        out = np.empty((len(limbs), self.count), f"{'i' if self.signed else 'u'}{size}")
        spare = 32 - self.width
        for index in range(self.count):
            first, shift = divmod(self.offset + index * self.width, 32)
            value = limbs[:, first] >> np.uint32(shift)
            if shift + self.width > 32:
                value |= limbs[:, first + 1] << np.uint32(32 - shift)
            value <<= np.uint32(spare)
            out[:, index] = (value.view(np.int32) if self.signed else value) >> spare
        return out


@dataclass(frozen=True, kw_only=True)
class Ports:
    """The streams, the widths of their payloads, and the fields of those that come out.

    Attributes
    ----------
    widths
        Bits of each stream's payload; a plan that can't be loaded has no 'config'.
    output
        'value', 'index', 'prediction' and 'last'.
    observe
        Of each of `observers`: 'layer', 'index', 'spikes' and 'potentials'; the last two have one
        integer a lane.
    """

    widths: dict[str, int]
    output: dict[str, PortField]
    observe: dict[str, PortField]

    @staticmethod
    def of(plan: Plan) -> "Ports":
        """Return those of `Accelerator(plan)`."""
        output, observe = ResultLayout(plan.stages[0]), ObserveLayout(plan)
        widths = {"config": WORD_BITS} if plan.configurable else {}
        widths |= {"input": plan.word_bits, "output": output.size}
        widths |= {name: observe.size for name in plan.observers}
        return Ports(widths=widths, output=_fields(output), observe=_fields(observe))

    @property
    def sent(self) -> tuple[str, ...]:
        """The streams that a bench sends, each after the one before."""
        return tuple(name for name in self.widths if name in _SENT)

    @property
    def received(self) -> tuple[str, ...]:
        """The streams that a bench receives."""
        return tuple(name for name in self.widths if name not in _SENT)

    @property
    def observers(self) -> tuple[str, ...]:
        """The observation streams, one a stage, replica by replica."""
        return tuple(name for name in self.received if name != "output")

    def limbs(self, stream: str) -> int:
        """Limbs of one payload of a stream."""
        return -(-self.widths[stream] // 32)

    def to_dict(self) -> dict[str, Any]:
        """Return the contents as JSON can hold them."""
        return asdict(self)

    def check(self, verilog: str) -> None:
        """Compare the widths with a Verilog text's.

        Raises
        ------
        ValueError
            Where a stream's payload is missing, has another width or is not the plan's: the Verilog
            comes from other tables or another plan.
        """
        start = re.search(rf"^module {top(verilog)}\b", verilog, re.MULTILINE)
        module = verilog[start.start() if start else 0 :].partition("\nendmodule")[0]
        pattern = r"^\s*(?:input|output)(?: wire| reg)? (?:\[(\d+):0\] )?(\w+)__payload\s*;"
        widths = {m[2]: int(m[1] or 0) + 1 for m in re.finditer(pattern, module, re.MULTILINE)}
        for name in {**self.widths, **widths}:
            wanted, found = (
                f"{known[name]} bits wide" if name in known else "missing"
                for known in (self.widths, widths)
            )
            if found != wanted:
                raise ValueError(
                    f"Verilog port {name}__payload must be {wanted} as the plan has it, "
                    f"not {found}: was it generated from other tables?"
                )


def top(verilog: str) -> str:
    """Return the name of the top module of a Verilog text of ours: the only one without a dot."""
    match = re.search(r"^module (\w+)\s*\(", verilog, re.MULTILINE)
    if match is None:
        raise ValueError("Verilog must have a top module with a plain name, but has none")
    return match[1]


def _fields(layout: StructLayout) -> dict[str, PortField]:
    fields = {}
    for name, field in layout:
        shape = field.shape
        count = 1
        if isinstance(shape, ArrayLayout):
            count, shape = shape.length, shape.elem_shape
        elif name == "spikes":  # one bit a lane
            count, shape = shape.width, 1
        width, signed = (1, False) if shape == 1 else (shape.width, shape.signed)
        fields[name] = PortField(offset=field.offset, width=width, signed=signed, count=count)
    return fields


def to_limbs(payloads: Sequence[int], limbs: int) -> Limbs:
    """Return packed integers as limbs, (payloads, limbs)."""
    data = b"".join([payload.to_bytes(4 * limbs, "little") for payload in payloads])
    return np.frombuffer(data, "<u4").reshape(-1, limbs).astype(np.uint32)


def to_ints(limbs: Limbs) -> list[int]:
    """Return limbs as packed integers."""
    if limbs.shape[1] == 1:
        return [int(value) for value in limbs[:, 0]]
    return [int.from_bytes(row.astype("<u4").tobytes(), "little") for row in limbs]
