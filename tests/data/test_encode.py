import numpy as np
import pytest
from refusal import refused
from somagate.data.encode import encode

PIXELS = np.arange(17, dtype=np.uint8)[None]


@pytest.mark.parametrize("steps", [1, 4, 8, 16, 17])
@pytest.mark.parametrize("maximum", [16, 255])
def test_rate_gives_as_many_spikes_as_the_image_is_bright(steps, maximum):
    images = np.arange(maximum + 1, dtype=np.uint8)[None]
    spikes = encode(images, encoding="rate", steps=steps, maximum=maximum)
    assert spikes.shape == (steps, 1, maximum + 1)
    assert spikes.dtype == np.uint8
    assert spikes.max() == 1
    count = [(2 * steps * int(p) + maximum) // (2 * maximum) for p in images[0]]
    bright = [steps * p / maximum for p in range(maximum + 1)]
    assert (np.abs(spikes.sum(0)[0] - bright) <= 0.5).all()
    # maximum // 2 stands for maximum / 2: for an odd maximum no count lies on a half.
    assert (spikes.sum(0)[0] == count).all()


def test_rate_spaces_spikes_evenly():
    spikes = encode(PIXELS, encoding="rate", steps=8, maximum=16)[:, 0]
    assert spikes[:, 16].tolist() == [1] * 8
    assert spikes[:, 8].tolist() == [1, 0] * 4
    assert spikes[:, 4].tolist() == [0, 1, 0, 0, 0, 1, 0, 0]
    assert spikes[:, 1].tolist() == [0, 0, 0, 0, 0, 0, 0, 1]
    assert spikes[:, 0].tolist() == [0] * 8
    for pixel in range(1, 17):
        (at,) = np.nonzero(spikes[:, pixel])
        assert np.ptp(np.diff(at)) <= 1 if len(at) > 2 else True


def test_rate_follows_its_formula_at_every_step():
    spikes = encode(PIXELS, encoding="rate", steps=5, maximum=16)[:, 0]
    for step in range(5):
        for pixel in range(17):
            before, after = (step * pixel + 8) // 16, ((step + 1) * pixel + 8) // 16
            assert spikes[step, pixel] == (after > before)


@pytest.mark.parametrize("high", [1, 3, 15, 255])
def test_direct_is_the_image_scaled_and_rounded_half_up_in_every_step(high):
    maps = encode(PIXELS, encoding="direct", steps=3, maximum=16, high=high)
    assert maps.shape == (3, 1, 17)
    assert maps.dtype == np.uint8
    expected = [(2 * p * high + 16) // 32 for p in range(17)]
    assert (maps == expected).all()
    assert maps[0, 0, 16] == high


def test_frames_pass_through():
    frames = np.arange(2 * 3 * 4).reshape(2, 3, 4)
    assert encode(frames, encoding="frames", steps=2) is frames


@pytest.mark.parametrize(
    ("images", "settings", "kind", "message"),
    [
        (PIXELS * 1.0, {"encoding": "rate"}, TypeError, "images must hold integers, not float64"),
        (PIXELS, {"steps": 0}, ValueError, "steps must be at least 1, not 0"),
        (
            PIXELS, {"encoding": "latency"}, ValueError,
            "encoding must be 'rate', 'direct' or 'frames', not 'latency'",
        ),
        (PIXELS, {"maximum": 0}, ValueError, "maximum must be 1…65535, not 0"),
        (PIXELS, {"high": 256}, ValueError, "high must be 1…255, not 256"),
        (PIXELS, {"maximum": 15}, ValueError, "images must be 0…15, the maximum, not 0…16"),
        (
            np.zeros((3, 1, 4), np.uint8), {"encoding": "frames"}, ValueError,
            "frames must have the shape (steps, samples, *shape) with 2 steps, not (3, 1, 4)",
        ),
    ],
)  # fmt: skip
def test_what_it_can_not_encode_is_refused(images, settings, kind, message):
    with refused(kind, message):
        encode(images, **{"encoding": "rate", "steps": 2, "maximum": 16, **settings})
