"""Files and folders that several processes may want at once.

What is written lies under a name of its own until it is whole, then moves into place in one step;
so a reader never finds half a file, and no two writers share one.
"""

import errno
import fcntl
import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

PART = ".part"
"""How the name of an unfinished file ends; that of the file, between dots, is before it."""


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let errors of the system name `path` where they name nothing, or a hidden file beside it.

    A full disk is told without any name, and a place that can't be written by a temporary one.
    """
    try:
        yield
    except OSError as error:
        named = None if error.filename is None else Path(os.fsdecode(error.filename))
        beside = None if named is None else next(
            (part for part in (named, *named.parents) if part.parent == path.parent), None
        )  # fmt: skip
        if error.errno is None or not (named is None or (beside and beside.name[:1] == ".")):
            raise
        raise type(error)(error.errno, error.strerror, str(path)) from None


@contextmanager
def replacing(path: Path, *, overwrite: bool = True) -> Iterator[Path]:
    """Yield the path to write to; behind the block, that file becomes `path`.

    The folder around it is made. Where the block fails nothing is left. An `OSError` names `path`,
    whatever the file was called.

    Raises
    ------
    FileExistsError
        Without `overwrite`, where something is at `path` by then.
    """
    part = path.with_name(f".{path.name}.{uuid4().hex}{PART}")
    try:
        with naming(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield part
            if overwrite:
                part.replace(path)
            else:
                os.link(part, path)
    finally:
        with suppress(OSError):  # it could not be written, so the error is on its way
            part.unlink()


def write(path: Path, contents: bytes | str, *, overwrite: bool = True) -> None:
    """Write a file, whole or not at all; a text in UTF-8."""
    data = contents.encode() if isinstance(contents, str) else contents
    with replacing(path, overwrite=overwrite) as part:
        part.write_bytes(data)


def remove_parts(folder: Path, name: str) -> None:
    """Remove what writers of the file `name` left in a folder when they were killed."""
    for part in folder.glob(f".{name}.*{PART}"):
        part.unlink(missing_ok=True)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep every other process from holding a folder that exists, up to the end of the block.

    The system lets go of it where the process dies.

    Raises
    ------
    BlockingIOError
        Where another one holds it.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def filling(folder: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield an empty folder to fill; behind the block, that one becomes `folder`.

    The folder around it is made. Where the block fails nothing is left.

    Raises
    ------
    FileExistsError
        Where something is in `folder`, from the start or by the end, and `overwrite` is False; it
        is left alone.
    """
    if not overwrite:
        _refuse_taken(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{folder.name}-"
    with naming(folder), tempfile.TemporaryDirectory(dir=folder.parent, prefix=prefix) as name:
        work = Path(name, "new")
        work.mkdir()
        yield work
        _place(work, folder, overwrite=overwrite)


def _refuse_taken(folder: Path) -> None:
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise FileExistsError(f"{folder} must not exist yet, or be overwritten on purpose")


def _place(work: Path, folder: Path, *, overwrite: bool) -> None:
    """Move a folder to where none is, or an empty one, in one step; so of several one wins."""
    for number in itertools.count():
        try:
            work.rename(folder)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
        if not overwrite:
            _refuse_taken(folder)
        with suppress(FileNotFoundError):  # another process was quicker
            folder.rename(work.with_name(f"old{number}"))
