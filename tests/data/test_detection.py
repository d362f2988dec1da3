import json

import numpy as np
import pytest
from event_files import aedat_3, atis, packet, write
from refusal import refused
from somagate import data
from somagate.data import NO_LABEL, Boxes, coco, detection
from somagate.data.events import Binning

EVENTS = [(t, 2 * t % 40, t % 30, t % 3 == 0) for t in range(200)]


def described(folder, part, files, size=(30, 40), names=("car",)):
    """Write the JSON of some files, with one box in each."""
    boxes = Boxes.build([[(0, (4, 6, 8, 10))] for _ in files])
    coco.write(
        coco.Annotations(
            files=tuple(files), sizes=(size,) * len(files), boxes=boxes, class_names=names
        ),
        folder / f"{part}.json",
    )


@pytest.fixture
def folder(tmp_path):
    for part, count in (("train", 3), ("test", 2)):
        files = [f"{part}/{number}.bin" for number in range(count)]
        for file in files:
            write(tmp_path / file, atis(EVENTS))
        described(tmp_path, part, files)
    return tmp_path


def test_event_files_become_frames_with_boxes(folder):
    found = data.read("coco:steps=4,maximum=3", folder)
    assert found.train_images.shape == (3, 4, 2, 30, 40)
    assert found.test_images.shape == (2, 4, 2, 30, 40)
    assert (found.steps, found.maximum, found.class_names) == (4, 3, ("car",))
    assert found.train_labels.tolist() == [NO_LABEL] * 3
    assert found.test_boxes.of(1)[1].tolist() == [[4, 6, 8, 10]]


def test_boxes_are_cropped_and_scaled_like_the_events(folder):
    found = data.read("coco:crop=20x20+10+8,size=10", folder)
    assert found.shape == (2, 10, 10)
    # Left 4…12 and top 6…16 of the sensor are 0…4 and 0…6 of the crop, and half of it scaled.
    assert found.train_boxes.of(0)[1].tolist() == [[0, 0, 2, 3]]


def test_a_box_outside_the_crop_is_gone():
    boxes = Boxes.build([[(0, (0, 0, 5, 5)), (1, (10, 10, 5, 5))]])
    kept = detection.moved(boxes, ((30, 40),), Binning(crop=(5, 5, 20, 20)))
    assert kept.label.tolist() == [1]
    assert kept.place.tolist() == [[5, 5, 5, 5]]


def test_aedat_files_give_the_same_frames(folder):
    (folder / "test.json").unlink()
    write(folder / "a.aedat", aedat_3(packet(EVENTS)))
    described(folder, "train", ["a.aedat"] * 10)
    found = data.read("coco:steps=4,maximum=255", folder)
    described(folder, "train", ["train/0.bin"] * 10)
    same = data.read("coco:steps=4,maximum=255", folder)
    assert np.array_equal(found.train_images, same.train_images)
    assert (len(found.train_images), found.test_boxes.samples) == (9, 1)


def test_images_have_boxes_too(folder):
    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    Image.fromarray(pixels).save(folder / "a.png")
    for part in ("train", "test"):
        described(folder, part, ["a.png"])
    found = data.read("coco", folder)
    assert np.array_equal(found.test_images, pixels.transpose(2, 0, 1)[None])
    assert (found.steps, found.maximum) == (None, 255)
    # The JSON's size says that the boxes are of the pixels as they lie in the file.
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(pixels).save(folder / "a.png", exif=turned)
    assert np.array_equal(data.read("coco", folder).test_images, found.test_images)
    with refused(ValueError, "size of coco must be left out for .png files, which are no events"):
        data.read("coco:size=10", folder)


def test_a_saved_set_is_loaded_again(tmp_path):
    shapes = data.read("moving-shapes:train=4,test=3,size=16,steps=3")
    detection.save(shapes, tmp_path)
    found = data.read("coco", tmp_path)
    assert np.array_equal(found.train_images, shapes.train_images)
    assert np.array_equal(found.test_images, shapes.test_images)
    assert np.array_equal(found.test_boxes.place, shapes.test_boxes.place)
    assert np.array_equal(found.train_boxes.label, shapes.train_boxes.label)
    assert (found.class_names, found.steps) == (shapes.class_names, 3)


def test_a_set_without_boxes_is_not_saved(tmp_path):
    with refused(ValueError, "digits must have frames and boxes to be saved with COCO's JSON"):
        detection.save(data.read("digits"), tmp_path)


def frames_file(folder, array):
    np.save(folder / "a.npy", array)
    for part in ("train", "test"):
        described(folder, part, ["a.npy"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: described(f, "test", ["test/0.bin"], names=("bus", "car")),
         "{folder}/test.json must have the categories of train.json, car, not bus, car"),
        (lambda f: described(f, "test", ["a.png"]),
         "{folder} must have files of one kind, not .bin, .png"),
        (lambda f: described(f, "train", ["train/9.bin"]),
         "{folder}/train must hold 9.bin, which the JSON names, but hasn't"),
        (lambda f: described(f, "test", ["test/0.bin"], size=(31, 40)),
         "{folder} must have samples of one shape, not (10, 2, 30, 40) and (10, 2, 31, 40)"),
        (lambda f: frames_file(f, np.zeros((2, 2, 30, 41), np.uint8)),
         "{folder}/a.npy must have the 30 rows and 40 columns that the JSON says, not 30 and 41"),
        (lambda f: frames_file(f, np.zeros((2, 30, 40), np.uint8)),
         ("{folder}/a.npy must hold uint8 frames (steps, channels, rows, columns), "
         "not uint8 (2, 30, 40)")),
        (lambda f: (frames_file(f, np.zeros(1)), (f / "a.npy").write_bytes(b"PK")),
         "{folder}/a.npy must be a .npy file, but can't be read: "),
        (lambda f: [described(f, p, ["train.json"]) for p in ("train", "test")],
         ("{folder}/train.json must be a file of .aedat, .bin, .npy, .bmp, .gif, .jpeg, .jpg, "
         ".png, .webp, not .json")),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(folder, change, message):
    change(folder)
    with pytest.raises(data.DataError) as error:
        data.read("coco", folder)
    message = message.format(folder=folder)
    assert str(error.value)[: len(message)] == message
    assert message.endswith(": ") or str(error.value) == message


def test_samples_of_two_sizes_are_refused(folder):
    content = json.loads((folder / "train.json").read_text())
    content["images"][1]["width"] = 50
    (folder / "train.json").write_text(json.dumps(content))
    with refused(
        data.DataError,
        f"{folder} must have samples of one shape, not (10, 2, 30, 40) and (10, 2, 30, 50); "
        "crop= and size= change that of events",
    ):
        data.read("coco", folder)
    assert data.read("coco:size=10", folder).shape == (2, 10, 10)
