"""What a refusal must be: the kind of the error, and every word of its message."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def refused(kind: type[Exception], message: str) -> Iterator[None]:
    """Demand that the body raises exactly `kind` with exactly `message`."""
    with pytest.raises(kind) as error:
        yield
    assert error.type is kind
    # A KeyError shows its message quoted.
    assert (error.value.args[0] if kind is KeyError else str(error.value)) == message
