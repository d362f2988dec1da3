"""Training on two processes, as `torchrun` starts them."""

import json
import os
import socket
import subprocess
import sys

import torch
from refusal import refused
from somagate.model import checkpoint, parallel

SCRIPT = """
import sys
from pathlib import Path
from somagate.model.recipe import Dense, Recipe
from somagate.model.train import Machine, Told, train
recipe = Recipe(
    name="tiny", data="digits", layers=(Dense(neurons=12),), steps=2, epochs=2, batch=100,
    learning_rate=0.02,
)
result = train(
    recipe, Path(sys.argv[1]), machine=Machine(device="cpu"), told=Told(progress=False)
)
print(result.accuracy, result.epochs[-1].loss)
"""


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def test_two_processes_train_one_network(tmp_path):
    port = str(free_port())
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(tmp_path / "run")],
            env={
                **os.environ, "WORLD_SIZE": "2", "RANK": str(rank), "LOCAL_RANK": str(rank),
                "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port,
            },
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for rank in range(2)
    ]  # fmt: skip
    outputs = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    # Both measured the whole test set with their own weights, and got the same figures.
    assert outputs[0][0] == outputs[1][0] != ""
    accuracy = float(outputs[0][0].split()[0])
    assert accuracy > 0.5
    summary = json.loads((tmp_path / "run/result.json").read_text())
    assert summary["accuracy"] == accuracy
    assert checkpoint.read(tmp_path / "run/checkpoint.pt").accuracy == accuracy


def test_one_process_is_a_world_of_its_own(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with parallel.world(torch.device("cpu")) as world:
        assert world == parallel.World(rank=0, size=1)
        assert world.total(1.5, 2) == [1.5, 2]
        world.wait()


def test_a_gpu_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with refused(ValueError, "device must be 'cpu' where torch finds no GPU, not 'cuda'"):
        parallel.device("cuda")
    assert parallel.device(None) == torch.device("cpu")


def test_a_device_of_another_kind_is_refused():
    with refused(ValueError, "device must be 'cpu' or 'cuda', not 'tpu'"):
        parallel.device("tpu")
