from dataclasses import replace

import numpy as np
import pytest
from refusal import refused
from somagate.data import NO_LABEL, Boxes, DataSet

BOXES = Boxes.build([[(1, (0, 1, 2, 3)), (0, (4.5, 5, 6, 7))], [], [(2, (8, 9, 10, 11))]])


def data_set(**changes):
    images = np.arange(12, dtype=np.uint8).reshape(12, 1, 1, 1)
    settings = {
        "name": "some", "train_images": images[:9], "train_labels": np.arange(9) % 3,
        "test_images": images[9:], "test_labels": np.arange(3), "maximum": 255, "classes": 3,
    }  # fmt: skip
    return DataSet(**{**settings, **changes})


def test_boxes_are_found_by_their_sample():
    assert (BOXES.samples, BOXES.sample.tolist()) == (3, [0, 0, 2])
    labels, places = BOXES.of(0)
    assert labels.tolist() == [1, 0]
    assert places.tolist() == [[0, 1, 2, 3], [4.5, 5, 6, 7]]
    assert [len(BOXES.of(sample)[0]) for sample in range(3)] == [2, 0, 1]


def test_boxes_follow_their_samples():
    taken = BOXES.take([2, 1, 0])
    assert taken.sample.tolist() == [0, 2, 2]
    assert taken.label.tolist() == [2, 1, 0]
    both = BOXES + taken
    assert (both.samples, both.sample.tolist()) == (6, [0, 0, 2, 3, 5, 5])
    assert np.array_equal(both.of(5)[1], BOXES.of(0)[1])
    none = Boxes.build([[], []])
    assert (none.samples, none.place.shape, none.take([1]).samples) == (2, (0, 4), 1)


def test_every_sample_is_tested_in_one_fold():
    folds = [data_set().fold(number, 4) for number in (1, 2, 3, 4)]
    tested = np.concatenate([fold.test_images.ravel() for fold in folds])
    assert sorted(tested.tolist()) == list(range(12))
    for fold in folds:
        assert sorted(fold.test_labels) == [0, 1, 2]
        assert not set(fold.train_images.ravel()) & set(fold.test_images.ravel())
        assert (fold.train_images.ravel() % 3 == fold.train_labels).all()


def test_boxes_go_with_their_samples_into_folds():
    listed = [[(sample, (sample, 0, 1, 1))] * (sample % 3) for sample in range(12)]
    data = data_set(
        train_boxes=Boxes.build(listed[:9]), test_boxes=Boxes.build(listed[9:]),
        train_labels=np.full(9, NO_LABEL), test_labels=np.full(3, NO_LABEL),
    )  # fmt: skip
    fold = data.fold(2, 3)
    for images, boxes in ((fold.train_images, fold.train_boxes),
                          (fold.test_images, fold.test_boxes)):  # fmt: skip
        assert boxes.samples == len(images)
        for place, image in enumerate(images.ravel().tolist()):
            assert boxes.of(place)[0].tolist() == [image] * (image % 3)


@pytest.mark.parametrize("number", [0, 4])
def test_a_fold_that_is_none_is_refused(number):
    with refused(ValueError, f"fold must be 1…3 of 3, not {number}"):
        data_set().fold(number, 3)


def test_a_validation_set_is_of_training_samples_alone():
    found = [data_set().validation(number, 3) for number in (1, 2, 3)]
    tested = np.concatenate([one.test_images.ravel() for one in found])
    assert sorted(tested.tolist()) == list(range(9))
    for one in found:
        both = [*one.train_images.ravel().tolist(), *one.test_images.ravel().tolist()]
        assert sorted(both) == list(range(9))
        assert (one.test_images.ravel() % 3 == one.test_labels).all()


def test_boxes_go_with_their_samples_into_a_validation_set():
    listed = [[(sample, (sample, 0, 1, 1))] * (sample % 3) for sample in range(12)]
    data = data_set(
        train_boxes=Boxes.build(listed[:9]), test_boxes=Boxes.build(listed[9:])
    ).validation(1, 3)
    assert (data.train_boxes.samples, data.test_boxes.samples) == (6, 3)
    for place, image in enumerate(data.test_images.ravel().tolist()):
        assert data.test_boxes.of(place)[0].tolist() == [image] * (image % 3)


@pytest.mark.parametrize("number", [0, 4])
def test_a_validation_set_that_is_none_is_refused(number):
    with refused(ValueError, f"validation must be 1…3 of 3, not {number}"):
        data_set().validation(number, 3)


def test_the_shape_is_that_of_one_image_or_one_frame():
    assert data_set(train_images=np.zeros((2, 3, 4, 5), np.uint8)).shape == (3, 4, 5)
    frames = data_set(train_images=np.zeros((2, 9, 3, 4, 5), np.uint8))
    assert replace(frames, steps=9).shape == (3, 4, 5)
