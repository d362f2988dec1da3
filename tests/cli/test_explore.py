"""`somagate explore`, from the command line to its file and page."""

import sqlite3
from pathlib import Path

import pytest
import somagate as sg
from json_keys import documented
from refusal import refused
from somagate.view.explore.store import opened
from tiny_tables import tiny

FEW = ("--points", 24, "--exact", 6)


def table(file: Path) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(file)
    rows = connection.execute("SELECT * FROM points ORDER BY number").fetchall()
    connection.close()
    return rows


def test_explore_writes_a_file_and_a_page(somagate, tables_path: Path, tmp_path: Path) -> None:
    result = somagate.json("explore", tables_path, *FEW, "--board", "ulx3s-25f")
    assert set(result) <= documented("explore")
    file = tmp_path / "explore.sqlite"
    assert (result["file"], result["page"]) == (str(file), str(file.with_suffix(".html")))
    assert result["points"] == len(table(file)) == 24
    assert result["finished"] is True
    assert result["fitting"] <= 24 and 0 < len(result["front"]) <= result["followed"] <= 6
    best = result["front"][0]
    assert best["target"] == "ulx3s-25f" and best["cycles_from"] == "random"
    assert best["plan"]["stages"]
    assert "Plans of tiny" in file.with_suffix(".html").read_text(encoding="utf-8")

    # A point's plan is what the other verbs take, and they come to its figures.
    told = somagate.json("explore", tables_path, "--point", best["number"])
    assert set(told) <= documented("explore")
    assert told["point"] == best
    plan = Path(told["files"]["plan"])
    assert plan == tmp_path / f"explore-{best['number']}.toml"
    found = somagate.json("estimate", tables_path, "--plan", plan, "--board", "ulx3s-25f")
    assert found["resources"]["logic"]["used"] == best["logic_cells"]
    assert found["resources"]["block_rams"]["used"] == best["block_rams"]

    # Gone on with, there is nothing to do; what is there already isn't touched otherwise.
    before = table(file)
    again = somagate.json("explore", tables_path, *FEW, "--board", "ulx3s-25f", "--resume")
    assert again == result and table(file) == before
    told = f"{file} exists already: go on with --resume, name another with --out, or give --force"
    assert somagate.error("explore", tables_path, *FEW) == told
    assert somagate.error("explore", tables_path, *FEW, "--resume") == (
        f"{file} must be of targets icebreaker to go on with, not ulx3s-25f: name another file "
        "with --out, or give --force to begin anew"
    )
    assert somagate.error("explore", tables_path, "--resume", "--force") == (
        "--force must be left out with --resume, which keeps the file"
    )
    assert somagate.error("explore", tables_path, "--point", 24) == (
        f"point must be 0…23 of {file}, not 24"
    )
    assert somagate.error("explore", tables_path, "--point", 0, "--out", tmp_path / "b") == (
        f"{tmp_path / 'b'}: No such file"
    )
    more = somagate.json("explore", tables_path, "--points", 8, "--exact", 2, "--force")
    assert more["points"] == len(table(file)) == 8


