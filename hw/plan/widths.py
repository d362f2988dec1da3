"""How many parts make a whole, and how many bits an index takes."""


def parts(whole: int, size: int) -> int:
    """Return how many parts of a size hold a whole: their quotient, rounded up."""
    return -(-whole // size)


def bits_of(count: int) -> int:
    """Return the width of a number below `count`: of an index or an address; 1 at least."""
    return max(1, (count - 1).bit_length())
