"""The boards themselves, one file each and listed in `boards.registry`: pins, clock and loader."""

__all__: list[str] = []
