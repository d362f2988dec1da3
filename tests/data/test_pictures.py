import struct
import zlib

import numpy as np
import pytest
from event_files import write
from PIL import Image
from refusal import refused
from somagate import data
from somagate.data import pictures


def png(pixels):
    """Return a PNG file of uint8 (rows, columns) or (rows, columns, 3)."""

    def chunk(kind, content):
        crc = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + crc

    rows, columns = pixels.shape[:2]
    head = struct.pack(">IIBBBBB", columns, rows, 8, 2 if pixels.ndim == 3 else 0, 0, 0, 0)
    lines = b"".join(b"\0" + row.tobytes() for row in pixels)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")
    )  # fmt: skip


RANDOM = np.random.default_rng(0)
PIXELS = {
    f"{split}/{name}/{number}.png": RANDOM.integers(0, 256, (4, 6, 3), np.uint8)
    for split, count in (("train", 3), ("test", 2))
    for name in ("cat", "ant")
    for number in range(count)
}


@pytest.fixture
def folder(tmp_path):
    for name, pixels in PIXELS.items():
        write(tmp_path / name, png(pixels))
    write(tmp_path / "train/ant/readme.txt", b"passed over")
    return tmp_path


def test_class_folders_are_read_in_the_order_of_their_names(folder):
    found = data.read("images", folder)
    assert found.class_names == ("ant", "cat")
    assert found.train_labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.test_labels.tolist() == [0, 0, 1, 1]
    assert found.train_images.shape == (6, 3, 4, 6)
    assert np.array_equal(found.test_images[3], PIXELS["test/cat/1.png"].transpose(2, 0, 1))
    assert (found.maximum, found.classes, found.steps) == (255, 2, None)


def test_what_a_mac_adds_to_an_archive_is_passed_over(folder):
    for name in ("train/ant/._0.png", "train/__MACOSX/ant/._0.png", "train/.DS_Store"):
        write(folder / name, b"Mac OS X resource fork")
    found = data.read("images", folder)
    assert (found.class_names, len(found.train_images)) == (("ant", "cat"), 6)


def test_images_are_resized_by_the_mean_of_an_area(folder):
    found = data.read("images:size=2x3", folder)
    mean = PIXELS["train/ant/0.png"].reshape(2, 2, 3, 2, 3).astype(int).sum((1, 3)) / 4
    assert np.abs(found.train_images[0] - mean.transpose(2, 0, 1)).max() <= 1  # rounded twice


def test_one_channel_is_the_luminance(folder):
    found = data.read("images:channels=1", folder)
    assert found.shape == (1, 4, 6)
    light = PIXELS["train/ant/0.png"] @ np.array([0.299, 0.587, 0.114])
    assert np.abs(found.train_images[0, 0] - light).max() <= 1


def test_class_folders_without_a_split_are_split_by_folds(folder):
    found = data.read("images:fold=2/3", folder / "train")
    assert np.bincount(found.test_labels).tolist() == [1, 1]
    assert len(found.train_labels) == 4


def test_images_of_several_sizes_are_refused(folder):
    path = folder / "train/cat/0.png"
    path.write_bytes(png(np.zeros((5, 6), np.uint8)))
    with refused(
        data.DataError,
        f"{path} must have 4 rows and 6 columns like the images before it, not 5 and 6; "
        "resize all with size=",
    ):
        data.read("images", folder)
    assert data.read("images:size=4", folder).shape == (3, 4, 4)


def test_a_broken_image_is_named(folder):
    path = folder / "train/cat/0.png"
    path.write_bytes(b"<html>")
    with refused(
        data.DataError,
        f"{path} must be an image file, but can't be read: "
        f"cannot identify image file {str(path)!r}",
    ):
        data.read("images", folder)


def test_other_classes_in_train_than_in_test_are_refused(folder):
    write(folder / "test/dog/0.png", png(np.zeros((4, 6), np.uint8)))
    with refused(
        data.DataError,
        f"{folder} must have the same classes in train and test, but one lacks 'dog'",
    ):
        data.read("images", folder)


def test_a_folder_without_classes_or_files_is_refused(folder, tmp_path):
    with refused(
        data.DataError,
        f"{folder / 'train/ant'} must hold a folder for each of two classes or more, but has 0",
    ):
        data.read("images", folder / "train/ant")
    (folder / "train/empty").mkdir()
    with refused(
        data.DataError,
        f"{folder / 'train/empty'} must hold .bmp, .gif, .jpeg, .jpg, .png, .webp files, "
        "but has none",
    ):
        data.read("images", folder)


