"""Every term has a coefficient in every family, or the estimate says which is missing."""

import pytest
from refusal import refused
from somagate.hw.cost import coefficients
from somagate.hw.cost.coefficients import COEFFICIENTS, Cells, MissingCoefficientError, cells

FAMILIES = ("ice40", "ecp5", "gowin", "xilinx")


def test_cells_are_terms_times_coefficients(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {"ice40": {"walker": {"one": (3.0, 0.0), "row": (0.5, 2.0)}}}
    monkeypatch.setattr(coefficients, "COEFFICIENTS", table)
    assert cells("ice40", "walker", {"one": 1, "row": 8}) == Cells(logic=7.0, flip_flops=16.0)
    assert cells("ice40", "walker", {}) == Cells(logic=0, flip_flops=0)


@pytest.mark.parametrize(
    ("family", "block", "term"),
    [("ice40", "walker", "legs"), ("ice40", "runner", "one"), ("none", "walker", "one")],
)
def test_a_term_without_a_coefficient_is_named(family: str, block: str, term: str) -> None:
    with refused(
        MissingCoefficientError,
        f"coefficients of family {family!r} must have term {term!r} of block {block!r}: fit them "
        "anew with python -m benchmarks.hardware.resources fit",
    ):
        cells(family, block, {term: 0})


def test_every_family_has_the_same_terms_whatever_they_take() -> None:
    first, *others = (
        {
            block: sorted(terms)
            for block, terms in COEFFICIENTS[family].items()
            if block not in ("top", "commands")  # there are boards for two of them only
        }
        for family in FAMILIES
    )
    assert all(other == first for other in others)
