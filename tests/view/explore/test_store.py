import sqlite3
from pathlib import Path

import pytest
from refusal import refused
from somagate.export.tables import Tables
from somagate.view.explore import Store
from somagate.view.explore.export import saved
from somagate.view.explore.networks import Measured, assumed
from somagate.view.explore.store import StoreError, opened, reading
from tiny_tables import tiny

ROW = {"number": 0, "target": "icebreaker", "network": 0, "plan": '{"word_bits":16}', "fits": 1}


def test_what_is_added_is_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "a.sqlite"
    with opened(file, {"seed": "0"}) as store:
        store.add([ROW, {**ROW, "number": 1}])
        store.change({1: {"front": 1, "cycles_per_image": 2.5}})
        store.add_network(0, Measured(right=7, additions={"conv1": (3.0, 1.5)}))
        store.keep_networks([assumed(tiny(), 0.1)])
    with opened(file, {"seed": "0"}) as store:
        rows = store.rows()
        assert [row["number"] for row in rows] == [0, 1]
        assert rows[1]["cycles_per_image"] == 2.5 and rows[0]["front"] is None
        assert store.measured() == {0: Measured(right=7, additions={"conv1": (3.0, 1.5)})}
    with reading(file) as (store, settings):
        assert settings == {"seed": "0"}
        path = tmp_path / "t.safetensors"
        path.write_bytes(store.tables(0))
        assert Tables.load(path).sha256 == tiny().sha256
    assert sqlite3.connect(file).execute("SELECT number FROM front").fetchall() == [(1,)]


def test_a_transaction_that_was_cut_off_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    with opened(file, {}) as store:
        store.add([ROW])
        with pytest.raises(sqlite3.IntegrityError):
            store.add([{**ROW, "number": 1}, ROW])
        assert [row["number"] for row in store.rows()] == [0]


def test_a_file_of_other_settings_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    with opened(file, {"seed": "0", "points": "9"}):
        pass
    told = (
        f"{file} must be of points 8 to go on with, not 9: name another file with --out, or give "
        "--force to begin anew"
    )
    with refused(StoreError, told), opened(file, {"seed": "0", "points": "8"}):
        pass
    with opened(file, {"points": "8"}, anew=True) as store:
        store.add([ROW])
    with opened(file, {"points": "8"}) as store:
        assert len(store.rows()) == 1


def test_other_samples_are_named_by_their_options(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    with opened(file, {"spikes": "random spikes"}):
        pass
    told = (
        f"{file} must be of --data/--activity 2 samples of digits to go on with, not random "
        "spikes: name another file with --out, or give --force to begin anew"
    )
    with refused(StoreError, told), opened(file, {"spikes": "2 samples of digits"}):
        pass


@pytest.mark.parametrize("begun", [False, True])
def test_a_file_left_amid_a_transaction_is_read_and_gone_on_with(
    tmp_path: Path, begun: bool
) -> None:
    file, left = tmp_path / "a.sqlite", tmp_path / "left.sqlite"
    if begun:
        with opened(file, {}) as store:
            store.add([ROW])
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA cache_size = 1")  # pages are written before the transaction's end
    connection.execute("BEGIN")
    connection.execute("CREATE TABLE more (text TEXT)")
    connection.executemany("INSERT INTO more VALUES (?)", [("x" * 999,)] * 99)
    for end in ("", "-journal"):
        left.with_name(left.name + end).write_bytes(file.with_name(file.name + end).read_bytes())
    connection.close()
    assert left.stat().st_size > 50_000
    if begun:
        with reading(left) as (store, _):
            assert [row["number"] for row in store.rows()] == [0]
    with opened(left, {}) as store:
        assert len(store.rows()) == begun


@pytest.mark.parametrize("begun", [False, True])
def test_a_folder_is_no_file(tmp_path: Path, begun: bool) -> None:
    its = opened(tmp_path, {}) if begun else reading(tmp_path)
    with pytest.raises(IsADirectoryError) as error, its:
        pass
    assert error.value.filename == str(tmp_path)


@pytest.mark.parametrize("anew", [False, True])
def test_a_file_that_is_something_else_is_left_alone(tmp_path: Path, anew: bool) -> None:
    file = tmp_path / "a.safetensors"
    tiny().save(file)
    before = file.read_bytes()
    told = f"{file} must be a file that `somagate explore` wrote, but has no settings of it"
    with refused(StoreError, told), opened(file, {}, anew=anew):
        pass
    with refused(StoreError, told), reading(file):
        pass
    assert file.read_bytes() == before


def test_one_process_at_a_time_explores_into_a_file(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    told = (
        f"{file} must be explored into by one at a time, but another process is at it; wait for "
        "it, or name another file with --out"
    )
    with opened(file, {}) as store:
        store.add([ROW])
        with refused(StoreError, told), opened(file, {}):
            pass
        with refused(StoreError, told), opened(file, {}, anew=True):
            pass
        assert len(store.rows()) == 1
        with reading(file) as (other, _):  # which may be looked into meanwhile
            assert len(other.rows()) == 1


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as error, reading(tmp_path / "a.sqlite"):
        pass
    assert error.value.filename == str(tmp_path / "a.sqlite")


def test_a_point_becomes_files(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    plan = '{"word_bits":16,"loadable":false,"stages":[{"layers":2,"lanes":4}],"orders":{}}'
    with opened(file, {}) as store:
        assert isinstance(store, Store)
        store.add([{**ROW, "plan": plan}, {**ROW, "number": 1, "network": 1, "plan": plan}])
        network = assumed(tiny(1), 0.1)
        object.__setattr__(network, "number", 1)
        store.keep_networks([assumed(tiny(), 0.1), network])
    assert saved(file, 0, tmp_path, overwrite=False) == {"plan": tmp_path / "a-0.toml"}
    files = saved(file, 1, tmp_path, overwrite=False)
    assert files == {"plan": tmp_path / "a-1.toml", "tables": tmp_path / "a-1.safetensors"}
    assert Tables.load(files["tables"]).sha256 == tiny(1).sha256
    assert (tmp_path / "a-1.toml").read_text() == (tmp_path / "a-0.toml").read_text()
    told = f"{tmp_path / 'a-1.toml'} must not exist yet, or be overwritten on purpose"
    with refused(FileExistsError, told):
        saved(file, 1, tmp_path, overwrite=False)
    saved(file, 1, tmp_path, overwrite=True)
    with refused(ValueError, f"point must be 0…1 of {file}, not 2"):
        saved(file, 2, tmp_path, overwrite=False)
