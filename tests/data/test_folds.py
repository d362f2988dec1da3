import numpy as np
import pytest
from refusal import refused
from somagate.data import folds

LABELS = np.random.default_rng(0).integers(0, 7, 103)


@pytest.mark.parametrize("count", [2, 5, 10, 103])
def test_folds_and_each_class_in_them_differ_by_one_sample_at_most(count):
    found = folds(LABELS, count)
    assert np.ptp(np.bincount(found, minlength=count)) <= 1
    for label in range(7):
        assert np.ptp(np.bincount(found[LABELS == label], minlength=count)) <= 1


def test_folds_hang_on_the_seed_alone():
    assert folds(LABELS[:12], 3).tolist() == folds(LABELS[:12], 3).tolist()
    assert folds(LABELS, 3, seed=1).tolist() != folds(LABELS, 3, seed=2).tolist()
    assert folds(np.zeros(8, np.int64), 2, seed=5).tolist() == [0, 1, 1, 0, 1, 1, 0, 0]


@pytest.mark.parametrize("count", [1, 104])
def test_too_few_or_too_many_folds_are_refused(count):
    with refused(ValueError, f"folds must be 2…103, the number of samples, not {count}"):
        folds(LABELS, count)
