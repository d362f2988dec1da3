import hashlib

import numpy as np
import pytest
from refusal import refused
from somagate import data
from somagate.data import NO_LABEL, moving_shapes
from somagate.data.moving_shapes import Scene, generate


def test_the_same_seed_gives_the_same_bytes():
    images, boxes = generate(Scene(size=24, steps=4, shapes=3), 6, seed=3)
    more, _ = generate(Scene(size=24, steps=4, shapes=3), 9, seed=3)
    assert np.array_equal(more[:6], images)
    other, _ = generate(Scene(size=24, steps=4, shapes=3), 6, seed=4)
    assert not np.array_equal(other, images)
    digest = hashlib.sha256(images.tobytes() + boxes.place.tobytes()).hexdigest()
    assert digest[:16] == "555feaccbc68247e"


def test_frames_and_boxes_have_the_scene_s_form():
    images, boxes = generate(Scene(size=32, steps=5, shapes=3, maximum=2), 60)
    assert images.shape == (60, 5, 2, 32, 32)
    assert (images.dtype, images.max(), boxes.samples) == (np.uint8, 2, 60)
    assert sorted(set(boxes.label.tolist())) == [0, 1, 2]
    assert (np.bincount(boxes.sample, minlength=60) >= 1).all()
    assert np.bincount(boxes.sample).max() == 3
    assert (boxes.place[:, :2] >= -1e-5).all()
    assert (boxes.place[:, :2] + boxes.place[:, 2:] <= 32 + 1e-4).all()


def test_the_last_events_lie_around_the_box_and_on_its_every_side():
    images, boxes = generate(Scene(size=40, steps=6, shapes=1), 80, seed=1)
    for sample in range(80):
        (_,), ((left, top, width, height),) = boxes.of(sample)
        rows, columns = np.nonzero(images[sample, -1].any(0))
        # In a step, a shape moves 1.5 pixels at most; its edge is a pixel wide.
        assert left - 3 <= columns.min() and columns.max() <= left + width + 3
        assert top - 3 <= rows.min() and rows.max() <= top + height + 3
        assert columns.max() - columns.min() >= width - 3
        assert rows.max() - rows.min() >= height - 3


def test_each_shape_covers_what_its_name_says():
    centre = np.array([20.0])
    areas = [moving_shapes._cover(kind, centre, centre, 8.0, 40).sum() for kind in range(3)]
    assert np.allclose(areas, [16 * 16, np.pi * 64, 16 * 16 / 2], rtol=0.03)


def test_a_shape_turns_at_the_walls():
    moment = np.arange(400)[:, None] / 4
    for speed in (0.0, 0.5, 0.999):
        centre = moving_shapes._bounce(
            np.array([0.3]), np.array([speed]), moment, np.array([5.0]), 30
        )
        assert 5 <= centre.min() < 5.5 and 24.5 < centre.max() <= 25
        assert np.abs(np.diff(centre, axis=0)).max() <= 1.5 / 4 + 1e-9


def test_two_classes_have_no_triangles():
    found = data.read("moving-shapes:train=30,test=4,classes=2,size=16,steps=2,seed=2")
    assert set(found.train_boxes.label.tolist()) == {0, 1}
    assert found.class_names == ("square", "circle")
    assert found.train_labels.tolist() == [NO_LABEL] * 30
    assert (found.steps, found.maximum, found.classes) == (2, 1, 2)
    assert not np.array_equal(found.train_images[:4], found.test_images)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": 15}, "Scene size must be 16…256, not 15"),
        ({"steps": 0}, "Scene steps must be 1…1000, not 0"),
        ({"shapes": 9}, "Scene shapes must be 1…8, not 9"),
        ({"classes": 1}, "Scene classes must be 2…3, not 1"),
        ({"maximum": 0}, "Scene maximum must be 1…255, not 0"),
    ],
)
def test_a_scene_that_is_none_is_refused(settings, message):
    with refused(ValueError, message):
        Scene(**settings)
