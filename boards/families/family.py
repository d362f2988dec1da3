"""FPGA families: the tools that build for each, and what its parts are called there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...hw.cost.part import Part
from .pll import PllParameters


@dataclass(frozen=True, kw_only=True)
class Family:
    """One device, whoever builds for it.

    Attributes
    ----------
    device
        The part, as in reports.
    part
        What it has.
    constraints
        The ending of the file of pins and clocks that Amaranth's platform writes.
    pll
        Computes a clock from (input Hz, output Hz).
    single_port_memory
        What stands for `somagate.hw.rtl.memory.SinglePortMemory` on the device, or None for that
        itself. As Amaranth's platform, the family is asked for it by this name.
    """

    device: str
    part: Part
    constraints: str
    pll: Callable[[int, int], PllParameters]
    single_port_memory: Callable[..., Any] | None = None


@dataclass(frozen=True, kw_only=True)
class VivadoFamily(Family):
    """A device that AMD's Vivado builds for, which calls it by `device`.

    Attributes
    ----------
    configuration
        Properties of the design that the board's voltages ask for, by name.
    """

    configuration: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class OpenFamily(Family):
    """A device with open tools: yosys, nextpnr, a packer.

    Attributes
    ----------
    synthesis
        Yosys' command for the family.
    synthesis_options
        What that command is given unless a build says otherwise.
    placer
        The nextpnr program.
    placer_device
        Its arguments that name the device.
    large
        Its further arguments for large netlists: cells, flip-flops too, and what it is given
        beyond so many.
    unplaced
        Its arguments that let pins stay unconstrained.
    pins
        The placer's arguments for that file and the clock, with '{constraints}' and '{mhz}'.
    routed
        Its argument for its output, and the ending of that.
    packer
        The program, and its arguments with '{routed}' and '{bitstream}' for the files.
    bitstream
        The ending of a bitstream's file.
    utilization
        What each resource of a report is called by nextpnr; several kinds of it have a space
        between them.
    memories
        What each kind of memory is called in the netlist.
    flip_flops
        How the names of flip-flops in the netlist start.
    ram_library
        What memories can become, as Yosys' `memory_libmap` reads it, where not all that synthesis
        itself would take; '' for all.
    carry_map
        Verilog that synthesis maps sums with, before its own; '' for none.
    trim
        Called with the netlist's module before placement, to change it in place; None for nothing.
    """

    synthesis: str
    synthesis_options: tuple[str, ...]
    placer: str
    placer_device: tuple[str, ...]
    unplaced: tuple[str, ...]
    pins: tuple[str, ...]
    routed: tuple[str, str]
    packer: tuple[str, ...]
    bitstream: str
    utilization: Mapping[str, str]
    memories: Mapping[str, str]
    flip_flops: str
    ram_library: str = ""
    carry_map: str = ""
    trim: Callable[[dict[str, Any]], None] | None = None
    large: tuple[tuple[int, tuple[str, ...]], ...] = ()
