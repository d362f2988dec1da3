"""Training on several processes, each with a part of every batch: started by `torchrun`.

Gradients are averaged, so all processes hold the same weights. Each normalizes with the statistics
of its own part of a batch, and the running ones are averaged.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as distributed
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class World:
    """The processes of a training.

    Attributes
    ----------
    rank
        Of this process; 0 writes the files.
    size
        How many there are.
    """

    rank: int = 0
    size: int = 1

    @torch.no_grad()
    def average(self, tensors: Iterable[Tensor]) -> None:
        """Replace floats by their mean over the processes, and integers by those of rank 0.

        Booleans, which no batch changes, are left.
        """
        if self.size == 1:
            return
        for tensor in tensors:
            if tensor.is_floating_point():
                distributed.all_reduce(tensor)
                tensor /= self.size
            elif tensor.dtype != torch.bool:
                distributed.broadcast(tensor, 0)

    def total(self, *numbers: float) -> list[float]:
        """Return the sums of numbers over the processes."""
        if self.size == 1:
            return list(numbers)
        device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
        sums = torch.tensor(numbers, dtype=torch.float64, device=device)
        distributed.all_reduce(sums)
        return sums.tolist()

    def wait(self) -> None:
        """Wait for the other processes."""
        if self.size > 1:
            distributed.barrier()


@contextmanager
def world(device: torch.device) -> Iterator[World]:
    """Join the processes that `torchrun` started, if it did."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield World()
        return
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield World(rank=distributed.get_rank(), size=size)
    finally:
        distributed.destroy_process_group()


def device(name: str | None) -> torch.device:
    """Return the device to train on: the one named, or a GPU where there is one, or the CPU."""
    if name is None:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name not in ("cpu", "cuda"):
        raise ValueError(f"device must be 'cpu' or 'cuda', not {name!r}")
    if name == "cuda" and "LOCAL_RANK" in os.environ:
        name = f"cuda:{os.environ['LOCAL_RANK']}"
    found = torch.device(name)
    if found.type == "cuda":
        if not torch.cuda.is_available():
            raise ValueError(f"device must be 'cpu' where torch finds no GPU, not {name!r}")
        torch.cuda.set_device(found)
    return found
