"""A synthetic event data set with boxes: squares, circles and triangles that move before a wall.

A scene's brightness is rendered in integers, and each pixel fires an event whenever the logarithm
of its brightness has changed by a threshold since its last event, as an event camera's does. All
arithmetic is integer, or of the operations that every floating point unit rounds alike, so the same
seed gives the same bytes on every machine.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .record import NO_LABEL, Boxes, DataSet, Images
from .request import Request

SHAPES = ("square", "circle", "triangle")
KEYS = ("train", "test", "steps", "size", "shapes", "classes", "maximum")

_MOMENTS = 4
"""Moments of a time step at which the brightness is looked at."""
_LOG = np.round(64 * np.log2(np.arange(1, 257))).astype(np.int32)
"""Logarithm of each brightness 0…255, in 1/64 octaves."""
_THRESHOLD = 16
"""Change of it that fires an event: a quarter of an octave, that is, 19 %."""
_SEEN = (1, 4)
"""A box is left out whose shape is hidden but for a smaller share than this one in four."""

_Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What is generated.

    Attributes
    ----------
    size
        Rows and columns, 16…256.
    steps
        Time steps, 1…1000; each shape moves 0.5 to 1.5 pixels a step along both axes.
    shapes
        The most shapes in a sample, 1…8; each has 1 up to it.
    classes
        2 (squares and circles) or 3 (triangles too).
    maximum
        The most events of a pixel, polarity and step that are counted, 1…255.
    """

    size: int = 32
    steps: int = 8
    shapes: int = 2
    classes: int = 3
    maximum: int = 1

    def __post_init__(self) -> None:
        for name, low, high in (("size", 16, 256), ("steps", 1, 1000), ("shapes", 1, 8),
                                ("classes", 2, 3), ("maximum", 1, 255)):  # fmt: skip
            if not low <= (value := getattr(self, name)) <= high:
                raise ValueError(f"Scene {name} must be {low}…{high}, not {value}")


def computed(request: Request) -> DataSet:
    """Generate `train` and `test` samples (2000 and 500) of the scene that the options describe."""
    values = Scene()
    scene = Scene(
        size=request.integer("size", values.size, 16, 256),
        steps=request.integer("steps", values.steps, 1, 1000),
        shapes=request.integer("shapes", values.shapes, 1, 8),
        classes=request.integer("classes", values.classes, 2, 3),
        maximum=request.integer("maximum", values.maximum, 1, 255),
    )
    seed = request.integer("seed", 0, 0, 1 << 32)
    train, train_boxes = generate(scene, request.integer("train", 2000, 1, 1 << 20), seed=2 * seed)
    test, test_boxes = generate(scene, request.integer("test", 500, 1, 1 << 20), seed=2 * seed + 1)
    return DataSet(
        name=request.title,
        train_images=train,
        train_labels=np.full(len(train), NO_LABEL),
        test_images=test,
        test_labels=np.full(len(test), NO_LABEL),
        maximum=scene.maximum,
        classes=scene.classes,
        class_names=SHAPES[: scene.classes],
        steps=scene.steps,
        train_boxes=train_boxes,
        test_boxes=test_boxes,
    )


def generate(scene: Scene, count: int, *, seed: int = 0) -> tuple[Images, Boxes]:
    """Generate samples.

    Returns
    -------
    images
        uint8 (count, steps, 2, size, size), 0…scene.maximum: events of each step where a pixel
        became darker, and where it became brighter.
    boxes
        Of the shapes at the end of the last step; exact, to a fraction of a pixel.
    """
    images = np.empty((count, scene.steps, 2, scene.size, scene.size), np.uint8)
    found: list[list[tuple[int, list[float]]]] = []
    # A sample's random numbers are its own, so more samples don't change those before them.
    for sample in range(count):
        draw = np.random.Generator(np.random.PCG64([seed, sample])).random
        images[sample], boxes = _sample(scene, draw(1 + scene.shapes * 8))
        found.append(boxes)
    return images, Boxes.build(found)


