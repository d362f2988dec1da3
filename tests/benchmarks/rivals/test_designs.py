"""A rival is measured as ours is."""

from benchmarks.rivals.designs import RIVALS, wrapper


def test_a_rival_is_wrapped_in_registers_for_every_bit():
    ports = {
        "CLK": {"direction": "input", "bits": [2]},
        "SCK": {"direction": "input", "bits": [3]},
        "data": {"direction": "input", "bits": [4, 5, 6]},
        "q": {"direction": "output", "bits": [7, 8]},
    }
    text, count = wrapper(RIVALS[0], ports)
    assert count == 5
    for part in (".CLK(clk)", ".SCK(pin_SCK)", ".data(shift[2:0])", ".q(result[1:0])"):
        assert part in text
