"""What a data set is: its samples, their labels or boxes, and the split for training and test."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .folds import folds

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]
Places = NDArray[np.float32]

NO_LABEL = -1
"""Stands for each label of a sample that has boxes instead."""


class DataError(ValueError):
    """A data set that is missing or is not what it must be; the message names the file."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Boxes:
    """The objects in some samples, each in a box.

    Attributes
    ----------
    samples
        Number of samples, with boxes or without.
    sample
        int64 (boxes,): which one a box is in, 0…samples - 1, ascending.
    label
        int64 (boxes,): the object's class.
    place
        float32 (boxes, 4): left, top, width and height in pixels, from the upper left corner.
    """

    samples: int
    sample: Labels
    label: Labels
    place: Places

    @classmethod
    def build(cls, found: Sequence[Sequence[tuple[int, Sequence[float]]]]) -> "Boxes":
        """Return boxes from a list a sample, of (label, (left, top, width, height)) each."""
        flat = [box for boxes in found for box in boxes]
        return cls(
            samples=len(found),
            sample=np.repeat(np.arange(len(found)), [len(boxes) for boxes in found]),
            label=np.array([label for label, _ in flat], np.int64),
            place=np.array([place for _, place in flat], np.float32).reshape(-1, 4),
        )

    def of(self, sample: int) -> tuple[Labels, Places]:
        """Return labels (boxes,) and places (boxes, 4) of one sample."""
        first, last = np.searchsorted(self.sample, [sample, sample + 1])
        return self.label[first:last], self.place[first:last]

    def take(self, samples: Sequence[int] | Labels) -> "Boxes":
        """Return the boxes of some samples, which are then 0…len(samples) - 1."""
        parts = [self.of(int(sample)) for sample in samples]
        return Boxes.build(
            [list(zip(labels.tolist(), places.tolist(), strict=True)) for labels, places in parts]
        )

    def __add__(self, other: "Boxes") -> "Boxes":
        """Return the boxes of these samples and of the others behind them."""
        return Boxes(
            samples=self.samples + other.samples,
            sample=np.concatenate([self.sample, other.sample + self.samples]),
            label=np.concatenate([self.label, other.label]),
            place=np.concatenate([self.place, other.place]),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class DataSet:
    """Samples with labels or boxes, split for training and test.

    Attributes
    ----------
    name
        As given to `read`, without a folder.
    train_images, test_images
        uint8 (samples, channels, rows, columns), 0…maximum; where `steps` is a number, they are
        frames (samples, steps, channels, rows, columns), one a time step.
    train_labels, test_labels
        int64 (samples,), 0…classes - 1; `NO_LABEL` throughout where there are boxes.
    maximum
        The pixel that stands for the full scale; of frames, the most that an element can be.
    classes
        Number of classes.
    class_names
        Of each class, where the data set names them.
    steps
        Time steps of the frames; None says that the samples are still images.
    train_boxes, test_boxes
        Of a data set for detection; in pixels of the images.
    """

    name: str
    train_images: Images
    train_labels: Labels
    test_images: Images
    test_labels: Labels
    maximum: int
    classes: int = 10
    class_names: tuple[str, ...] = ()
    steps: int | None = None
    train_boxes: Boxes | None = None
    test_boxes: Boxes | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, rows, columns) of one image, or of one frame."""
        channels, rows, columns = self.train_images.shape[-3:]
        return channels, rows, columns

    def fold(self, number: int, count: int, *, seed: int = 0) -> "DataSet":
        """Return the same samples, split anew: fold `number` of `count` is the test set.

        Training and test samples are pooled first, in this order. Every sample is in the test set
        of exactly one fold; each fold has the classes in their proportions.

        Parameters
        ----------
        number
            1…count.
        count
            Folds, 2…samples.
        seed
            Of the assignment.

        Raises
        ------
        ValueError
            Where an argument is out of range.
        """
        labels = np.concatenate([self.train_labels, self.test_labels])
        if not 1 <= number <= count:
            raise ValueError(f"fold must be 1…{count} of {count}, not {number}")
        chosen = folds(labels, count, seed=seed) == number - 1
        images = self.train_images
        if len(self.test_images):
            images = np.concatenate([images, self.test_images])
        changed = replace(
            self,
            train_images=images[~chosen],
            train_labels=labels[~chosen],
            test_images=images[chosen],
            test_labels=labels[chosen],
        )
        if self.train_boxes is None or self.test_boxes is None:
            return changed
        boxes = self.train_boxes + self.test_boxes
        return replace(
            changed,
            train_boxes=boxes.take(np.flatnonzero(~chosen)),
            test_boxes=boxes.take(np.flatnonzero(chosen)),
        )

    def validation(self, number: int, count: int, *, seed: int = 0) -> "DataSet":
        """Return the training samples alone, split anew: fold `number` of `count` is the test set.

        What is chosen by trying, settings of a recipe above all, is chosen by such a set: the true
        test set, which is left out, then says how good the choice is of samples that had no part
        in it.

        Parameters
        ----------
        number
            1…count.
        count
            Folds, 2…training samples.
        seed
            Of the assignment.

        Raises
        ------
        ValueError
            Where an argument is out of range.
        """
        if not 1 <= number <= count:
            raise ValueError(f"validation must be 1…{count} of {count}, not {number}")
        boxes = None if self.test_boxes is None else self.test_boxes.take([])
        alone = replace(
            self,
            test_images=self.test_images[:0],
            test_labels=self.test_labels[:0],
            test_boxes=boxes,
        )
        return alone.fold(number, count, seed=seed)
