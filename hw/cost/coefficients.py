"""What one of each term of `somagate.hw.cost.blocks` takes, read from ``coefficients.toml``."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from ..plan.terms import Terms

Table = dict[str, dict[str, tuple[float, float]]]
"""(logic, flip-flops) by block and term."""

PATH = Path(__file__).with_suffix(".toml")


class MissingCoefficientError(LookupError):
    """A term of a block was never fitted, so that an estimate would be too small without it."""


@dataclass(frozen=True, kw_only=True)
class Cells:
    """What a block takes: logic in the part's cells, and flip-flops."""

    logic: float
    flip_flops: float


def read(path: Path) -> dict[str, Table]:
    """Return the coefficients of each family."""
    return {
        family: {
            block: {term: (logic, flip_flops) for term, (logic, flip_flops) in terms.items()}
            for block, terms in blocks.items()
        }
        for family, blocks in tomllib.loads(path.read_text(encoding="utf-8")).items()
    }


COEFFICIENTS = read(PATH)


def cells(family: str, block: str, terms: Terms) -> Cells:
    """Return what a block takes on the parts of a family: its terms times their coefficients.

    Raises
    ------
    MissingCoefficientError
        Where a term has none; one that was fitted and takes nothing is there as 0.
    """
    known = COEFFICIENTS.get(family, {}).get(block, {})
    for name in terms:
        if name not in known:
            raise MissingCoefficientError(
                f"coefficients of family {family!r} must have term {name!r} of block {block!r}: "
                "fit them anew with python -m benchmarks.hardware.resources fit"
            )
    return Cells(
        logic=sum(known[name][0] * value for name, value in terms.items()),
        flip_flops=sum(known[name][1] * value for name, value in terms.items()),
    )
