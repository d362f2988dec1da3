"""How results look in a terminal, a log and a notebook: tables and sentences, drawn by rich.

A result is a record that says its own content twice: `to_dict` for programs, `shown` for people.
"""

from .tables import Shown, grid, text

__all__ = ["Shown", "grid", "text"]
