import json

import pytest
from refusal import refused
from somagate.data import coco
from somagate.data.record import DataError

CONTENT = {
    "info": {"year": 2017},
    "images": [
        {"id": 7, "file_name": "b.bin", "width": 40, "height": 30, "license": 1},
        {"id": 3, "file_name": "a.bin", "width": 20, "height": 10},
    ],
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 18, "bbox": [1, 2.5, 3, 4], "iscrowd": 0},
        {"id": 2, "image_id": 3, "category_id": 2, "bbox": [5, 6, 7, 8], "segmentation": []},
        {"id": 3, "image_id": 7, "category_id": 2, "bbox": [9, 10, 11, 12]},
    ],
    "categories": [{"id": 18, "name": "dog"}, {"id": 2, "name": "car", "supercategory": "road"}],
}


def test_labels_and_samples_are_in_the_order_of_the_ids(tmp_path):
    path = tmp_path / "train.json"
    path.write_text(json.dumps(CONTENT))
    found = coco.read(path)
    assert found.files == ("a.bin", "b.bin")
    assert found.sizes == ((10, 20), (30, 40))
    assert found.class_names == ("car", "dog")
    assert found.boxes.sample.tolist() == [0, 1, 1]
    assert found.boxes.label.tolist() == [0, 1, 0]
    assert found.boxes.place.tolist() == [[5, 6, 7, 8], [1, 2.5, 3, 4], [9, 10, 11, 12]]


def test_what_is_written_is_what_is_read(tmp_path):
    path = tmp_path / "train.json"
    path.write_text(json.dumps(CONTENT))
    found = coco.read(path)
    coco.write(found, tmp_path / "again.json")
    again = coco.read(tmp_path / "again.json")
    assert (again.files, again.sizes, again.class_names) == (
        found.files, found.sizes, found.class_names
    )  # fmt: skip
    assert again.boxes.place.tolist() == found.boxes.place.tolist()
    assert again.boxes.label.tolist() == found.boxes.label.tolist()
    assert json.loads((tmp_path / "again.json").read_text())["annotations"][1] == {
        "id": 2, "image_id": 2, "category_id": 2, "bbox": [1, 2.5, 3, 4], "area": 12, "iscrowd": 0,
    }  # fmt: skip


def changed(place, **values):
    """Return the content with some fields of one record changed; None takes one away."""
    content = json.loads(json.dumps(CONTENT))
    record = content
    for key in place:
        record = record[key]
    for key, value in values.items():
        if value is None:
            del record[key]
        else:
            record[key] = value
    return content


BOX = ("annotations", 0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], " must have the field 'categories' in []"),
        (changed((), images=None), " must have the field 'images' in {"),
        (changed((), images={}), ": images must be of type list, not {}"),
        (changed(("images", 0), id="7"), ': id must be of type int, not "7"'),
        (changed(("images", 0), id=True), ": id must be of type int, not true"),
        (changed(("images", 0), file_name=None), " must have the field 'file_name' in {"),
        (changed(("images", 0), id=3),
         " must hold images with an id of their own each, but has 1 ids for 2"),
        (changed((), categories=[]),
         " must hold categories with an id of their own each, but has 0 ids for 0"),
        (changed(BOX, image_id=8), ": image_id must be the id of one, not 8"),
        (changed(BOX, category_id=1), ": category_id must be the id of one, not 1"),
        (changed(BOX, bbox=[1, 2, 3]),
         ": bbox must be left, top, width and height, the last two above 0, not [1, 2, 3]"),
        (changed(BOX, bbox=[1, 2, 0, 3]),
         ": bbox must be left, top, width and height, the last two above 0, not [1, 2, 0, 3]"),
        (changed(BOX, bbox=[1, 2, "a", 3]),
         ": bbox must be left, top, width and height, the last two above 0, not [1, 2, 'a', 3]"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path, content, message):
    path = tmp_path / "train.json"
    path.write_text(json.dumps(content))
    with pytest.raises(DataError) as error:
        coco.read(path)
    assert str(error.value)[: len(f"{path}{message}")] == f"{path}{message}"


def test_a_file_that_is_missing_or_no_json_is_named(tmp_path):
    path = tmp_path / "train.json"
    with refused(
        DataError, f"{path} must be a JSON file with COCO's annotations, but does not exist"
    ):
        coco.read(path)
    path.write_text("<html>")
    with refused(
        DataError,
        f"{path} must be a JSON file, but can't be read: Expecting value: line 1 column 1 (char 0)",
    ):
        coco.read(path)


def test_a_byte_order_mark_is_passed_over(tmp_path):
    path = tmp_path / "train.json"
    path.write_text(json.dumps(CONTENT), encoding="utf-8-sig")
    assert coco.read(path).files == ("a.bin", "b.bin")
