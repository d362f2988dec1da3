import numpy as np
import pytest
from event_files import aedat_2, aedat_3, atis, packet, write
from refusal import refused
from somagate import data
from somagate.data import recordings
from somagate.data.cifar import NAMES
from somagate.data.events import Binning, Events, frames


def recording(seed, rows, columns, count=60):
    random = np.random.default_rng(seed)
    t = np.sort(random.integers(0, 300_000, count))
    x, y = random.integers(0, columns, count), random.integers(0, rows, count)
    return list(zip(t.tolist(), x.tolist(), y.tolist(), (random.random(count) < 0.5).tolist(),
                    strict=True))  # fmt: skip


def expected(listed, rows, columns, **settings):
    t, x, y, on = np.array(listed, np.int64).T
    events = Events(t=t, x=x, y=y, on=on == 1, rows=rows, columns=columns)
    return frames(events, Binning(**settings))


@pytest.fixture
def nmnist(tmp_path):
    for digit in range(10):
        for number, part in enumerate(("Train", "Train", "Test")):
            listed = recording(3 * digit + number, 34, 34)
            write(tmp_path / part / str(digit) / f"{number:05}.bin", atis(listed))
    return tmp_path


def test_nmnist_keeps_its_own_split(nmnist):
    found = data.read("nmnist:steps=6,maximum=3,size=17", nmnist)
    assert found.train_images.shape == (20, 6, 2, 17, 17)
    assert found.train_labels.tolist() == np.repeat(range(10), 2).tolist()
    assert found.test_labels.tolist() == list(range(10))
    wanted = expected(recording(3 * 7 + 2, 34, 34), 34, 34, steps=6, maximum=3, size=(17, 17))
    assert np.array_equal(found.test_images[7], wanted)
    assert (found.steps, found.maximum, found.shape) == (6, 3, (2, 17, 17))


def test_what_a_mac_adds_to_an_archive_is_passed_over(nmnist):
    before = data.read("nmnist:steps=2", nmnist)
    write(nmnist / "Train/3/._00000.bin", b"Mac OS X resource fork")
    write(nmnist / "__MACOSX/Train/3/._00000.bin", b"Mac OS X resource fork")
    write(nmnist / ".DS_Store", b"")
    after = data.read("nmnist:steps=2", nmnist)
    assert np.array_equal(before.train_images, after.train_images)
    assert data.named(nmnist) == "nmnist"


def test_nmnist_is_split_anew_where_a_fold_is_asked_for(nmnist):
    tests = []
    for fold in (1, 2, 3):
        found = data.read(f"nmnist:steps=2,fold={fold}/3", nmnist)
        assert (len(found.train_labels), np.bincount(found.test_labels).tolist()) == (20, [1] * 10)
        tests += [image.tobytes() for image in found.test_images]
    assert len(set(tests)) == 30


def test_options_are_binning(nmnist):
    found = data.read("nmnist:bins=count,crop=20x10+4+8,steps=3", nmnist)
    wanted = expected(recording(0, 34, 34), 34, 34, bins="count", crop=(4, 8, 20, 10), steps=3)
    assert np.array_equal(found.train_images[0], wanted)


def test_nmnist_without_a_part_or_a_digit_is_refused(nmnist):
    (nmnist / "Test").rename(nmnist / "test")
    holds = "N-MNIST's Train/0 … Train/9 and Test/0 … Test/9"
    with refused(data.DataError, f"{nmnist} must hold {holds}, but has no Test"):
        data.read("nmnist", nmnist)
    (nmnist / "test").rename(nmnist / "Test")
    (nmnist / "Train/4").rename(nmnist / "Train/four")
    with refused(data.DataError, f"{nmnist / 'Train'} must hold folders 0 … 9, but has no 4"):
        data.read("nmnist", nmnist)


def test_ncaltech101_is_every_class_folder(tmp_path):
    for name, seed in (("ant", 0), ("cup", 20)):
        for number in range(10):
            write(tmp_path / name / f"image_{number + 1:04}.bin",
                  atis(recording(seed + number, 180, 240)))  # fmt: skip
    found = data.read("ncaltech101:size=18x24,steps=4", tmp_path)
    assert found.class_names == ("ant", "cup")
    assert (len(found.train_labels), np.bincount(found.test_labels).tolist()) == (18, [1, 1])
    assert found.shape == (2, 18, 24)
    wanted = expected(recording(20, 180, 240), 180, 240, steps=4, size=(18, 24))
    assert any(np.array_equal(image, wanted) for image in [*found.train_images, *found.test_images])


