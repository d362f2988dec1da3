"""Sparse learning at a constant density: weights that are small go, others come, by momentum.

Follows `TimDettmers/sparse_learning`, `core.py` and `funcs.py`. Masked weights are 0 in value but
have gradients, so their momentum says where a weight is missed.
"""

import math

import torch
from torch import Tensor
from torch.optim import Optimizer


def random_mask(weight: Tensor, density: float, channels: int | None = None) -> Tensor:
    """Return which weights are kept at first, 0 or 1 each, shaped as `weight`: one at least.

    With `channels`, the number of source channels, whole ones are kept.
    """
    units = weight.numel() if channels is None else channels
    kept = max(1, round(units * density))
    chosen = torch.zeros(units).index_fill(0, torch.randperm(units)[:kept], 1.0)
    return chosen.reshape(weight.shape) if channels is None else spread(chosen, weight)


def densities(sizes: list[tuple[int, int, int]], density: float) -> list[float]:
    """Return the share of each group's weights to keep at first, 0…1; of all together, `density`.

    A group keeps weights in proportion to the sum of its dimensions, not to their product, so that
    small groups keep most of theirs, in the manner of Erdős-Rényi kernels (Evci et al., RigL, ICML
    2020). Here a kernel is one dimension, and a dense group has channels and places.

    Parameters
    ----------
    sizes
        Of each group: target channels, source channels, weights between two channels.
    density
        Share of all weights, 0…1.
    """
    counts = [targets * sources * between for targets, sources, between in sizes]
    claims = [float(sum(size)) for size in sizes]
    kept = divided(round(density * sum(counts)), claims, counts)
    return [part / count for part, count in zip(kept, counts, strict=True)]


def spread(chosen: Tensor, weight: Tensor) -> Tensor:
    """Return flags of source channels, (channels,), shaped as the weights (targets, elements…)."""
    flags = chosen.repeat_interleave(weight[0].numel() // len(chosen))
    return flags.reshape(1, *weight.shape[1:]).expand(weight.shape).clone()


def by_channel(values: Tensor, channels: int) -> Tensor:
    """Return the norm of what belongs to each source channel, (channels,), of weights' values."""
    return values.reshape(len(values), channels, -1).square().sum((0, 2)).sqrt()


def momentum(weight: Tensor, optimizer: Optimizer) -> Tensor:
    """Return Adam's mean gradient over its deviation, shaped as `weight`; 0 before any step."""
    state = optimizer.state.get(weight)
    if not state:
        return torch.zeros_like(weight)
    found: Tensor = state["exp_avg"] / (state["exp_avg_sq"].sqrt() + 1e-8)
    return found


def annealed(share: float, epoch: int, epochs: int) -> float:
    """Return the share of weights to exchange after an epoch: it falls along a cosine to 0."""
    return share * (1 + math.cos(math.pi * min(epoch + 1, epochs) / epochs)) / 2


@torch.no_grad()
def exchange(
    weights: list[Tensor], masks: list[Tensor], momenta: list[Tensor], share: float
) -> None:
    """Remove a share of each group's weights, and regrow as many where momentum is largest.

    What regrows is divided among the groups by the mean magnitude of their kept weights' momentum;
    what a group has no room for goes to the others. All groups together keep as many as before.
    Removed and regrown weights are 0.
    """
    removed, claims, rooms = 0, [], []
    for weight, mask, moment in zip(weights, masks, momenta, strict=True):
        kept = int(mask.sum())
        claims.append(float((moment.abs() * mask).sum()) / max(kept, 1))
        count = min(int(share * kept), kept - 1)
        size = torch.where(mask > 0, weight.abs(), math.inf).flatten()
        mask.view(-1)[size.argsort()[:count]] = 0
        removed += count
        rooms.append(mask.numel() - int(mask.sum()))
    for mask, moment, count in zip(masks, momenta, divided(removed, claims, rooms), strict=True):
        missed = torch.where(mask > 0, -1.0, moment.abs()).flatten()
        mask.view(-1)[missed.argsort(descending=True)[:count]] = 1
    for weight, mask in zip(weights, masks, strict=True):
        weight.mul_(mask)


def divided(total: int, claims: list[float], rooms: list[int]) -> list[int]:
    """Divide `total` in proportion to claims, at most `rooms` each, in whole numbers."""
    counts = [0] * len(claims)
    left = total
    while left:
        open_ = [i for i, room in enumerate(rooms) if counts[i] < room]
        weight = sum(claims[i] for i in open_)
        before = left
        for i in open_:
            part = before * claims[i] / weight if weight > 0 else before / len(open_)
            given = min(int(part), rooms[i] - counts[i], left)
            counts[i] += given
            left -= given
        if left == before:  # less than 1 each: to the largest claim
            first = max(open_, key=lambda i: claims[i])
            counts[first] += 1
            left -= 1
    return counts


@torch.no_grad()
def exchange_channels(
    weights: list[Tensor],
    masks: list[Tensor],
    momenta: list[Tensor],
    share: float,
    channels: list[int],
) -> None:
    """Do the same with whole source channels, ranked by norm; each group keeps as many as it has.

    Dividing channels among groups whose channels hold different numbers of weights would not keep
    the density.
    """
    for weight, mask, moment, count in zip(weights, masks, momenta, channels, strict=True):
        kept = by_channel(mask, count) > 0
        moved = min(int(share * int(kept.sum())), int(kept.sum()) - 1, int((~kept).sum()))
        norm = torch.where(kept, by_channel(weight, count), math.inf)
        missed = torch.where(kept, -1.0, by_channel(moment, count))
        kept[norm.argsort()[:moved]] = False
        kept[missed.argsort(descending=True)[:moved]] = True
        mask.copy_(spread(kept.to(mask.dtype), weight))
        weight.mul_(mask)
