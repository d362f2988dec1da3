import numpy as np
import pytest
from refusal import refused
from somagate.export.neuron import Activation, Current, Leak, Neuron, Shift, Ternary

LARGE = 2**31


def neuron(**changes):
    given = {"bias": [0, 0], "threshold": [1, 1], "store": Shift(bits=4, shift=1)}
    return Neuron(**(given | changes))


@pytest.mark.parametrize(
    ("fields", "low", "high"),
    [
        ({}, 0, 1),
        ({"kind": "count", "bits": 1}, 0, 1),
        ({"kind": "count", "bits": 8}, 0, 255),
        ({"kind": "value", "bits": 8}, 0, 255),
        ({"kind": "value", "bits": 8, "signed": True}, -128, 127),
        ({"kind": "value", "bits": 1, "signed": True}, -1, 0),
    ],
)
def test_an_activation_spans_its_bits(fields, low, high):
    activation = Activation(**fields)
    assert (activation.low, activation.high) == (low, high)


@pytest.mark.parametrize(
    ("fields", "kind", "message"),
    [
        (
            {"kind": "pulse"},
            ValueError,
            "Activation kind must be 'spike', 'count' or 'value', not 'pulse'",
        ),
        ({"kind": "count", "bits": 0}, ValueError, "Activation bits must be 1…8, not 0"),
        ({"kind": "value", "bits": 9}, ValueError, "Activation bits must be 1…8, not 9"),
        ({"kind": "value", "bits": "2"}, TypeError, "Activation bits must be an int, not '2'"),
        ({"bits": 2}, ValueError, "Activation bits must be 1 for a spike, not 2"),
        (
            {"kind": "value", "signed": 1},
            TypeError,
            "Activation signed must be a bool, not 1",
        ),
        (
            {"kind": "count", "signed": True},
            ValueError,
            "Activation signed must be False for a count, not True",
        ),
    ],
)
def test_an_activation_is_refused(fields, kind, message):
    with refused(kind, message):
        Activation(**fields)


def test_no_leak_is_the_default():
    assert Leak().identity
    assert Leak(multiplier=[4, 4], shift=2).identity
    assert not Leak(multiplier=[4, 3], shift=2).identity
    assert not Leak(multiplier=np.int64(0)).identity


@pytest.mark.parametrize(
    ("fields", "kind", "message"),
    [
        ({"shift": 16}, ValueError, "Leak shift must be 0…15, not 16"),
        ({"shift": -1}, ValueError, "Leak shift must be 0…15, not -1"),
        ({"at": "add"}, ValueError, "Leak at must be 'load' or 'store', not 'add'"),
        ({"rounding": "even"}, ValueError, "Leak rounding must be 'down' or 'up', not 'even'"),
        (
            {"multiplier": [16, 17], "shift": 4},
            ValueError,
            "Leak multiplier must be 0…16, not 17 at (1,)",
        ),
        ({"multiplier": np.int64(-1)}, ValueError, "Leak multiplier must be 0…1, not -1"),
        ({"multiplier": 0.5}, TypeError, "Leak multiplier must hold integers, not float64"),
    ],
)
def test_a_leak_is_refused(fields, kind, message):
    with refused(kind, message):
        Leak(**fields)


@pytest.mark.parametrize(("bits", "low", "high"), [(2, -2, 1), (3, -4, 3), (16, -32768, 32767)])
def test_a_shift_store_spans_its_bits(bits, low, high):
    store = Shift(bits=bits, shift=15)
    assert (store.low, store.high) == (low, high)


@pytest.mark.parametrize(
    ("fields", "kind", "message"),
    [
        ({"bits": 1, "shift": 0}, ValueError, "Shift bits must be 2…16, not 1"),
        ({"bits": 17, "shift": 0}, ValueError, "Shift bits must be 2…16, not 17"),
        ({"bits": 2, "shift": 16}, ValueError, "Shift shift must be 0…15, not 16"),
        ({"bits": 2, "shift": 0.5}, TypeError, "Shift shift must be an int, not 0.5"),
    ],
)
def test_a_shift_store_is_refused(fields, kind, message):
    with refused(kind, message):
        Shift(**fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"store": Ternary(level=[1], boundary=[1])}, "Current store must be a Shift, not "),
        ({"leak": 0.5}, "Current leak must be a Leak, not 0.5"),
        ({"late": 1}, "Current late must be a bool, not 1"),
    ],
)
def test_a_current_is_refused(fields, message):
    if "store" in fields:
        message += repr(fields["store"])
    with refused(TypeError, message):
        Current(**({"store": Shift(bits=4, shift=0)} | fields))


def test_a_ternary_store_has_two_bits():
    store = Ternary(level=[0, LARGE - 1], boundary=[1, LARGE - 1])
    assert (store.bits, store.low, store.high) == (2, -1, 1)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"level": [-1], "boundary": [1]}, "Ternary level must be 0…2147483647, not -1 at (0,)"),
        (
            {"level": [0], "boundary": [0]},
            "Ternary boundary must be 1…2147483647, not 0 at (0,)",
        ),
        ({"level": [[0]], "boundary": [1]}, "Ternary level must have 1 axes, not 2: (1, 1)"),
    ],
)
def test_a_ternary_store_is_refused(fields, message):
    with refused(ValueError, message):
        Ternary(**fields)