def test_cifar10_dvs_has_the_classes_of_cifar10(tmp_path):
    for label, name in enumerate(NAMES):
        for number in range(2):
            listed = recording(2 * label + number, 128, 128)
            write(tmp_path / name / f"cifar10_{name}_{number}.aedat", aedat_2(listed))
    found = data.read("cifar10-dvs:size=48,steps=3,fold=1/2", tmp_path)
    assert found.class_names == NAMES
    assert found.train_images.shape == found.test_images.shape == (10, 3, 2, 48, 48)
    wanted = [expected(recording(n, 128, 128), 128, 128, steps=3, size=(48, 48)) for n in (8, 9)]
    for images in (found.train_images, found.test_images):
        assert any(np.array_equal(images[4], one) for one in wanted)
    (tmp_path / "cat").rename(tmp_path / "lion")
    with refused(data.DataError, f"{tmp_path} must hold folders airplane … truck, but has no cat"):
        data.read("cifar10-dvs", tmp_path)


CSV = "class,startTime_usec,endTime_usec\n"


@pytest.fixture
def gestures(tmp_path):
    for user, part in (("user01_led", "train"), ("user24_lab", "test")):
        events = [(t, t % 128, 5, t % 2 == 1) for t in range(0, 400)]
        write(tmp_path / f"{user}.aedat", aedat_3(packet(events[:250]), packet(events[250:])))
        labels = f"{CSV}1,0,100\n11,100,200\n3,300,350\n"
        (tmp_path / f"{user}_labels.csv").write_text(labels)
        (tmp_path / f"trials_to_{part}.txt").write_text(f"{user}.aedat\n")
    return tmp_path


def test_dvs_gesture_is_cut_at_its_labels(gestures):
    found = data.read("dvs-gesture:steps=2,size=64", gestures)
    assert found.train_labels.tolist() == found.test_labels.tolist() == [0, 10, 2]
    assert found.train_images.shape == (3, 2, 2, 64, 64)
    listed = [(t, t % 128, 5, t % 2) for t in range(100, 200)]
    wanted = expected(listed, 128, 128, steps=2, size=(64, 64))
    assert np.array_equal(found.test_images[1], wanted)
    assert found.classes == len(recordings.GESTURES) == 11


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("trials_to_test.txt", None, ("{folder} must hold DVS128 Gesture's trials_to_train.txt, "
         "trials_to_test.txt and *.aedat, but has no trials_to_test.txt")),
        ("user01_led.aedat", None, ("{folder} must hold user01_led.aedat, which "
         "trials_to_train.txt lists, but hasn't")),
        ("trials_to_test.txt", "\n", "{path} must list recordings with gestures, but lists none"),
        ("user01_led_labels.csv", None, ("{path} must hold the labels of its recording, "
         "but does not exist")),
        ("user01_led_labels.csv", "1,0,100\n", ("{path} must start with "
         "'class,startTime_usec,endTime_usec', not '1,0,100'")),
        ("user01_led_labels.csv", "", ("{path} must start with "
         "'class,startTime_usec,endTime_usec', not ''")),
        ("user01_led_labels.csv", f"{CSV}1,0\n", ("{path} must have three numbers a line, "
         "not '1,0'")),
        ("user01_led_labels.csv", f"{CSV}12,0,1\n", ("{path} must have a class 1…11 and an end "
         "after the start, not '12,0,1'")),
        ("user01_led_labels.csv", f"{CSV}1,2,2\n", ("{path} must have a class 1…11 and an end "
         "after the start, not '1,2,2'")),
    ],
)  # fmt: skip
def test_dvs_gesture_names_what_is_wrong(gestures, file, content, message):
    path = gestures / file
    path.unlink()
    if content is not None:
        path.write_text(content)
    with refused(data.DataError, message.format(folder=gestures, path=path)):
        data.read("dvs-gesture", gestures)


def test_a_byte_order_mark_is_passed_over(gestures):
    for path in (gestures / "user01_led_labels.csv", gestures / "trials_to_train.txt"):
        path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert data.read("dvs-gesture", gestures).train_labels.tolist() == [0, 10, 2]


@pytest.mark.parametrize("end", [401, 500])
@pytest.mark.parametrize("start", [300, 400])
def test_a_gesture_partly_or_wholly_outside_the_recording_is_refused(gestures, start, end):
    (gestures / "user01_led_labels.csv").write_text(f"{CSV}1,0,100\n2,{start},{end}\n")
    with refused(
        data.DataError,
        f"{gestures / 'user01_led.aedat'} must have events all through the gestures that its "
        f"labels name, but right_hand_wave is at {start}…{end - 1} µs, and they are at 0…399 µs",
    ):
        data.read("dvs-gesture", gestures)


def test_a_gesture_from_the_first_event_to_the_last_is_taken(gestures):
    (gestures / "user01_led_labels.csv").write_text(f"{CSV}1,0,400\n")
    assert data.read("dvs-gesture", gestures).train_labels.tolist() == [0]


def test_a_gesture_without_an_event_is_refused(gestures):
    events = [(t, 3, 5, True) for t in (0, 10, 90, 399)]
    write(gestures / "user01_led.aedat", aedat_3(packet(events)))
    (gestures / "user01_led_labels.csv").write_text(f"{CSV}1,20,80\n")
    with refused(
        data.DataError,
        f"{gestures / 'user01_led.aedat'} must have events where its labels name hand_clapping, "
        "20…79 µs, but has none there",
    ):
        data.read("dvs-gesture", gestures)
