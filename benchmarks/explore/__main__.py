"""How long an exploration takes, and that it comes to the same table however it is run.

    python -m benchmarks.explore TABLES --board ulx3s-85f --points 2000

Explores once with two workers, for the time; once in one process; and once more killed at random
moments and resumed after each. It ends with 1 where any two tables differ.
"""

import argparse
import json
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

Table = dict[str, list[tuple[Any, ...]]]


def contents(file: Path) -> Table:
    """Return all rows of an exploration's file, sorted, by table."""
    found = {}
    connection = sqlite3.connect(file)
    for name in ("points", "networks", "settings"):
        rows = connection.execute(f"SELECT * FROM {name} ORDER BY 1")
        found[name] = [tuple(row) for row in rows]
    connection.close()
    return found


def started(arguments: argparse.Namespace, file: Path, *more: str) -> "subprocess.Popen[bytes]":
    """Start an exploration in a process group of its own."""
    boards = [word for board in arguments.board for word in ("--board", board)]
    data = ["--data", arguments.data] if arguments.data else []
    command = [
        *(str(Path(sys.executable).with_name("somagate")), "explore", str(arguments.tables)),
        *(*boards, *data, "--points", str(arguments.points), "--out", str(file), "--resume"),
        *more,
    ]
    return subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)


def whole(arguments: argparse.Namespace, file: Path, *more: str) -> dict[str, float]:
    """Explore to the end, and return the seconds that it took, and those of processors."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    if started(arguments, file, *more).wait():
        sys.exit("the exploration could not be done")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": round(time.monotonic() - start, 1), "cpu_seconds": round(cpu, 1)}


def killed(arguments: argparse.Namespace, file: Path, seconds: float, workers: str) -> list[float]:
    """Kill an exploration at random moments, going on after each; return when, in seconds."""
    rng, moments = random.Random(0), []
    for _ in range(arguments.kills):
        process = started(arguments, file, "--workers", workers)
        moment = rng.uniform(1.0, 2.0 * seconds / arguments.kills)
        try:
            process.wait(timeout=moment)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        moments.append(round(moment, 1))
    whole(arguments, file, "--workers", workers)
    return moments


def main() -> None:
    """Run all, and print what came of it as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tables", type=Path)
    parser.add_argument("--board", action="append", default=[])
    parser.add_argument("--data")
    parser.add_argument("--points", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=10)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        two, one, many = (Path(folder, f"{name}.sqlite") for name in ("two", "one", "many"))
        result: dict[str, Any] = {"points": arguments.points}
        result["two_workers"] = whole(arguments, two, "--workers", "2")
        result["one_process"] = whole(arguments, one)
        seconds = result["two_workers"]["seconds"]
        result["killed_after_seconds"] = killed(arguments, many, seconds, "2")
        result["same_in_one_process"] = contents(one) == contents(two)
        result["same_when_killed"] = contents(many) == contents(two)
        result["rows"] = len(contents(two)["points"])
        result["front"] = sum(
            row[0] for row in sqlite3.connect(two).execute("SELECT front FROM points")
        )
    print(json.dumps(result, indent=2))
    sys.exit(not (result["same_in_one_process"] and result["same_when_killed"]))


if __name__ == "__main__":
    main()
