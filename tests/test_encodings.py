"""Every text file is UTF-8, whatever the locale: each call that reads or writes one says so."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]


def silent(tree: ast.AST) -> Iterator[int]:
    """Yield the lines of calls that open a text, or a process's, in the locale's encoding."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        names = {keyword.arg: keyword.value for keyword in node.keywords}
        function = node.func
        method = isinstance(function, ast.Attribute)
        name = function.attr if method else getattr(function, "id", "")
        owner = getattr(getattr(function, "value", None), "id", "")
        if "encoding" in names:
            continue
        process = name in ("run", "Popen", "call", "check_call", "check_output")
        as_text = process and ("text" in names or "universal_newlines" in names)
        if name in ("read_text", "write_text") or as_text:
            yield node.lineno
        elif name == "open" and owner not in ("os", "Image", "webbrowser"):
            mode = names.get("mode", ast.Constant("r"))
            mode = node.args[0 if method else 1] if len(node.args) > (0 if method else 1) else mode
            if not (isinstance(mode, ast.Constant) and "b" in str(mode.value)):
                yield node.lineno


def test_every_text_has_its_encoding() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    ).stdout.split()
    files = [ROOT / name for name in listed if not name.startswith("tests/")]
    assert len(files) > 100
    assert [
        f"{path.relative_to(ROOT)}:{line}"
        for path in files
        for line in silent(ast.parse(path.read_text(encoding="utf-8")))
    ] == []


def test_calls_without_an_encoding_are_found() -> None:
    code = """p.read_text()
p.write_text("a")
open(p)
p.open("w")
run(c, text=True)
p.open("rb")
open(p, "wb")
open(p, encoding="utf-8")
"""
    assert list(silent(ast.parse(code))) == [1, 2, 3, 4, 5]