def _sample(scene: Scene, random: _Array) -> tuple[Images, list[tuple[int, list[float]]]]:
    """Return one sample's frames and boxes from random numbers 0…1."""
    count = 1 + int(random[0] * scene.shapes)
    kind, radius, *path, side, shade = random[1:].reshape(scene.shapes, 8)[:count].T
    kind = np.floor(kind * scene.classes).astype(np.int64)
    radius = scene.size * (0.1 + 0.1 * radius)
    moment = np.arange(scene.steps * _MOMENTS + 1)[:, None] / _MOMENTS
    x = _bounce(path[0], path[1], moment, radius, scene.size)
    y = _bounce(path[2], path[3], moment, radius, scene.size)
    wall = 100
    shade = np.where(side < 0.5, 10 + np.floor(shade * 40), 180 + np.floor(shade * 70))
    light = np.full((len(moment), scene.size, scene.size), float(wall))
    covers = []
    for shape in range(count):
        cover = _cover(kind[shape], x[:, shape], y[:, shape], radius[shape], scene.size)
        light += cover * (shade[shape] - light)
        covers.append(cover[-1])
    level = _LOG[np.floor(light + 0.5).astype(np.int64)]
    images = _events(level, scene)
    boxes = []
    for shape in range(count):
        hidden = np.ones_like(covers[0])
        for cover in covers[shape + 1 :]:
            hidden *= 1 - cover
        seen = _parts(covers[shape] * hidden)
        if seen * _SEEN[1] >= _parts(covers[shape]) * _SEEN[0]:
            r = float(radius[shape])
            place = [float(x[-1, shape]) - r, float(y[-1, shape]) - r, 2 * r, 2 * r]
            boxes.append((int(kind[shape]), place))
    return images, boxes


def _bounce(start: _Array, speed: _Array, moment: _Array, radius: _Array, size: int) -> _Array:
    """Return the centre at each moment, (moments, shapes), of shapes that turn at the walls."""
    room = size - 2 * radius
    pixels = np.where(speed < 0.5, -0.5 - 2 * speed, 0.5 + 2 * (speed - 0.5))
    way = np.mod(start * room + pixels * moment, 2 * room)
    centre: _Array = radius + (room - np.abs(room - way))
    return centre


def _cover(kind: int, x: _Array, y: _Array, radius: float, size: int) -> _Array:
    """Return how much of each pixel a shape covers, 0…1, (moments, rows, columns)."""
    middle = np.arange(size) + 0.5
    across = np.abs(middle - x[:, None])[:, None, :]
    down = (middle - y[:, None])[:, :, None]
    if kind == 0:
        outside = np.maximum(across, np.abs(down)) - radius
    elif kind == 1:
        outside = np.sqrt(across * across + down * down) - radius
    else:  # its top in the middle of the box, its other corners at the bottom
        outside = np.maximum(down - radius, (2 * across - (down + radius)) / np.sqrt(5))
    return np.clip(0.5 - outside, 0, 1)


def _parts(cover: _Array) -> int:
    """Return the covered area in 1/256 of a pixel, rounded down pixel by pixel."""
    return int((cover * 256).astype(np.int64).sum())


def _events(level: NDArray[np.int32], scene: Scene) -> Images:
    """Return the events of each step, from the brightness (moments, rows, columns)."""
    counts = np.zeros((scene.steps, 2, scene.size, scene.size), np.int32)
    known = level[0].copy()
    for moment, now in enumerate(level[1:]):
        change = now - known
        fired = np.sign(change) * (np.abs(change) // _THRESHOLD)
        known += fired * _THRESHOLD
        counts[moment // _MOMENTS, 0] += np.maximum(-fired, 0)
        counts[moment // _MOMENTS, 1] += np.maximum(fired, 0)
    return np.minimum(counts, scene.maximum).astype(np.uint8)