def test_images_without_pillow_say_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with refused(
        ImportError,
        "image files need Pillow, which is not installed: pip install 'somagate[images]'",
    ):
        data.read("images", folder)


GREY = np.arange(24, dtype=np.uint16).reshape(4, 6) * 2849
COLOR = RANDOM.integers(0, 256, (4, 6, 3), np.uint8)


def saved(path, image, **options):
    image.save(path, **options)
    return path


def oriented(turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    return exif


def test_the_upper_8_of_16_bits_are_kept(tmp_path):
    path = saved(tmp_path / "grey.png", Image.fromarray(GREY))
    assert np.array_equal(pictures.read_image(path, 1), [GREY >> 8])
    assert np.array_equal(pictures.read_image(path), [GREY >> 8] * 3)
    path = saved(tmp_path / "turned.png", Image.fromarray(GREY), exif=oriented(3))
    assert np.array_equal(pictures.read_image(path, 1), [GREY[::-1, ::-1] >> 8])


@pytest.mark.parametrize(
    ("turn", "wanted"),
    [(1, COLOR), (2, COLOR[:, ::-1]), (3, COLOR[::-1, ::-1]), (6, np.rot90(COLOR, 3)),
     (8, np.rot90(COLOR))],
)  # fmt: skip
def test_images_are_as_they_are_to_be_shown(tmp_path, turn, wanted):
    path = saved(tmp_path / "a.png", Image.fromarray(COLOR), exif=oriented(turn))
    assert np.array_equal(pictures.read_image(path), wanted.transpose(2, 0, 1))


def test_boxes_say_how_a_turned_image_lies(tmp_path):
    path = saved(tmp_path / "a.png", Image.fromarray(COLOR), exif=oriented(6))
    assert np.array_equal(pictures.read_image(path, described=(4, 6)), COLOR.transpose(2, 0, 1))
    shown = np.rot90(COLOR, 3).transpose(2, 0, 1)
    assert np.array_equal(pictures.read_image(path, described=(6, 4)), shown)
    path = saved(tmp_path / "b.png", Image.fromarray(COLOR), exif=oriented(3))
    with refused(
        data.DataError,
        f"{path} must have no EXIF orientation, but has 3: nothing says whether its boxes are of "
        "the image as it lies there or as it is shown; turn it, and drop the orientation",
    ):
        pictures.read_image(path, described=(4, 6))


def test_a_palette_and_what_is_opaque_lose_nothing(tmp_path):
    few = COLOR // 64 * 64
    for mode, name in (("RGBA", "a.png"), ("P", "b.png"), ("P", "c.gif")):
        path = saved(tmp_path / name, Image.fromarray(few).convert(mode))
        with Image.open(path) as image:
            wanted = np.asarray(image.convert("RGB")).transpose(2, 0, 1)
        assert np.array_equal(pictures.read_image(path), wanted)


@pytest.mark.parametrize(
    ("name", "image", "options", "message"),
    [
        ("a.png", Image.fromarray(COLOR).convert("RGBA"), {"half": True},
         "must be opaque, but has transparent pixels; put it on a background"),
        ("b.png", Image.fromarray(COLOR), {"transparency": tuple(COLOR[0, 0].tolist())},
         "must be opaque, but has transparent pixels; put it on a background"),
        ("c.png", Image.fromarray(COLOR).convert("P"), {"transparency": 0, "whole": True},
         "must be opaque, but has transparent pixels; put it on a background"),
        ("d.png", Image.fromarray(GREY), {"transparency": 0},
         "must be grey, RGB or of a palette, but is I;16 with a transparent level; convert it"),
        ("e.jpg", Image.fromarray(COLOR).convert("CMYK"), {},
         "must be grey, RGB or of a palette, but is CMYK; convert it"),
        ("f.gif", Image.fromarray(COLOR[..., 0]),
         {"save_all": True, "append_images": [Image.fromarray(255 - COLOR[..., 0])]},
         "must be one picture, but has 2 frames"),
    ],
)  # fmt: skip
def test_an_image_that_would_lose_something_is_refused(folder, name, image, options, message):
    if options.pop("half", False):
        image.putalpha(128)
    if options.pop("whole", False):
        image.putdata([0] * 24)
    path = saved(folder / "train/ant" / name, image, **options)
    with refused(data.DataError, f"{path} {message}"):
        data.read("images", folder)
