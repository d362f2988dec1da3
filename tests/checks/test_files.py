import errno
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from somagate.checks import files

WRITER = """
import sys
from pathlib import Path
from somagate.checks import files
path, text, exclusive = Path(sys.argv[1]), sys.argv[2] * 1_000_000, sys.argv[3] == "1"
sys.stdin.readline()
try:
    for _ in range(20):
        files.write(path, text, overwrite=not exclusive)
        if exclusive:
            break
except FileExistsError as error:
    sys.exit(f"{error.filename}: {error.strerror}")
"""


def writers(path: Path, exclusive: bool) -> list[tuple[int, str]]:
    """Let four processes write a file at the same time; return their status and last words."""
    command = [sys.executable, "-c", WRITER, str(path)]
    running = [
        subprocess.Popen(
            [*command, letter, str(int(exclusive))],
            stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for letter in "abcd"
    ]  # fmt: skip
    with ThreadPoolExecutor(4) as pool:
        words = list(pool.map(lambda p: p.communicate("go\n")[1], running))
    return [(process.returncode, text) for process, text in zip(running, words, strict=True)]


def test_four_processes_may_write_one_file_and_one_of_them_wins(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert [status for status, _ in writers(path, exclusive=False)] == [0] * 4
    text = path.read_text(encoding="utf-8")
    assert len(text) == 1_000_000 and len(set(text)) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_without_overwriting_exactly_one_wins_and_the_others_are_told(tmp_path: Path) -> None:
    path = tmp_path / "file"
    found = writers(path, exclusive=True)
    assert sorted(status for status, _ in found) == [0, 1, 1, 1]
    assert {words for status, words in found if status} == {f"{path}: File exists\n"}
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_names_the_file_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError) as error, files.replacing(tmp_path / "a"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert str(error.value) == f"[Errno 28] No space left on device: {str(tmp_path / 'a')!r}"
    with pytest.raises(OSError) as long:
        files.write(tmp_path / ("b" * 255), "text")
    assert long.value.errno == errno.ENAMETOOLONG
    assert long.value.filename == str(tmp_path / ("b" * 255))
    with pytest.raises(OSError, match="just words"), files.replacing(tmp_path / "a"):
        raise OSError("just words")
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_file_is_made(tmp_path: Path) -> None:
    files.write(tmp_path / "a/b/c", "text")
    assert [path.name for path in (tmp_path / "a/b").iterdir()] == ["c"]


def test_what_killed_writers_left_is_removed(tmp_path: Path) -> None:
    for name in (".state.pt.0123.part", ".other.0123.part", "state.pt"):
        (tmp_path / name).touch()
    files.remove_parts(tmp_path, "state.pt")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".other.0123.part", "state.pt"]


def test_a_folder_is_held_once(tmp_path: Path) -> None:
    with files.held(tmp_path), pytest.raises(BlockingIOError), files.held(tmp_path):
        pass
    with files.held(tmp_path):
        pass


def test_a_full_disk_and_a_temporary_name_are_told_by_the_path_wanted(tmp_path: Path) -> None:
    wanted, hidden = tmp_path / "rtl", tmp_path / ".rtl-x1/new/file"
    for error in (OSError(28, "No space"), PermissionError(13, "denied", str(hidden))):
        with pytest.raises(type(error)) as found, files.naming(wanted):
            raise error
        assert found.value.filename == str(wanted)
    other = FileNotFoundError(2, "none", "/bin/absent")
    with pytest.raises(FileNotFoundError) as found, files.naming(wanted):
        raise other
    assert found.value is other
