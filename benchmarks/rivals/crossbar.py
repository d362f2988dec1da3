"""256 inputs to 256 neurons, over the same steps and spikes: our cycles, and those of tinyODIN."""

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from somagate.hw.plan.plan import Plan
from somagate.sim.bench.cache import verilator_environment
from somagate.sim.verify.settings import Setup
from somagate.sim.verify.verify import verify
from somagate.toolchain import tools

from benchmarks.lib import networks
from benchmarks.rivals.designs import RIVALS, RivalError

STEPS = 10
LANES = (16, 32)


def crossbar_plan(lanes: int) -> Plan:
    """Return 256 inputs to 256 neurons over `STEPS` steps."""
    return Plan.single(networks.dense(256, 0, 256, steps=STEPS), lanes=lanes, word_bits=32)


def crossbar_cycles(lanes: int, rate: float) -> dict[str, Any]:
    """Return what the steps take on our accelerator."""
    plan = crossbar_plan(lanes)
    x = networks.spikes(plan.tables, rate, 1)
    verdict = verify(plan, x, setup=Setup(workers=1))
    if not verdict.equal:
        raise RuntimeError(verdict.summary)
    return {"cycles": verdict.sample_cycles[0], "additions": 256 * int(x.sum())}


def tinyodin(folder: Path, build: Path, rate: float) -> dict[str, Any]:
    """Return what the same steps take on tinyODIN; its sums are checked."""
    plan = crossbar_plan(LANES[0])
    x = networks.spikes(plan.tables, rate, 1)[:, 0]
    weights = plan.tables.layers[0].synapses[0].weights.T
    numbers = [*weights.ravel().tolist(), STEPS]
    for step in x:
        sources = np.flatnonzero(step).tolist()
        numbers += [len(sources), *sources]
    program = build / "obj" / "Vdut"
    if not program.is_file():
        build.mkdir(parents=True, exist_ok=True)
        harness = Path(__file__).with_name("tinyodin.cpp").resolve()
        files = [str(path.resolve()) for path in RIVALS[0].files(folder)]
        command = [
            *tools.require("verilator").command, "--cc", "--exe", "--build", "-Wno-fatal", "-O3",
            "-Wno-lint", "--public-flat-rw", "--prefix", "Vdut", "--top-module", "tinyODIN",
            "--Mdir", "obj", *files, str(harness),
        ]  # fmt: skip
        done = subprocess.run(
            command, cwd=build, env=verilator_environment(build), capture_output=True,
            encoding="utf-8", errors="replace", check=False,
        )  # fmt: skip
        if done.returncode:
            raise RivalError(f"verilator: {(done.stderr or done.stdout).strip().splitlines()[-1]}")
    done = subprocess.run(
        [program],
        input=" ".join(map(str, numbers)),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise RivalError(done.stderr.strip())
    answer = [int(line) for line in done.stdout.split()]
    sums = x.sum(0, dtype=np.int64) @ weights
    if answer[STEPS:] != sums.tolist():
        raise RivalError("its potentials are not the sums of its weights")
    return {"cycles": sum(answer[:STEPS]), "additions": 256 * int(x.sum())}