def test_the_best_are_verified_on_data_with_fewer_bits(
    somagate, tables_path: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out" / "x.sqlite"
    call = (
        *("explore", tables_path, *FEW, "--board", "icebreaker", "--data", "digits"),
        *("--samples", 40, "--bits", 3, "--out", out),
    )
    result = somagate.json(*call, "--verify", 1)
    assert set(result["settings"]) >= {"samples", "measured", "bits"}
    assert result["settings"]["measured"] == "40 samples of digits"
    (proven,) = [row for row in result["front"] if row["verified"]]
    assert proven["verified"] == "equal" and proven["verified_samples"] == 16
    assert proven["cycles_from"] == "data" and proven["images_per_second"] > 0
    networks = sqlite3.connect(out).execute("SELECT number, accuracy, sha256 FROM networks")
    rows = networks.fetchall()
    assert [row[0] for row in rows] == [0, 1, 2]
    right = sg.simulate(tiny(), d := sg.samples(tiny(), "digits")[:40]).prediction == d.labels
    assert rows[0][1:] == (right.mean(), tiny().sha256)
    assert len({row[2] for row in rows}) == 3
    other = next((row for row in table(out) if row[2] == 1), None)
    assert other is not None
    files = somagate.json("explore", tables_path, "--out", out, "--point", other[0])["files"]
    assert sg.load(files["tables"]).sha256 == rows[1][2]


def test_the_best_are_built_once(somagate, tables_path: Path, tmp_path: Path) -> None:
    call = ("explore", tables_path, "--points", 6, "--exact", 1, "--out", tmp_path / "e.sqlite")
    (built,) = [row for row in somagate.json(*call, "--build", 1)["front"] if row["built"]]
    assert built["built"] == "passes" and built["fmax_mhz"] >= 24
    bitstream = tmp_path / "e-built" / str(built["number"]) / "top.bin"
    made = bitstream.stat().st_mtime_ns
    again = somagate.json(*call, "--resume", "--build", 1)["front"]
    assert built in again and bitstream.stat().st_mtime_ns == made


def test_a_page_never_replaces_the_results_or_another_file(
    somagate, tables_path: Path, tmp_path: Path
) -> None:
    out = tmp_path / "x.html"
    assert somagate.error("explore", tables_path, *FEW, "--out", out) == (
        f"--out must not end in .html as the page beside it does, but is {out}"
    )
    assert not out.exists()
    out.write_text("mine", encoding="utf-8")
    file = tmp_path / "x.sqlite"
    told = f"{out} exists already: name another with --out, or give --force"
    for more in ((), ("--resume",)):
        assert somagate.error("explore", tables_path, *FEW, "--out", file, *more) == told
    assert out.read_text(encoding="utf-8") == "mine" and not file.exists()
    with refused(ValueError, f"page must be another file than that of the results, not {file}"):
        sg.explore(tiny(), tmp_path / "." / file.name, page=file)
    with refused(ValueError, f"page must be a file, but {tmp_path} is a folder"):
        sg.explore(tiny(), file, page=tmp_path)
    assert not file.exists()


def test_a_folder_is_told_as_one(somagate, tables_path: Path, tmp_path: Path) -> None:
    told = f"{tmp_path} must be a file to write, but is a folder; name one with --out"
    for more in ((), ("--resume",), ("--force",)):
        assert somagate.error("explore", tables_path, "--out", tmp_path, *more) == told
    told = f"{tmp_path}: Is a directory"
    assert somagate.error("explore", tables_path, "--out", tmp_path, "--point", 0) == told


def test_a_point_is_of_the_tables_that_are_named(
    somagate, tables_path: Path, tmp_path: Path
) -> None:
    file, other = tmp_path / "a.sqlite", tiny(1)
    sg.explore(other, file, points=4, exact=1)
    assert somagate.error("explore", tables_path, "--out", file, "--point", 0) == (
        f"{file} must be of tables {tiny().sha256[:12]}, tiny, not {other.sha256[:12]}: give "
        "those, or name another file with --out"
    )
    assert not (tmp_path / "a-0.toml").exists()


def test_what_open_tools_dont_build_for_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    told = "build must be 0 with arty-a7, lfe5u-25f, for which open tools don't build, not 2"
    with refused(ValueError, told):
        sg.explore(tiny(), file, boards=["icebreaker", "arty-a7"], parts=["lfe5u-25f"], build=2)
    assert not file.exists()


def test_an_interrupt_tells_how_to_go_on_and_claims_nothing(
    somagate, tables_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import somagate.exploring as exploring

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    file = tmp_path / "explore.sqlite"
    monkeypatch.setattr(exploring, "explored", interrupted)
    result = somagate("explore", tables_path, "--points", 4)
    assert result.exit_code not in (0, 1)
    assert f"{file} has what was finished: go on with --resume" in result.stderr
    monkeypatch.undo()

    def told(what: str, done: int, total: int) -> None:
        if what == "points followed":
            raise KeyboardInterrupt

    file = tmp_path / "b.sqlite"
    with pytest.raises(KeyboardInterrupt):
        sg.explore(tiny(), file, points=4, exact=2, seed=12, progress=told)
    found = sg.explored(file)
    assert found.to_dict()["finished"] is False and found.to_dict()["followed"] == 1
    assert found.summary == (
        f"not finished: 4 of 4 points are in {file}, and none is compared with the others yet; go "
        "on with --resume"
    )
    assert sg.explore(tiny(), file, points=4, exact=2, seed=12).finished


def test_a_build_that_failed_says_what_is_wrong(tmp_path: Path) -> None:
    found = sg.explore(tiny(), tmp_path / "a.sqlite", points=1, exact=1, seed=12)
    found.front[0]["built"] = "the parts can't be placed"
    assert "the parts can't be placed" in str(found) and not found.proven


def test_what_is_printed_names_the_front(somagate, tables_path: Path) -> None:
    result = somagate("explore", tables_path, "--points", 10, "--exact", 2)
    assert result.exit_code == 0, result.output
    assert "images a second" in result.stdout
    assert "10 points, of which" in result.stdout


def test_wrong_numbers_and_names_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    told = "bits must be 1 without labelled data to measure the accuracy on, not 3"
    with refused(ValueError, told):
        sg.explore(tiny(), file, bits=3)
    with refused(ValueError, "points must be 1…1000000, not 0"):
        sg.explore(tiny(), file, points=0)
    with refused(ValueError, "verify must be 0…1000, not -1"):
        sg.explore(tiny(), file, verify=-1)
    with pytest.raises(ValueError, match=r"^board must be one of .*; did you mean 'icebreaker'\?$"):
        sg.explore(tiny(), file, boards=["icebraker"])
    with pytest.raises(ValueError, match="^part must be one of "):
        sg.explore(tiny(), file, parts=["icebreaker"])
    assert not file.exists()


def test_a_scheduler_comes_with_the_native_engine(tables_path: Path) -> None:
    told = "scheduler must come with the engine 'native', not 'amaranth'"
    with refused(ValueError, told):
        sg.verify(
            sg.design(tiny()), sg.samples(tiny(), "digits")[:1], engine="amaranth",
            scheduler="tcp://host:8786",
        )  # fmt: skip


def test_a_file_in_use_is_refused(somagate, tables_path: Path, tmp_path: Path) -> None:
    file = tmp_path / "explore.sqlite"
    with opened(file, {}):
        assert somagate.error("explore", tables_path, "--force") == (
            f"{file} must be explored into by one at a time, but another process is at it; wait "
            "for it, or name another file with --out"
        )


def test_explored_is_what_a_file_holds(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    first = sg.explore(tiny(), file, points=6, exact=2)
    again = sg.explored(file)
    assert again.points == first.points and again.settings == first.settings
    assert again.page is None and again.fits == first.fits and again.proven
    assert str(again) == str(first)
    with refused(ValueError, f"point must be 0…5 of {file}, not 7"):
        again.point(7)
