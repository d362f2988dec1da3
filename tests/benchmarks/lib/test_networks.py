"""Random values are as they were asked for."""

from benchmarks.lib import networks


def test_values_have_the_zeros_that_were_asked_for():
    tables = networks.convolution(steps=1, value_bits=4)
    x = networks.values(tables, 0.5, 2)
    assert x.shape == (1, 2, 32, 16, 16)
    assert 0.48 < (x == 0).mean() < 0.52
    assert (x.min(), x.max()) == (0, 15)
    assert 0.09 < networks.spikes(networks.convolution(), 0.1, 1).mean() < 0.11
