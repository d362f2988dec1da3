"""A check before an allocation whose size the user chose."""

import os


def machine_bytes() -> int:
    """Return the bytes of memory that this machine has."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def room(what: str, needed: int, way_out: str) -> None:
    """Raise `ValueError` where `needed` bytes are more than the machine's memory.

    The message is one sentence: `what` must fit, what it takes, and the way out.
    """
    there = machine_bytes()
    if needed > there:
        raise ValueError(
            f"{what} must fit the machine's {there / 1e9:.1f} GB of memory, but takes "
            f"{needed / 1e9:,.1f} GB; {way_out}"
        )
