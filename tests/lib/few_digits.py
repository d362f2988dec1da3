"""The first of the bundled digits, for trainings that take a moment."""

from dataclasses import replace

from somagate.data import DataSet, read

DIGITS = read("digits")


def few_digits(train: int, test: int) -> DataSet:
    """Return the data set with so many images to train on, and to test on."""
    return replace(
        DIGITS,
        train_images=DIGITS.train_images[:train], train_labels=DIGITS.train_labels[:train],
        test_images=DIGITS.test_images[:test], test_labels=DIGITS.test_labels[:test],
    )  # fmt: skip
