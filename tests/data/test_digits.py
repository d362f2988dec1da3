import numpy as np
from refusal import refused
from somagate import data


def test_digits_are_split_by_class_and_never_change():
    digits = data.read("digits")
    assert digits.train_images.shape == (1297, 1, 8, 8)
    assert digits.test_images.shape == (500, 1, 8, 8)
    assert digits.train_images.dtype == np.uint8
    assert digits.train_labels.dtype == np.int64
    assert (digits.maximum, digits.classes, digits.shape) == (16, 10, (1, 8, 8))
    assert digits.train_images.max() == 16
    share = np.bincount(digits.test_labels) / np.bincount(digits.train_labels)
    assert np.ptp(share) < 0.02
    assert digits.test_labels[:12].tolist() == [4, 8, 8, 3, 9, 0, 6, 3, 9, 8, 4, 5]
    seen = {image.tobytes() for image in digits.train_images}
    assert sum(image.tobytes() in seen for image in digits.test_images) == 0


def test_digits_without_scikit_learn_say_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn.datasets", None)
    with refused(
        ImportError,
        "digits needs scikit-learn, which is not installed: pip install 'somagate[train]'",
    ):
        data.read("digits")
