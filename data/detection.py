"""Data sets for detection: COCO's JSON with boxes over event, frame or image files."""

from pathlib import Path
from typing import Any

import numpy as np

from . import aedat, atis, coco, pictures
from .events import Binning, frames
from .record import NO_LABEL, Boxes, DataError, DataSet, Images
from .recordings import KEYS, binning
from .request import Request

SPLITS = ("train", "test")
EVENTS = (".aedat", ".bin")
HOLDS = "train.json, with boxes in COCO's form, and the files that it names"


def read(request: Request) -> DataSet:
    """Return samples with boxes.

    The folder holds `train.json`, `test.json` where there is a split, and the files that they name:
    events (`.bin` of 40 bits an event, `.aedat` of version 3.1), frames (`.npy`, uint8 of (steps,
    2, rows, columns)) or images. Events become frames by the options of `Binning`; boxes are
    cropped and scaled with them.
    """
    folder = request.directory(HOLDS)
    found = {"train": coco.read(folder / "train.json")}
    if (folder / "test.json").is_file():
        found["test"] = coco.read(folder / "test.json")
        if found["train"].class_names != found["test"].class_names:
            raise DataError(
                f"{folder / 'test.json'} must have the categories of train.json, "
                f"{', '.join(found['train'].class_names)}, not "
                f"{', '.join(found['test'].class_names)}"
            )
    suffixes = sorted({Path(file).suffix.lower() for part in found.values() for file in part.files})
    if len(suffixes) != 1:
        raise DataError(f"{folder} must have files of one kind, not {', '.join(suffixes)}")
    form = binning(request)
    if suffixes[0] not in EVENTS and (given := [k for k in KEYS if k in request.options]):
        raise ValueError(f"{given[0]} of {request.name} must be left out for {suffixes[0]} files, "
                         "which are no events")  # fmt: skip
    splits: dict[str, Any] = {}
    for part, annotations in found.items():
        images = [
            _sample(folder / file, size, form)
            for file, size in zip(annotations.files, annotations.sizes, strict=True)
        ]
        shapes = sorted({image.shape for image in images})
        if len(shapes) != 1:
            raise DataError(f"{folder} must have samples of one shape, not {shapes[0]} and "
                            f"{shapes[1]}; crop= and size= change that of events")  # fmt: skip
        boxes = annotations.boxes
        if suffixes[0] in EVENTS:
            boxes = moved(boxes, annotations.sizes, form)
        splits[f"{part}_images"] = np.array(images)
        splits[f"{part}_boxes"] = boxes
    train = splits["train_images"]
    test = splits.setdefault("test_images", train[:0])
    if test.shape[1:] != train.shape[1:]:
        raise DataError(f"{folder} must have samples of one shape, not {train.shape[1:]} and "
                        f"{test.shape[1:]}")  # fmt: skip
    splits.setdefault("test_boxes", Boxes.build([]))
    names = found["train"].class_names
    still = suffixes[0] not in (*EVENTS, ".npy")
    return DataSet(
        name=request.title,
        train_labels=np.full(len(train), NO_LABEL),
        test_labels=np.full(len(test), NO_LABEL),
        maximum=255 if still or suffixes[0] == ".npy" else form.maximum,
        classes=len(names),
        class_names=names,
        steps=None if still else train.shape[1],
        **splits,
    )


def save(data: DataSet, folder: Path) -> None:
    """Write frames with boxes so that `read` does so: `.npy` files and COCO's JSON.

    Raises
    ------
    ValueError
        Where the data set has no boxes or no frames.
    """
    if data.steps is None or data.train_boxes is None or data.test_boxes is None:
        raise ValueError(f"{data.name} must have frames and boxes to be saved with COCO's JSON")
    parts = ((data.train_images, data.train_boxes), (data.test_images, data.test_boxes))
    for part, (images, boxes) in zip(SPLITS, parts, strict=True):
        (folder / part).mkdir(parents=True, exist_ok=True)
        files = [f"{part}/{number:06}.npy" for number in range(len(images))]
        for file, image in zip(files, images, strict=True):
            np.save(folder / file, image)
        annotations = coco.Annotations(
            files=tuple(files), sizes=(data.shape[1:],) * len(files), boxes=boxes,
            class_names=data.class_names,
        )  # fmt: skip
        coco.write(annotations, folder / f"{part}.json")


def moved(boxes: Boxes, sizes: tuple[tuple[int, int], ...], form: Binning) -> Boxes:
    """Return the boxes in pixels of the frames; what lies outside is cut off, or gone."""
    found: list[list[tuple[int, list[float]]]] = []
    for sample, size in enumerate(sizes):
        top, left, height, width = form.kept(*size)
        rows, columns = form.shape(*size)
        kept = []
        for label, place in zip(*boxes.of(sample), strict=True):
            start = np.clip(place[:2] - [left, top], 0, [width, height])
            end = np.clip(place[:2] + place[2:] - [left, top], 0, [width, height])
            if (end > start).all():
                scale = np.array([columns / width, rows / height])
                kept.append((int(label), [*(start * scale), *((end - start) * scale)]))
        found.append(kept)
    return Boxes.build(found)


def _sample(path: Path, size: tuple[int, int], form: Binning) -> Images:
    """Return one file's frames or image, whose sensor has `size` (rows, columns)."""
    if not path.is_file():
        raise DataError(f"{path.parent} must hold {path.name}, which the JSON names, but hasn't")
    match path.suffix.lower():
        case ".bin":
            return frames(atis.read(path, *size), form)
        case ".aedat":
            return frames(aedat.read_3(path, *size), form)
        case ".npy":
            image = _frames(path)
        case suffix if suffix in pictures.SUFFIXES:
            image = pictures.read_image(path, described=size)
        case suffix:
            listed = ", ".join((*EVENTS, ".npy", *pictures.SUFFIXES))
            raise DataError(f"{path} must be a file of {listed}, not {suffix or 'without suffix'}")
    if image.shape[-2:] != size:
        raise DataError(
            f"{path} must have the {size[0]} rows and {size[1]} columns that the JSON says, "
            f"not {image.shape[-2]} and {image.shape[-1]}"
        )
    return image


def _frames(path: Path) -> Images:
    try:
        image = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DataError(f"{path} must be a .npy file, but can't be read: {error}") from None
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 4:
        form = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else "an archive"
        raise DataError(
            f"{path} must hold uint8 frames (steps, channels, rows, columns), not {form}"
        )
    return image
