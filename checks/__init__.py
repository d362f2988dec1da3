"""Checks of arguments: each raises what a value must be, then what it is."""

from .arguments import (
    choice,
    flag,
    identifier,
    integer,
    integers,
    kind_of,
    number,
    optional,
    pair,
    per_channel,
)

__all__ = [
    "choice",
    "flag",
    "identifier",
    "integer",
    "integers",
    "kind_of",
    "number",
    "optional",
    "pair",
    "per_channel",
]
