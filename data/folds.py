"""Stratified folds for cross-validation."""

import numpy as np
from numpy.typing import NDArray


def folds(labels: NDArray[np.int64], count: int, *, seed: int = 0) -> NDArray[np.int64]:
    """Return the fold of each sample, 0…count - 1.

    The samples of each class are shuffled and dealt out to the folds in turn, each class going on
    where the one before it ended: a class's shares differ by at most one sample from fold to fold,
    and so do the folds. The random numbers are raw 64-bit integers of PCG64, so the same seed gives
    the same folds with every version of NumPy.

    Parameters
    ----------
    labels
        int64 (samples,).
    count
        Folds, 2…samples.
    seed
        0 or more.

    Raises
    ------
    ValueError
        Where there are fewer samples than folds, or fewer than two folds.
    """
    if not 2 <= count <= len(labels):
        raise ValueError(f"folds must be 2…{len(labels)}, the number of samples, not {count}")
    drawn = np.random.PCG64(seed).random_raw(len(labels))
    order = np.lexsort((drawn, labels))
    result = np.empty(len(labels), np.int64)
    result[order] = np.arange(len(labels)) % count
    return result
