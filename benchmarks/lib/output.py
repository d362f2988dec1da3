"""What the benchmarks write: results that are kept for the next run, tables and plots."""

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from somagate.boards.build import versions


def tell(text: str) -> None:
    """Say what is being done, on stderr."""
    print(text, file=sys.stderr, flush=True)


def sources(*modules: Any, tools: Sequence[str] = ()) -> str:
    """Return a hash of the code of modules, of Amaranth's version and of those of tools.

    Of a package that is all of its folder, with the packages in it.
    """
    files = []
    for path in (Path(module.__file__) for module in modules):
        files += path.parent.rglob("*") if path.name == "__init__.py" else [path]
    texts = [file.read_bytes() for file in sorted(files) if file.suffix in (".py", ".cpp", ".toml")]
    found = versions(*tools) | {"amaranth": metadata.version("amaranth")}
    return hashlib.sha256(b"".join([*texts, json.dumps(found).encode()])).hexdigest()


class Kept:
    """Results in files named by a hash of what they follow from, so a rerun goes on.

    Parameters
    ----------
    folder
        Where they lie.
    code
        A hash of the code that makes them; see `sources`.
    """

    def __init__(self, folder: Path, code: str) -> None:
        self.folder, self.code = folder, code

    def get(self, label: str, of: dict[str, Any], make: Callable[[], Any]) -> Any:
        """Return the result of `make` for what `of` names, from the file or made now."""
        path = self._path(label, of)
        if not path.is_file():
            tell(f"{label}: {', '.join(f'{name} {value}' for name, value in of.items())}")
            result = make()
            self.folder.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        return json.loads(path.read_text(encoding="utf-8"))

    def known(self, label: str, of: dict[str, Any]) -> Any:
        """Return the result that is kept, or None where there is none."""
        path = self._path(label, of)
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None

    def _path(self, label: str, of: dict[str, Any]) -> Path:
        text = json.dumps([label, of, self.code], sort_keys=True)
        return self.folder / f"{label}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.json"


def markdown(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table in Markdown."""
    lines = [list(map(str, row)) for row in (header, ["---"] * len(header), *rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write(
    folder: Path, name: str, result: dict[str, Any], text: str, *, as_json: bool = False
) -> None:
    """Write `name`.json and `name`.md, and print one of them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    (folder / f"{name}.md").write_text(text, encoding="utf-8")
    print(json.dumps(result, indent=2) if as_json else text)


def figure(
    folder: Path, name: str, draw: Callable[[Any], None], *, size: tuple[float, float] = (6, 3.6)
) -> None:
    """Draw on one pair of axes, and write `name`.svg and `name`.png."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    # The same input gives the same bytes: no random names, no date; and text stays text.
    style = {"svg.hashsalt": name, "svg.fonttype": "none", "axes.spines.top": False,
             "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.3}  # fmt: skip
    with plt.rc_context(style):
        chart, axes = plt.subplots(figsize=size, layout="constrained")
        draw(axes)
        folder.mkdir(parents=True, exist_ok=True)
        chart.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})
        chart.savefig(folder / f"{name}.png", dpi=150, metadata={"Software": None})
        plt.close(chart)
