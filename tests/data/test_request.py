from pathlib import Path

import pytest
from refusal import refused
from somagate.data.record import DataError
from somagate.data.request import Request


def test_a_request_has_a_name_options_and_a_folder():
    found = Request.parse("nmnist:steps=8,size=17x18@some/where@2")
    assert (found.name, found.folder) == ("nmnist", Path("some/where@2"))
    assert found.options == {"steps": "8", "size": "17x18"}
    assert found.title == "nmnist:steps=8,size=17x18"
    assert found.without("size").title == "nmnist:steps=8"
    assert found.size() == (17, 18)
    assert Request.parse("a:size=9").size() == (9, 9)
    assert Request.parse("a").size() is None
    assert Request.parse("a", Path("b")) == Request.parse("a@b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a:steps", "data set options must be KEY=VALUE,KEY=VALUE, not 'steps' in 'a:steps'"),
        ("a:=1", "data set options must be KEY=VALUE,KEY=VALUE, not '=1' in 'a:=1'"),
        ("a:b=", "data set options must be KEY=VALUE,KEY=VALUE, not 'b=' in 'a:b='"),
        ("a:b=1,b=2", "data set options must be unique, not 'b' twice in 'a:b=1,b=2'"),
        ("a@", "a folder must follow the @ of 'a@'"),
    ],
)
def test_a_request_of_another_form_is_refused(text, message):
    with refused(ValueError, message):
        Request.parse(text)


def test_a_folder_is_named_once():
    with refused(ValueError, "the folder of a must be named once, not as 'c' and as 'b'"):
        Request.parse("a@b", Path("c"))


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda r: r.allow(("steps", "size")), "options of a must be of steps, size, not 'bins'"),
        (lambda r: r.integer("steps", 1, 1, 9), "steps of a must be 1…9, not '10'"),
        (lambda r: r.integer("bins", 1, 1, 9), "bins of a must be 1…9, not 'x'"),
        (lambda r: r.choice("bins", ("time", "count")),
         "bins of a must be 'time' or 'count', not 'x'"),
        (lambda r: r.numbers("bins", "I/K", "/"), "bins of a must be I/K, not 'x'"),
        (lambda r: r.numbers("steps", "I/K", "/"), "steps of a must be I/K, not '10'"),
        (lambda r: r.size(), "size of a must be ROWSxCOLUMNS or one number for both, not '4x4x4'"),
    ],
)  # fmt: skip
def test_an_option_of_another_form_is_refused(ask, message):
    with refused(ValueError, message):
        ask(Request.parse("a:bins=x,steps=10,size=4x4x4"))


def test_a_folder_that_is_none_is_refused(tmp_path):
    with refused(DataError, "a needs the folder of files; none was named (a@DIR)"):
        Request.parse("a").directory("files")
    with refused(DataError, f"{tmp_path}/b must be the folder of files, but does not exist"):
        Request.parse("a", tmp_path / "b").directory("files")
    (tmp_path / "b").touch()
    with refused(DataError, f"{tmp_path}/b must be the folder of files, but is a file"):
        Request.parse("a", tmp_path / "b").directory("files")


def test_an_at_in_a_value_is_written_twice():
    found = Request.parse("mnist:cache=/a@@b/c.npz,fold=1/2@/data/x@y")
    assert found.options == {"cache": "/a@b/c.npz", "fold": "1/2"}
    assert found.folder == Path("/data/x@y")
    assert Request.parse(found.title).options == found.options
    assert Request.parse("mnist:cache=a@@").options == {"cache": "a@"}
