"""Image files in one folder a class, by Pillow."""

from pathlib import Path
from typing import Any

import numpy as np

from .leftovers import entries
from .record import DataError, DataSet, Images, Labels
from .request import Request

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")
KEYS = ("size", "channels")
_ORIENTATION = 0x0112
HOLDS = "class folders of image files, or of train/ and test/ with them"


def read(request: Request) -> DataSet:
    """Return the images, 0…255; classes are numbered in the order of their folders' names.

    The folder holds `train/CLASS/FILE` and `test/CLASS/FILE`, or `CLASS/FILE`, which has no split
    of its own. Options: `size`, to which images are resized (each pixel is the mean of the area it
    covers), and `channels`, 3 (RGB, the default) or 1 (luminance).
    """
    folder = request.directory(HOLDS)
    channels = int(request.choice("channels", ("3", "1")))
    split = (folder / "train").is_dir() and (folder / "test").is_dir()
    listings = [listing(folder / part) for part in ("train", "test")] if split else []
    listings = listings or [listing(folder), {}]
    names = tuple(listings[0])
    if split and tuple(listings[1]) != names:
        odd = sorted(set(names) ^ set(listings[1]))[0]
        raise DataError(f"{folder} must have the same classes in train and test, but one lacks "
                        f"{odd!r}")  # fmt: skip
    arrays: list[tuple[Images, Labels]] = []
    shape = request.size()
    for classes in listings:
        paths = [path for files in classes.values() for path in files]
        images = [read_image(path, channels, request.size()) for path in paths]
        for path, image in zip(paths, images, strict=True):
            shape = shape or (image.shape[1], image.shape[2])
            if image.shape[1:] != shape:
                raise DataError(
                    f"{path} must have {shape[0]} rows and {shape[1]} columns like the images "
                    f"before it, not {image.shape[1]} and {image.shape[2]}; resize all with size="
                )
        rows, columns = shape or (0, 0)
        arrays.append(
            (
                np.array(images, np.uint8).reshape(-1, channels, rows, columns),
                np.repeat(np.arange(len(classes)), [len(files) for files in classes.values()]),
            )
        )
    return DataSet(
        name=request.title,
        train_images=arrays[0][0],
        train_labels=arrays[0][1],
        test_images=arrays[1][0],
        test_labels=arrays[1][1],
        maximum=255,
        classes=len(names),
        class_names=names,
    )


def listing(folder: Path, suffixes: tuple[str, ...] = SUFFIXES) -> dict[str, list[Path]]:
    """Return the files of each class folder, classes and files sorted by name.

    Raises
    ------
    DataError
        Where there are fewer than two classes, or a class has no such file.
    """
    found = {
        path.name: [file for file in entries(path) if file.suffix.lower() in suffixes]
        for path in entries(folder)
        if path.is_dir()
    }
    if len(found) < 2:
        raise DataError(f"{folder} must hold a folder for each of two classes or more, but has "
                        f"{len(found)}")  # fmt: skip
    for name, files in found.items():
        if not files:
            raise DataError(f"{folder / name} must hold {', '.join(suffixes)} files, but has none")
    return found


def read_image(
    path: Path,
    channels: int = 3,
    size: tuple[int, int] | None = None,
    *,
    described: tuple[int, int] | None = None,
) -> Images:
    """Return an image file, uint8 (channels, rows, columns), upright.

    Of 16 bits a channel the upper 8 are kept.

    Parameters
    ----------
    path
        Of the file.
    channels
        3 (RGB) or 1 (luminance).
    size
        (rows, columns) to which it is resized.
    described
        (rows, columns) that boxes in it are of: where EXIF data turns it, this says whether they
        mean the image as it lies in the file, or as it is shown.

    Raises
    ------
    DataError
        Where it is no image, or one that would lose something: transparent, animated, or of colors
        that are neither grey nor RGB; or `described` doesn't tell how it lies.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            "image files need Pillow, which is not installed: pip install 'somagate[images]'"
        ) from error
    try:
        with Image.open(path) as file:
            frames = getattr(file, "n_frames", 1)
            if frames != 1:
                raise _Refused(f"must be one picture, but has {frames} frames")
            image = _plain(_upright(file, described))
            image = image.convert("RGB" if channels == 3 else "L")
    except FileNotFoundError:
        raise
    except _Refused as error:
        raise DataError(f"{path} {error}") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{path} must be an image file, but can't be read: {error}") from None
    if size is not None:
        image = image.resize((size[1], size[0]), Image.Resampling.BOX)
    pixels = np.asarray(image, np.uint8)
    return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


class _Refused(Exception):
    """What is wrong with an image, without its path."""


def _plain(image: Any) -> Any:
    """Return an image of 8 bits a channel with the very levels of `image`, or refuse."""
    from PIL import Image

    clear = "transparency" in image.info
    if image.mode.startswith("I;16") and not clear:
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA"):
        clearly = " with a transparent level" if clear else ""
        raise _Refused(
            f"must be grey, RGB or of a palette, but is {image.mode}{clearly}; convert it"
        )
    if (clear or "A" in image.mode) and image.convert("RGBA").getextrema()[3][0] < 255:
        raise _Refused("must be opaque, but has transparent pixels; put it on a background")
    return image


def _upright(image: Any, described: tuple[int, int] | None) -> Any:
    """Return an image as its EXIF data say that it is to be shown, or as `described` has it."""
    from PIL import ImageOps

    shown = ImageOps.exif_transpose(image)
    turn = image.getexif().get(_ORIENTATION, 1)
    if described is None or turn in (0, 1):
        return shown
    if shown.size == image.size:
        raise _Refused(
            f"must have no EXIF orientation, but has {turn}: nothing says whether its boxes are of "
            "the image as it lies there or as it is shown; turn it, and drop the orientation"
        )
    return image if described == image.size[::-1] else shown
