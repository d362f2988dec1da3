"""Frames on a board's serial line, in gates: docs/wire.md says what is on the line."""

from .answers import FrameAnswers
from .commands import FrameCommands
from .receiver import FrameReceiver
from .results import ResultBytes
from .sender import FrameSender

__all__ = ["FrameAnswers", "FrameCommands", "FrameReceiver", "FrameSender", "ResultBytes"]
