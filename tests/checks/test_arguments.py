import numpy as np
import pytest
from refusal import refused
from somagate.checks import arguments as checks


def test_an_integer_passes_at_both_ends_and_becomes_an_int():
    assert checks.integer("n", -3, -3, 5) == -3
    assert type(checks.integer("n", np.int64(5), -3, 5)) is int


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        (-4, ValueError, "n must be -3…5, not -4"),
        (np.int64(6), ValueError, "n must be -3…5, not 6"),
        (1.0, TypeError, "n must be an int, not 1.0"),
        (True, TypeError, "n must be an int, not True"),
        (None, TypeError, "n must be an int, not None"),
    ],
)
def test_an_integer_is_refused(value, kind, message):
    with refused(kind, message):
        checks.integer("n", value, -3, 5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("a",), "c must be 'a', not 'x'"),
        (("a", "b"), "c must be 'a' or 'b', not 'x'"),
        (("a", "b", "c"), "c must be 'a', 'b' or 'c', not 'x'"),
    ],
)
def test_a_choice_is_one_of_its_options(options, message):
    assert checks.choice("c", options[-1], options) == options[-1]
    with refused(ValueError, message):
        checks.choice("c", "x", options)


@pytest.mark.parametrize("value", ["a", "_1", "conv_2"])
def test_an_identifier_passes(value):
    assert checks.identifier("name", value) == value


@pytest.mark.parametrize("value", ["", "1a", "a-b", "a b", "größe"])
def test_an_identifier_is_refused(value):
    with refused(
        ValueError,
        f"name must be letters, digits and underscores, no digit first, not {value!r}",
    ):
        checks.identifier("name", value)


def test_an_identifier_is_a_str():
    with refused(TypeError, "name must be a str, not 3"):
        checks.identifier("name", 3)


@pytest.mark.parametrize("value", [2, np.int32(2), (2, 2), [2, 2]])
def test_a_pair_is_one_int_or_two(value):
    assert checks.pair("size", value, 1, 4) == (2, 2)


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        ((1,), TypeError, "size must be an int or two ints (rows, columns), not (1,)"),
        ("12", TypeError, "size must be an int or two ints (rows, columns), not '12'"),
        ((0, 1), ValueError, "size rows must be 1…4, not 0"),
        ((1, 5), ValueError, "size columns must be 1…4, not 5"),
        ((1, 1.0), TypeError, "size columns must be an int, not 1.0"),
        (True, TypeError, "size rows must be an int, not True"),
    ],
)
def test_a_pair_is_refused(value, kind, message):
    with refused(kind, message):
        checks.pair("size", value, 1, 4)


@pytest.mark.parametrize("dtype", [np.int8, np.uint64, np.int64])
def test_integers_become_a_read_only_copy_of_int32(dtype):
    value = np.array([[0, 5], [1, 2]], dtype)
    array = checks.integers("a", value, (2,), 0, 5)
    assert array.dtype == np.int32
    assert array.tolist() == value.tolist()
    value[0, 0] = 3
    assert array[0, 0] == 0
    with pytest.raises(ValueError, match="read-only"):
        array[0, 0] = 1


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        ([1.0], TypeError, "a must hold integers, not float64"),
        ([True], TypeError, "a must hold integers, not bool"),
        ([[1]], ValueError, "a must have 0 or 1 axes, not 2: (1, 1)"),
        (np.zeros(0, int), ValueError, "a must not be empty, but has shape (0,)"),
        ([0, -4, 9], ValueError, "a must be -3…5, not -4 at (1,)"),
        (np.uint64(2**63), ValueError, "a must be -3…5, not 9223372036854775808"),
        (np.int64(6), ValueError, "a must be -3…5, not 6"),
    ],
)
def test_integers_are_refused(value, kind, message):
    with refused(kind, message):
        checks.integers("a", value, (0, 1), -3, 5)


def test_per_channel_has_one_axis():
    assert checks.per_channel("a", [1, 2], 0, 5).tolist() == [1, 2]
    with refused(ValueError, "a must have 1 axes, not 0: ()"):
        checks.per_channel("a", 1, 0, 5)
