"""Pickles that hold data: read without running what else a pickle can call."""

import io
import pickle
from pathlib import Path
from typing import Any

from .record import DataError

ALLOWED = {
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    *((module, name)
      for module in ("numpy.core.multiarray", "numpy._core.multiarray")
      for name in ("_reconstruct",)),
    ("numpy.core.numeric", "_frombuffer"),
    ("numpy._core.numeric", "_frombuffer"),
}  # fmt: skip
"""What an array is rebuilt by, under the names of NumPy 1 and 2. Plain values need no name."""


def _encoded(text: Any, encoding: Any = "latin1") -> bytes:
    """Return bytes as protocols 0 to 2 write them: characters 0…255 of a text in Latin-1."""
    if not isinstance(text, str) or encoding not in ("latin1", b"latin1"):
        raise pickle.UnpicklingError("bytes must be written as a text in latin1")
    return text.encode("latin1")


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("_codecs", "encode"):
            return _encoded
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        if module.startswith("numpy.core"):
            module = module.replace("numpy.core", "numpy._core")
        return super().find_class(module, name)


def read(path: Path) -> Any:
    """Return a pickle's plain values and NumPy arrays; strings of Python 2 come as bytes.

    Raises
    ------
    DataError
        Where the file is not such a pickle; nothing that it names besides NumPy's arrays is ever
        imported or called.
    """
    try:
        # What the stream calls is `ALLOWED` alone, whatever its bytes are.
        return _Unpickler(io.BytesIO(path.read_bytes()), encoding="bytes").load()
    except OSError:
        raise
    except Exception as error:  # a broken stream ends in many kinds of error
        told = str(error) or type(error).__name__
        raise DataError(
            f"{path} must be a pickle of plain values and NumPy arrays, but can't be read: {told}"
        ) from None
