"""The handwritten digits that come with scikit-learn."""

import numpy as np

from .record import DataSet
from .request import Request

TEST = 500
"""Images that are kept for the test, with the classes in their proportions."""


def read(request: Request) -> DataSet:
    """Return 1,297 + 500 images of 8×8 pixels, 0…16."""
    try:
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split
    except ImportError as error:
        raise ImportError(
            "digits needs scikit-learn, which is not installed: pip install 'somagate[train]'"
        ) from error
    bunch = load_digits()
    images = bunch.images.astype(np.uint8)[:, None]
    labels = bunch.target.astype(np.int64)
    train, test = train_test_split(
        np.arange(len(labels)), test_size=TEST, random_state=0, stratify=labels
    )
    return DataSet(
        name=request.title,
        train_images=images[train],
        train_labels=labels[train],
        test_images=images[test],
        test_labels=labels[test],
        maximum=16,
        class_names=tuple("0123456789"),
    )
