"""What archives from a Mac hold besides their files: `._NAME`, `__MACOSX` and `.DS_Store`."""

from collections.abc import Iterator
from pathlib import Path


def leftover(path: Path) -> bool:
    """Return whether a file or folder is hidden, or a Mac's own, by its last name alone."""
    return path.name.startswith(".") or path.name == "__MACOSX"


def entries(folder: Path) -> Iterator[Path]:
    """Yield what is in a folder but for leftovers, in the order of the names."""
    yield from sorted(path for path in folder.iterdir() if not leftover(path))


def matching(folder: Path, pattern: str) -> Iterator[Path]:
    """Yield what `pattern` finds below a folder, where no part of its path is a leftover."""
    for path in folder.glob(pattern):
        parts = path.relative_to(folder).parts
        if not any(leftover(Path(part)) for part in parts):
            yield path
