"""Widths of integers."""


def signed_bits(low: int, high: int) -> int:
    """Return the width in bits of the narrowest two's complement integer for low…high."""
    return max(int(high).bit_length(), int(-low - 1).bit_length() if low < 0 else 0) + 1
