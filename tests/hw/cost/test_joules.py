import pytest
from somagate.hw.cost.joules import ENERGY_TABLE, Joules


@pytest.mark.parametrize(
    ("bits", "picojoules"), [(1, 0.03), (8, 0.03), (9, 0.1), (32, 0.1), (33, None)]
)
def test_an_addition_is_that_of_the_next_wider_adder(bits: int, picojoules: float | None) -> None:
    assert ENERGY_TABLE.addition(bits) == (picojoules and pytest.approx(picojoules * 1e-12))


@pytest.mark.parametrize(
    ("word_bits", "words", "picojoules"),
    [
        (64, 1024, 10),  # 8 KB
        (64, 1025, 20),
        (16, 1024, 2.5),
        (128, 2048, 40),
        (64, 1 << 17, 100),
        (64, (1 << 17) + 1, None),
    ],
)
def test_an_access_is_that_of_the_next_larger_memory_by_its_bits(
    word_bits: int, words: int, picojoules: float | None
) -> None:
    found = ENERGY_TABLE.access(word_bits, words)
    assert found == (picojoules and pytest.approx(picojoules * 1e-12))


def test_joules_are_marked_as_an_estimate_with_their_source() -> None:
    found = Joules(table=ENERGY_TABLE, items={"additions": 1e-9, "maps": 1e-9}, left_out=("this",))
    assert found.to_dict() == {
        "estimate": True,
        "table": "horowitz-2014",
        "source": ENERGY_TABLE.source,
        "valid_for": "an ASIC in 45 nm at 0.9 V, not an FPGA",
        "joules_per_sample": 2e-9,
        "items": [{"item": "additions", "joules": 1e-9}, {"item": "maps", "joules": 1e-9}],
        "left_out": ["this"],
    }
    assert ENERGY_TABLE.source.startswith("M. Horowitz, ") and "ISSCC 2014" in ENERGY_TABLE.source
