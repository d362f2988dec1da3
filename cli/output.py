"""What a verb prints: one result on stdout, everything else on stderr.

A result says its content twice, for programs and for people. With `--json` the first is all that
stdout gets; without, the verb prints the second, tables and sentences. Progress, and an error's one
line, go to stderr. An error that the user can mend is a sentence and exit status 2, not a
traceback; `SOMAGATE_DEBUG=1` brings the traceback back, before it.
"""

import difflib
import json
import os
import sys
import traceback
import warnings
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, TextIO

import typer
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ..shown import Shown
from ..shown.tables import WIDTH

Update = Callable[[int, int], None]
"""Told (done, total) as work goes on."""

USER_ERRORS = (
    *(ValueError, TypeError, LookupError, OSError, RuntimeError, ImportError, MemoryError),
)

NO, FAILED = 1, 2
"""Exit statuses: the work is done, and its answer is no; the work could not be done."""


class Page(Protocol):
    """A page that is being served."""

    address: str

    def wait(self) -> None:
        """Wait until it ends; it does where an interrupt comes."""


def stderr() -> Console:
    """Return a console on stderr, as it is now."""
    return Console(stderr=True, highlight=False)


def show(
    result: Shown, as_json: bool, lines: Sequence[RenderableType] | None = None, **more: Any
) -> None:
    """Print a result: as JSON, with what `more` holds; or as it shows itself, or as `lines`."""
    if as_json:
        write_json(result.to_dict() | more, indent=2)
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDTH
    for line in result.shown() if lines is None else lines:
        console.print(line, soft_wrap=isinstance(line, str), markup=not isinstance(line, str))


def write_json(result: dict[str, Any], indent: int | None = None) -> None:
    """Print a JSON object on stdout: as it is read, or where stdout can't, in ASCII's escapes."""
    text = json.dumps(result, indent=indent, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        text = json.dumps(result, indent=indent)
    sys.stdout.write(text + "\n")


@contextmanager
def verb(as_json: bool) -> Iterator[None]:
    """Turn an error inside the block into one line on stderr and exit status 2.

    With `as_json`, stdout gets `{"error": "..."}`. A warning is a line on stderr as well.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", UserWarning)
            warnings.showwarning = _warned
            yield
    except USER_ERRORS as error:
        if os.environ.get("SOMAGATE_DEBUG"):
            traceback.print_exc()
        text = message(error)
        if as_json:
            write_json({"error": text})
        console = stderr()
        console.print(f"error: {text}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(FAILED) from None


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    stderr().print(f"warning: {message}", style="yellow", markup=False, soft_wrap=True)


def message(error: BaseException) -> str:
    """Return an error as a sentence."""
    if isinstance(error, ModuleNotFoundError):
        extra = {"torch": "train", "tensorboardX": "train", "sklearn": "train", "cocotb": "sim",
                 "amaranth_boards": "ice40", "serial": "board", "h5py": "nir",
                 "snntorch": "snntorch", "distributed": "search", "matplotlib": "search",
                 "bokeh": "view"}  # fmt: skip
        name = (error.name or "").split(".")[0]
        if name in extra:
            return f"{name} is not installed: pip install 'somagate[{extra[name]}]'"
    if isinstance(error, KeyError) and error.args:
        return str(error.args[0])
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__


def serving(page: Page, *, browser: bool) -> None:
    """Serve a page until Ctrl-C: its address is printed, and on a terminal a browser opens it."""
    with suppress(KeyboardInterrupt):
        sys.stdout.write(f"{page.address}\n")
        sys.stdout.flush()
        if browser and sys.stdout.isatty():
            webbrowser.open(page.address)
        stderr().print("Ctrl-C ends it", markup=False)
        page.wait()


@contextmanager
def progress(label: str, unit: str = "") -> Iterator[Update]:
    """Show a bar on stderr while the block runs; it moves with the function it yields."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
    )
    console = stderr()
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        task = bars.add_task(label, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


@contextmanager
def pulsing(label: str) -> Iterator[Callable[[str], None]]:
    """Show on stderr that the block runs, which nobody knows the end of, for how long, and what of.

    The function that it yields takes what is told behind the label.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    console = stderr()
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        task = bars.add_task(label, total=None)
        yield lambda text: bars.update(task, description=f"{label}: {text}")


def existing(path: Path, suffix: str) -> Path:
    """Return `path` if it is a file, or raise naming files of that suffix near it."""
    if path.is_file():
        return path
    folder = path if path.is_dir() else path.parent if path.parent.is_dir() else Path()
    files = sorted(other.name for other in folder.glob(f"*{suffix}") if other.is_file())
    near = difflib.get_close_matches(path.name, files, n=3, cutoff=0.0)
    found = ", ".join(str(folder / name) for name in near)
    hint = f"there is {found}" if near else f"no {suffix} file is in {str(folder).rstrip('/')}/"
    what = "is a folder" if path.is_dir() else "does not exist"
    if path.exists() and not path.is_dir():
        what = "is a device or a pipe"
    raise ValueError(f"{path} must be a {suffix} file, but {what}; {hint}")


def writable(path: Path, force: bool, option: str = "--out") -> Path:
    """Return `path` if nothing is there or `force` is given."""
    taken = path.exists() and not (path.is_dir() and not any(path.iterdir()))
    if taken and not force:
        raise ValueError(f"{path} exists already: name another with {option}, or give --force")
    return path


def replaceable_file(path: Path, force: bool, option: str = "--out") -> Path:
    """Return `path` if it may be written as a file: nothing is there, or a file with `force`."""
    if path.is_dir():
        raise ValueError(f"{path} must be a file to write, but is a folder; name one with {option}")
    return writable(path, force, option)


def replaceable(folder: Path, proof: str, force: bool) -> Path:
    """Return `folder` if it may be written: nothing is there, or ours with `force`.

    `proof` is a file that each of our folders has; no other folder is ever replaced.
    """
    writable(folder, force)
    if folder.exists() and any(folder.iterdir()) and not (folder / proof).is_file():
        raise ValueError(f"{folder} must be a folder of ours to be replaced, but has no {proof}")
    return folder
