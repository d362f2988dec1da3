import numpy as np
import pytest
from event_files import atis, write
from refusal import refused
from somagate import data


def test_a_set_that_nobody_knows_is_refused():
    listed = ", ".join(repr(name) for name in data.names())
    with refused(ValueError, f"data set must be one of {listed}, not 'cifar'"):
        data.read("cifar:steps=3")


def test_an_option_that_a_set_lacks_is_refused():
    with refused(
        ValueError, "options of digits must be of fold, validation, seed, cache, not 'steps'"
    ):
        data.read("digits:steps=3")
    with refused(ValueError, "validation of digits must be I/K, not '1/x'"):
        data.read("digits:validation=1/x")
    with refused(ValueError, "fold of digits must be I/K, not '3'"):
        data.read("digits:fold=3")


def test_a_folder_is_never_ignored(tmp_path):
    for name in ("digits", "moving-shapes"):
        with refused(ValueError, f"{name} needs no folder, but {tmp_path} was named"):
            data.read(name, tmp_path)


def test_every_set_can_be_split_by_folds():
    found = data.read("digits:fold=2/10,seed=4")
    assert found.name == "digits:fold=2/10,seed=4"
    assert len(found.train_labels) + len(found.test_labels) == 1797
    assert np.ptp(np.bincount(found.test_labels)) <= 2
    other = data.read("digits:fold=2/10,seed=5")
    assert not np.array_equal(found.test_images[:20], other.test_images[:20])


def test_every_set_can_leave_its_test_set_out():
    whole = data.read("moving-shapes:train=12,test=5,steps=2,size=16")
    found = data.read("moving-shapes:train=12,test=5,steps=2,size=16,validation=2/4")
    assert found.name == "moving-shapes:train=12,test=5,steps=2,size=16,validation=2/4"
    assert (len(found.train_images), len(found.test_images)) == (9, 3)
    known = {image.tobytes() for image in whole.train_images}
    assert {image.tobytes() for image in (*found.train_images, *found.test_images)} == known
    of_fold = data.read("digits:fold=2/5,validation=1/4")
    fold = data.read("digits:fold=2/5")
    assert len(of_fold.train_labels) + len(of_fold.test_labels) == len(fold.train_labels)


def test_a_set_without_a_split_gets_the_first_of_ten_folds(tmp_path):
    for name in "ab":
        for number in range(1, 21):
            events = [(number, number, 0, True)]
            write(tmp_path / name / f"image_{number:04}.bin", atis(events))
    found = data.read("ncaltech101:size=18x24,steps=1", tmp_path)
    asked = data.read("ncaltech101:size=18x24,steps=1,fold=1/10", tmp_path)
    assert found.test_labels.tolist() == asked.test_labels.tolist() == [0, 0, 1, 1]
    assert np.array_equal(found.test_images, asked.test_images)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("data_batch_1.bin", "cifar10"), ("data_batch_1", "cifar10"),
        ("airplane/cifar10_airplane_0.aedat", "cifar10-dvs"), ("train.json", "coco"),
        ("trials_to_train.txt", "dvs-gesture"), ("t10k-labels-idx1-ubyte.gz", "mnist"),
        ("ant/image_0001.bin", "ncaltech101"), ("Train/0/00002.bin", "nmnist"),
    ],
)  # fmt: skip
def test_a_folder_is_known_by_its_files(tmp_path, file, name):
    write(tmp_path / file, b"")
    assert data.named(tmp_path) == name