@pytest.mark.parametrize(
    "changes",
    [
        {"threshold": None, "reset": "none"},
        {"reset": "subtract", "amount": [-LARGE, LARGE - 1]},
        {"leak": Leak(multiplier=[1, 2], shift=3, at="store")},
        {"store": Ternary(level=[1, 1], boundary=[1, 1])},
        {"bias": np.array([-LARGE, LARGE - 1]), "threshold": np.array([-LARGE, LARGE - 1])},
        {"mask_negative": True},
        {"lower_bound": [-LARGE, LARGE - 1]},
    ],
)
def test_a_neuron_has_as_many_channels_as_its_bias(changes):
    assert neuron(**changes).channels == 2


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        (
            {"bias": [0, LARGE]},
            ValueError,
            "Neuron bias must be -2147483648…2147483647, not 2147483648 at (1,)",
        ),
        (
            {"threshold": [-LARGE - 1, 0]},
            ValueError,
            "Neuron threshold must be -2147483648…2147483647, not -2147483649 at (0,)",
        ),
        (
            {"reset": "sub"},
            ValueError,
            "Neuron reset must be 'zero', 'subtract', 'none', 'blank' or 'undelayed', not 'sub'",
        ),
        ({"store": 3}, TypeError, "Neuron store must be a Shift or a Ternary, not 3"),
        ({"leak": 0.9}, TypeError, "Neuron leak must be a Leak, not 0.9"),
        (
            {"threshold": None},
            ValueError,
            "Neuron reset must be 'none' where threshold is None, not 'zero'",
        ),
        (
            {"threshold": None, "reset": "none", "mask_negative": True},
            ValueError,
            "Neuron mask_negative must be False where threshold is None, not True",
        ),
        (
            {"lower_bound": [0, -LARGE - 1]},
            ValueError,
            "Neuron lower_bound must be -2147483648…2147483647, not -2147483649 at (1,)",
        ),
        (
            {"lower_bound": [0]},
            ValueError,
            "Neuron lower_bound must have 2 channels as bias has, not 1",
        ),
        (
            {"current": Shift(bits=4, shift=0)},
            TypeError,
            "Neuron current must be a Current or None, not Shift(bits=4, shift=0)",
        ),
        (
            {"current": Current(store=Shift(bits=4, shift=0), leak=Leak(multiplier=[1], shift=1))},
            ValueError,
            "Neuron current leak multiplier must have 2 channels as bias has, not 1",
        ),
        ({"spike_bits": 9}, ValueError, "Neuron spike_bits must be 1…8, not 9"),
        (
            {"spike_bits": 2, "threshold": None, "reset": "none"},
            ValueError,
            "Neuron spike_bits must be 1 where threshold is None, not 2",
        ),
        (
            {"spike_bits": 2, "threshold": [3, 0]},
            ValueError,
            "Neuron threshold must be positive where spike_bits is 2, not 0",
        ),
        (
            {"spike_bits": 3, "reset": "undelayed", "amount": [1, 1]},
            ValueError,
            "Neuron reset must not be 'undelayed' where spike_bits is 3",
        ),
        (
            {"spike_bits": 2, "reset": "subtract", "amount": [1, 2]},
            ValueError,
            "Neuron amount must be the threshold where spike_bits is 2",
        ),
        (
            {
                "spike_bits": 2,
                "reset": "subtract",
                "amount": [1, 1],
                "leak": Leak(multiplier=1, shift=1, at="store"),
            },
            ValueError,
            "Neuron leak must be at 'load' where spike_bits is 2, not at 'store'",
        ),
        ({"gain": 16}, ValueError, "Neuron gain must be 0…15, not 16"),
        ({"gain": 0.5}, TypeError, "Neuron gain must be an int, not 0.5"),
        ({"mask_negative": 1}, TypeError, "Neuron mask_negative must be a bool, not 1"),
        (
            {"reset": "subtract"},
            ValueError,
            "Neuron amount must be given for reset 'subtract', not None",
        ),
        (
            {"reset": "undelayed"},
            ValueError,
            "Neuron amount must be given for reset 'undelayed', not None",
        ),
        (
            {"reset": "subtract", "amount": [0, LARGE]},
            ValueError,
            "Neuron amount must be -2147483648…2147483647, not 2147483648 at (1,)",
        ),
        (
            {"amount": [1, 1]},
            ValueError,
            "Neuron amount must be None for reset 'zero', not given",
        ),
        (
            {
                "store": Ternary(level=[1, 1], boundary=[1, 1]),
                "leak": Leak(multiplier=np.int64(1), shift=1),
            },
            ValueError,
            (
                "Neuron leak must be none for a Ternary store, whose level already holds it; "
                "not (1 · x) >> 1"
            ),
        ),
        (
            {"threshold": [1]},
            ValueError,
            "Neuron threshold must have 2 channels as bias has, not 1",
        ),
        (
            {"reset": "subtract", "amount": [1]},
            ValueError,
            "Neuron amount must have 2 channels as bias has, not 1",
        ),
        (
            {"leak": Leak(multiplier=[1, 1, 1])},
            ValueError,
            "Neuron leak multiplier must have 2 channels as bias has, not 3",
        ),
        (
            {"store": Ternary(level=[1], boundary=[1, 1])},
            ValueError,
            "Neuron store level must have 2 channels as bias has, not 1",
        ),
        (
            {"store": Ternary(level=[1, 1], boundary=[1])},
            ValueError,
            "Neuron store boundary must have 2 channels as bias has, not 1",
        ),
    ],
)
def test_a_neuron_is_refused(changes, kind, message):
    with refused(kind, message):
        neuron(**changes)
