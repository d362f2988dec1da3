"""The other end of a board's line: frames, a link that survives faults, devices, virtual boards."""

from .device import PlanDevice
from .job import Answers
from .link import Counts, Link, LinkError
from .serving import Faults, Served
from .session import DeviceError, DeviceIdentity
from .virtual_board import VirtualBoard

__all__ = [
    "Answers",
    "Counts",
    "DeviceError",
    "DeviceIdentity",
    "Faults",
    "Link",
    "LinkError",
    "PlanDevice",
    "Served",
    "VirtualBoard",
]
