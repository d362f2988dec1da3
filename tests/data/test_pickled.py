import codecs
import pickle
import sys

import numpy as np
import pytest
from refusal import refused
from somagate.data.pickled import read
from somagate.data.record import DataError


class Attack:
    """Unpickled by pickle, it would set `sys.attacked`."""

    def __reduce__(self):
        return exec, ("import sys; sys.attacked = True",)


@pytest.mark.parametrize("protocol", range(6))
def test_nothing_is_called_but_what_rebuilds_arrays(tmp_path, protocol):
    path = tmp_path / "batch"
    path.write_bytes(pickle.dumps({"data": Attack()}, protocol))
    name = "__builtin__.exec" if protocol < 3 else "builtins.exec"
    with refused(
        DataError,
        f"{path} must be a pickle of plain values and NumPy arrays, but can't be read: "
        f"it names {name}",
    ):
        read(path)
    assert not hasattr(sys, "attacked")


@pytest.mark.parametrize("protocol", range(6))
def test_plain_values_and_arrays_are_read(tmp_path, protocol):
    path = tmp_path / "batch"
    array = np.arange(12, dtype=np.int16).reshape(3, 4)
    path.write_bytes(pickle.dumps({b"a": array, "b": [1, 2.5, None, (True, "x")]}, protocol))
    found = read(path)
    assert np.array_equal(found[b"a"], array)
    assert found["b"] == [1, 2.5, None, (True, "x")]


@pytest.mark.parametrize("content", [b"", b"<html>", pickle.dumps([1, 2, 3])[:-2]])
def test_what_is_no_pickle_is_refused(tmp_path, content):
    path = tmp_path / "batch"
    path.write_bytes(content)
    with pytest.raises(DataError) as error:
        read(path)
    start = f"{path} must be a pickle of plain values and NumPy arrays, but can't be read: "
    assert str(error.value).startswith(start)


@pytest.mark.parametrize("arguments", [("x", "utf-8"), (b"x", "latin1"), ("x", "rot13")])
def test_bytes_are_encoded_as_latin1_and_in_no_other_way(tmp_path, arguments):
    class Encoded:
        def __reduce__(self):
            return codecs.encode, arguments

    path = tmp_path / "batch"
    path.write_bytes(pickle.dumps(Encoded(), 2))
    with refused(
        DataError,
        f"{path} must be a pickle of plain values and NumPy arrays, but can't be read: "
        "bytes must be written as a text in latin1",
    ):
        read(path)
