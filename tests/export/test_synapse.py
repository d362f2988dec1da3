import numpy as np
import pytest
from refusal import refused
from somagate.export.synapse import Convolution, Dense, Identity, weight_range


def ones(*shape):
    return np.ones(shape, np.int64)


def convolution(*shape, **fields):
    return Convolution(source="input", weights=ones(*shape), bits=2, **fields)


@pytest.mark.parametrize(
    ("bits", "low", "high"), [(1, -1, 1), (2, -1, 1), (3, -4, 3), (4, -8, 7), (8, -128, 127)]
)
def test_a_weight_spans_its_bits(bits, low, high):
    assert weight_range(bits) == (low, high)
    weights = Identity(source="input", weights=[low, high], bits=bits).weights
    assert weights.tolist() == [low, high]


@pytest.mark.parametrize(
    ("make", "fields", "kind", "message"),
    [
        (Dense, {"source": "1"}, ValueError, ("Dense source must be letters, digits and "
         "underscores, no digit first, not '1'")),
        (Dense, {"bits": 0}, ValueError, "Dense bits must be 1…8, not 0"),
        (Dense, {"bits": 9}, ValueError, "Dense bits must be 1…8, not 9"),
        (Dense, {"delay": -1}, ValueError, "Dense delay must be 0…255, not -1"),
        (Convolution, {"delay": 256}, ValueError, "Convolution delay must be 0…255, not 256"),
        (Identity, {"delay": 1.5}, TypeError, "Identity delay must be an int, not 1.5"),
        (Dense, {"weights": ones(2)}, ValueError,
         "Dense weights of 2 bits must have 2 axes, not 1: (2,)"),
        (Dense, {"weights": [[0, 2]]}, ValueError,
         "Dense weights of 2 bits must be -1…1, not 2 at (0, 1)"),
        (Dense, {"weights": [[0.5]]}, TypeError,
         "Dense weights of 2 bits must hold integers, not float64"),
        (Dense, {"weights": [[1, 0]], "bits": 1}, ValueError,
         "Dense weights of 1 bit must be -1 or 1, not 0 at (0, 1)"),
        (Convolution, {"source": None}, TypeError, "Convolution source must be a str, not None"),
        (Convolution, {"weights": ones(2, 2)}, ValueError,
         "Convolution weights of 2 bits must have 4 axes, not 2: (2, 2)"),
        (Convolution, {"stride": 0}, ValueError, "Convolution stride rows must be 1…255, not 0"),
        (Convolution, {"stride": (1, 256)}, ValueError,
         "Convolution stride columns must be 1…255, not 256"),
        (Convolution, {"padding": (-1, 0)}, ValueError,
         "Convolution padding rows must be 0…255, not -1"),
        (Convolution, {"padding": "same"}, TypeError,
         "Convolution padding must be an int or two ints (rows, columns), not 'same'"),
        (Convolution, {"groups": 0}, ValueError, "Convolution groups must be 1…65535, not 0"),
        (Convolution, {"groups": 4}, ValueError,
         "Convolution groups must divide the 6 channels, not 4"),
        (Identity, {"source": 1}, TypeError, "Identity source must be a str, not 1"),
        (Identity, {"weights": ones(2, 2)}, ValueError,
         "Identity weights of 2 bits must have 1 axes, not 2: (2, 2)"),
    ],
)  # fmt: skip
def test_a_group_is_refused(make, fields, kind, message):
    shape = {Dense: (2, 3), Convolution: (6, 2, 3, 3), Identity: (3,)}[make]
    with refused(kind, message):
        make(**({"source": "input", "weights": ones(*shape), "bits": 2} | fields))


def test_a_dense_group_sees_every_element():
    group = Dense(source="input", weights=ones(5, 12), bits=2)
    assert group.target((12,)) == group.target((3, 2, 2)) == (5,)
    with refused(
        ValueError,
        "Dense weights must have 8 columns for the source 'input' of shape (2, 2, 2), not 12",
    ):
        group.target((2, 2, 2))


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "size"),
    [
        ((3, 3), 1, 1, (7, 9)),
        ((1, 1), 1, 0, (7, 9)),
        ((3, 2), (2, 3), 0, (3, 3)),
        ((7, 9), 1, 0, (1, 1)),
        ((2, 2), 255, (3, 0), (1, 1)),
    ],
)
def test_a_convolution_has_the_size_that_torch_gives_it(kernel, stride, padding, size):
    group = convolution(4, 2, *kernel, stride=stride, padding=padding)
    assert group.kernel == kernel
    assert group.target((2, 7, 9)) == (4, *size)


@pytest.mark.parametrize(
    ("fields", "source", "message"),
    [
        ({}, (18,), ("Convolution source 'input' must have shape (channels, rows, columns), "
         "not (18,)")),
        ({}, (3, 7, 7), ("Convolution weights must have 3 source channels for the source 'input', "
         "not 2 in 1 groups")),
        ({"groups": 2}, (2, 7, 7), ("Convolution weights must have 2 source channels for the "
         "source 'input', not 2 in 2 groups")),
        ({}, (2, 2, 7), ("Convolution kernel must fit the source 'input' of shape (2, 2, 7) with "
         "padding (0, 0), not be (3, 3)")),
    ],
)  # fmt: skip
def test_a_convolution_refuses_its_source(fields, source, message):
    with refused(ValueError, message):
        convolution(4, 2, 3, 3, **fields).target(source)


def test_an_identity_keeps_the_shape():
    group = Identity(source="input", weights=ones(3), bits=1)
    assert group.target((3, 4, 5)) == (3, 4, 5)
    assert group.target((3,)) == (3,)
    with refused(ValueError, "Identity weights must have 2 channels for the source 'input', not 3"):
        group.target((2, 4, 5))


def test_pruned_source_channels_have_no_weights():
    mask = np.array([True, False, True, True])
    dense = Dense(source="input", weights=ones(1, 8), bits=2)
    assert dense.masked((4, 1, 2), mask).tolist() == [[1, 1, 0, 0, 1, 1, 1, 1]]
    grouped = convolution(2, 2, 1, 1, groups=2)
    assert grouped.masked((4, 1, 1), mask)[:, :, 0, 0].tolist() == [[1, 0], [1, 1]]
    identity = Identity(source="input", weights=ones(4), bits=2)
    assert identity.masked((4,), mask).tolist() == [1, 0, 1, 1]


def bounds(group, source, low, high, mask=None):
    mask = np.ones(source[0], bool) if mask is None else mask
    return [bound.tolist() for bound in group.bounds(source, mask, low, high)]


def test_bounds_are_reached_by_an_input():
    dense = Dense(source="input", weights=[[3, -2, 1], [-4, -4, -4]], bits=3)
    assert bounds(dense, (3,), 0, 1) == [[-2, -12], [4, 0]]
    assert bounds(dense, (3,), -2, 1) == [[-10, -12], [8, 24]]
    assert bounds(dense, (3,), 0, 1, np.array([False, True, True])) == [[-2, -8], [1, 0]]
    identity = Identity(source="input", weights=[3, -2], bits=3)
    assert bounds(identity, (2, 5, 5), 0, 9) == [[0, -18], [27, 0]]
    kernel = np.array([[[[3, -2]]], [[[-4, 1]]]])
    group = Convolution(source="input", weights=kernel, bits=3, padding=(0, 1))
    assert bounds(group, (1, 1, 1), 0, 1) == [[-2, -4], [3, 1]]
