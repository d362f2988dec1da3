"""Data sets of event cameras: N-MNIST, N-Caltech101, CIFAR10-DVS and DVS128 Gesture, as frames."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, cast

import numpy as np

from . import aedat, atis, cifar
from .events import Binning, Events, Frames, frames
from .pictures import listing
from .record import DataError, DataSet, Images, Labels
from .request import Request

KEYS = ("steps", "bins", "crop", "size", "maximum")
"""Options of all these data sets; see `Binning`."""

GESTURES = (
    "hand_clapping", "right_hand_wave", "left_hand_wave", "right_arm_clockwise",
    "right_arm_counter_clockwise", "left_arm_clockwise", "left_arm_counter_clockwise", "arm_roll",
    "air_drums", "air_guitar", "other_gestures",
)  # fmt: skip

_Split = tuple[Images, Labels]


def binning(request: Request) -> Binning:
    """Return the binning that a request's options ask for."""
    crop = request.numbers("crop", "ROWSxCOLUMNS+TOP+LEFT", "x++")
    return Binning(
        steps=request.integer("steps", 10, 1, 65535),
        bins=cast(Literal["time", "count"], request.choice("bins", ("time", "count"))),
        crop=None if crop is None else (crop[2], crop[3], crop[0], crop[1]),
        size=request.size(),
        maximum=request.integer("maximum", 1, 1, 255),
    )


def read_nmnist(request: Request) -> DataSet:
    """Return N-MNIST: `Train/DIGIT/*.bin` and `Test/DIGIT/*.bin`, of 34×34 pixels."""
    holds = "N-MNIST's Train/0 … Train/9 and Test/0 … Test/9"
    folder = request.directory(holds)
    digits = tuple(map(str, range(10)))
    splits = []
    for part in ("Train", "Test"):
        if not (folder / part).is_dir():
            raise DataError(f"{folder} must hold {holds}, but has no {part}")
        classes = _classes(folder / part, digits, (".bin",))
        splits.append(_files(classes, request, 34, 34, lambda path: atis.read(path, 34, 34)))
    return _data_set(request, splits, digits)


def read_ncaltech101(request: Request) -> DataSet:
    """Return N-Caltech101: `CLASS/*.bin` of up to 180×240 pixels, without a split of its own."""
    folder = request.directory("N-Caltech101's class folders with image_0001.bin …")
    classes = listing(folder, (".bin",))
    split = _files(classes, request, 180, 240, lambda path: atis.read(path, 180, 240))
    return _data_set(request, [split], tuple(classes))


def read_cifar10_dvs(request: Request) -> DataSet:
    """Return CIFAR10-DVS: `CLASS/*.aedat` of 128×128 pixels, without a split of its own."""
    folder = request.directory(f"CIFAR10-DVS's {cifar.NAMES[0]} … {cifar.NAMES[-1]}")
    classes = _classes(folder, cifar.NAMES, (".aedat",))
    return _data_set(request, [_files(classes, request, 128, 128, aedat.read_2)], cifar.NAMES)


def read_dvs_gesture(request: Request) -> DataSet:
    """Return DVS128 Gesture, of 128×128 pixels.

    The folder holds `trials_to_train.txt` and `trials_to_test.txt`, which list recordings, and of
    each one `NAME.aedat` and `NAME_labels.csv`, with class, start and end in µs of every gesture.
    """
    holds = "DVS128 Gesture's trials_to_train.txt, trials_to_test.txt and *.aedat"
    folder = request.directory(holds)
    form = binning(request)
    splits = []
    for part in ("train", "test"):
        trials = folder / f"trials_to_{part}.txt"
        if not trials.is_file():
            raise DataError(f"{folder} must hold {holds}, but has no {trials.name}")
        images: list[Frames] = []
        labels: list[int] = []
        for name in trials.read_text(encoding="utf-8-sig").split():
            path = folder / name
            if not path.is_file():
                raise DataError(f"{folder} must hold {name}, which {trials.name} lists, but hasn't")
            gestures = _gestures(path.with_name(f"{path.stem}_labels.csv"))
            events = aedat.read_3(path)
            first, last = events.t.min(), events.t.max()
            for label, start, end in gestures:
                if start < first or end - 1 > last:
                    raise DataError(
                        f"{path} must have events all through the gestures that its labels name, "
                        f"but {GESTURES[label]} is at {start}…{end - 1} µs, and they are at "
                        f"{first}…{last} µs"
                    )
                gesture = events.between(start, end)
                if not len(gesture):
                    raise DataError(
                        f"{path} must have events where its labels name {GESTURES[label]}, "
                        f"{start}…{end - 1} µs, but has none there"
                    )
                images.append(frames(gesture, form))
                labels.append(label)
        if not labels:
            raise DataError(f"{trials} must list recordings with gestures, but lists none")
        splits.append((np.array(images), np.array(labels, np.int64)))
    return _data_set(request, splits, GESTURES)


def _gestures(path: Path) -> list[tuple[int, int, int]]:
    """Return label 0…10, start and end in µs of each gesture."""
    if not path.is_file():
        raise DataError(f"{path} must hold the labels of its recording, but does not exist")
    header, *lines = path.read_text(encoding="utf-8-sig").split() or [""]
    if header != "class,startTime_usec,endTime_usec":
        raise DataError(
            f"{path} must start with 'class,startTime_usec,endTime_usec', not {header!r}"
        )
    found = []
    for line in lines:
        fields = line.split(",")
        if len(fields) != 3 or not all(field.isascii() and field.isdigit() for field in fields):
            raise DataError(f"{path} must have three numbers a line, not {line!r}")
        label, start, end = map(int, fields)
        if not 1 <= label <= len(GESTURES) or end <= start:
            raise DataError(
                f"{path} must have a class 1…{len(GESTURES)} and an end after the start, "
                f"not {line!r}"
            )
        found.append((label - 1, start, end))
    return found


def _classes(
    folder: Path, names: tuple[str, ...], suffixes: tuple[str, ...]
) -> dict[str, list[Path]]:
    """Return the files of the classes `names`, of which every one must have its folder."""
    found = listing(folder, suffixes)
    for name in names:
        if name not in found:
            raise DataError(
                f"{folder} must hold folders {names[0]} … {names[-1]}, but has no {name}"
            )
    return {name: found[name] for name in names}


def _files(
    classes: dict[str, list[Path]],
    request: Request,
    rows: int,
    columns: int,
    read: Callable[[Path], Events],
) -> _Split:
    """Return the frames of all files and the number of each one's class."""
    form = binning(request)
    shape = form.shape(rows, columns)
    paths = [path for files in classes.values() for path in files]
    images = np.empty((len(paths), form.steps, 2, *shape), np.uint8)
    for image, path in zip(images, paths, strict=True):
        image[:] = frames(read(path), form)
    return images, np.repeat(np.arange(len(classes)), [len(files) for files in classes.values()])


def _data_set(request: Request, splits: Sequence[_Split], names: tuple[str, ...]) -> DataSet:
    """Return the training and the test split, or one split and none."""
    train, test = splits[0], splits[-1]
    if len(splits) == 1:
        test = (train[0][:0], train[1][:0])
    form = binning(request)
    return DataSet(
        name=request.title,
        train_images=train[0],
        train_labels=train[1],
        test_images=test[0],
        test_labels=test[1],
        maximum=form.maximum,
        classes=len(names),
        class_names=names,
        steps=form.steps,
    )
