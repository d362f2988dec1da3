"""What one of each term of `somagate.hw.cost.blocks` takes, read from ``coefficients.toml``."""

import tomllib
from pathlib import Path

Table = dict[str, dict[str, tuple[float, float]]]
"""(logic, flip-flops) by block and term."""

PATH = Path(__file__).with_suffix(".toml")


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
