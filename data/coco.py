"""Boxes in COCO's JSON: `images`, `annotations` and `categories`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .record import Boxes, DataError


@dataclass(frozen=True, kw_only=True, eq=False)
class Annotations:
    """What a file says.

    Attributes
    ----------
    files
        Of each sample, relative to the JSON's folder, in the order of the images' ids.
    sizes
        (rows, columns) of each sample.
    boxes
        Of all samples.
    class_names
        Of each label, in the order of the categories' ids.
    """

    files: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]
    boxes: Boxes
    class_names: tuple[str, ...]


def read(path: Path) -> Annotations:
    """Read a JSON file; labels are 0, 1, … in the order of the categories' ids.

    Regions and whatever else COCO has beside `bbox` are passed over.

    Raises
    ------
    DataError
        Where the file is missing, no JSON, lacks a field, or names an image or a category that it
        does not hold.
    """
    if not path.is_file():
        raise DataError(f"{path} must be a JSON file with COCO's annotations, but does not exist")
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise DataError(f"{path} must be a JSON file, but can't be read: {error}") from None
    categories = sorted(_list(path, content, "categories"), key=lambda c: _id(path, c))
    images = sorted(_list(path, content, "images"), key=lambda i: _id(path, i))
    labels = {_id(path, category): label for label, category in enumerate(categories)}
    places = {_id(path, image): place for place, image in enumerate(images)}
    for what, found, ids in (("categories", categories, labels), ("images", images, places)):
        if len(ids) != len(found) or not found:
            raise DataError(f"{path} must hold {what} with an id of their own each, but has "
                            f"{len(ids)} ids for {len(found)}")  # fmt: skip
    listed: list[list[tuple[int, list[float]]]] = [[] for _ in images]
    for annotation in _list(path, content, "annotations"):
        image = _field(path, annotation, "image_id", int)
        category = _field(path, annotation, "category_id", int)
        for what, known, number in (("image", places, image), ("category", labels, category)):
            if number not in known:
                raise DataError(f"{path}: {what}_id must be the id of one, not {number}")
        box = _field(path, annotation, "bbox", list)
        numbers = len(box) == 4 and all(type(side) in (int, float) for side in box)
        if not numbers or not (box[2] > 0 and box[3] > 0):
            raise DataError(
                f"{path}: bbox must be left, top, width and height, the last two above 0, not {box}"
            )
        listed[places[image]].append((labels[category], box))
    return Annotations(
        files=tuple(_field(path, image, "file_name", str) for image in images),
        sizes=tuple((_field(path, image, "height", int), _field(path, image, "width", int))
                    for image in images),
        boxes=Boxes.build(listed),
        class_names=tuple(_field(path, category, "name", str) for category in categories),
    )  # fmt: skip


def write(annotations: Annotations, path: Path) -> None:
    """Write a JSON file; ids count from 1."""
    boxes = annotations.boxes
    content = {
        "images": [
            {"id": number, "file_name": file, "width": columns, "height": rows}
            for number, (file, (rows, columns)) in enumerate(
                zip(annotations.files, annotations.sizes, strict=True), 1
            )
        ],
        "annotations": [
            {
                "id": number,
                "image_id": sample + 1,
                "category_id": label + 1,
                "bbox": place,
                "area": place[2] * place[3],
                "iscrowd": 0,
            }
            for number, (sample, label, place) in enumerate(
                zip(boxes.sample.tolist(), boxes.label.tolist(), boxes.place.tolist(), strict=True),
                1,
            )
        ],
        "categories": [
            {"id": number, "name": name} for number, name in enumerate(annotations.class_names, 1)
        ],
    }
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _list(path: Path, content: Any, field: str) -> list[Any]:
    found: list[Any] = _field(path, content, field, list)
    return found


def _id(path: Path, record: Any) -> int:
    number: int = _field(path, record, "id", int)
    return number


def _field(path: Path, record: Any, field: str, kind: type) -> Any:
    if not isinstance(record, dict) or field not in record:
        raise DataError(f"{path} must have the field {field!r} in {json.dumps(record)[:60]}")
    value = record[field]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise DataError(
            f"{path}: {field} must be of type {kind.__name__}, not {json.dumps(value)[:60]}"
        )
    return value
