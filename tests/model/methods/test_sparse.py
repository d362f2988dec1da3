import pytest
import torch
from somagate.model.methods import sparse


def test_random_masks_have_their_density():
    weight = torch.randn(20, 6, 5, 2)
    assert int(sparse.random_mask(weight, 0.1).sum()) == 120
    assert int(sparse.random_mask(weight, 1e-6).sum()) == 1
    mask = sparse.random_mask(weight, 0.5, channels=6)
    kept = mask.sum((0, 2, 3))
    assert sorted(kept.tolist()) == [0, 0, 0, 200, 200, 200]


def test_small_groups_start_denser():
    sizes = [(48, 1, 9), (96, 48, 9), (96, 96, 9), (10, 96, 9)]
    weights = [48 * 9, 96 * 48 * 9, 96 * 96 * 9, 10 * 96 * 9]
    found = sparse.densities(sizes, 0.03)
    assert found[0] == 1.0
    assert found[0] > found[3] > found[1] > found[2]
    kept = [share * weight for share, weight in zip(found, weights, strict=True)]
    assert round(sum(kept)) == round(0.03 * sum(weights))
    # The others' are as the sums of their dimensions: 153, 201, 115.
    assert kept[1] / kept[2] == pytest.approx(153 / 201, abs=0.01)
    assert sparse.densities(sizes, 1.0) == [1.0] * 4


def test_channels_of_a_dense_group_are_blocks_of_elements():
    chosen = torch.tensor([1.0, 0.0, 1.0])
    flags = sparse.spread(chosen, torch.zeros(2, 6))
    assert flags.tolist() == [[1, 1, 0, 0, 1, 1]] * 2
    assert sparse.by_channel(flags * 3, 3).tolist() == [6, 0, 6]


def test_the_exchanged_share_falls_to_0():
    shares = [sparse.annealed(0.5, epoch, 4) for epoch in range(4)]
    assert shares == sorted(shares, reverse=True)
    assert 0 < shares[0] < 0.5
    assert shares[-1] == 0


def test_small_weights_go_and_those_of_large_momentum_come():
    weight = torch.tensor([[0.1, -3.0, 2.0, 0.0, 0.0, 0.0]])
    mask = torch.tensor([[1.0, 1.0, 1.0, 0.0, 0.0, 0.0]])
    moment = torch.tensor([[1.0, 1.0, 1.0, 0.5, -7.0, 2.0]])
    sparse.exchange([weight], [mask], [moment], 0.34)
    assert mask.tolist() == [[0, 1, 1, 0, 1, 0]]
    assert weight.tolist() == [[0, -3, 2, 0, 0, 0]]


def test_weights_move_to_the_group_of_larger_momentum_at_constant_density():
    generator = torch.Generator().manual_seed(0)
    weights = [torch.randn(100, generator=generator) for _ in range(3)]
    masks = [(torch.arange(100) % 4 == 0).float() for _ in range(3)]
    momenta = [torch.full((100,), size) for size in (1.0, 3.0, 4.0)]
    sparse.exchange(weights, masks, momenta, 0.5)
    assert [int(mask.sum()) for mask in masks] == [25 - 12 + 4, 25 - 12 + 13, 25 - 12 + 19]
    assert all((weight[mask == 0] == 0).all() for weight, mask in zip(weights, masks, strict=True))


def test_a_division_keeps_the_total_and_the_rooms():
    assert sparse.divided(10, [1, 1], [100, 100]) == [5, 5]
    assert sparse.divided(10, [1, 9], [100, 4]) == [6, 4]
    assert sparse.divided(7, [1, 1, 1], [9, 9, 9]) == [3, 2, 2]
    assert sparse.divided(3, [0.0, 0.0], [1, 2]) == [1, 2]
    assert sparse.divided(0, [1.0], [0]) == [0]


def test_channels_are_exchanged_whole():
    weight = torch.ones(2, 4, 3) * torch.tensor([5.0, 1.0, 0.0, 0.0])[None, :, None]
    mask = sparse.spread(torch.tensor([1.0, 1.0, 0.0, 0.0]), weight)
    moment = torch.ones(2, 4, 3) * torch.tensor([0.0, 0.0, 1.0, 2.0])[None, :, None]
    sparse.exchange_channels([weight], [mask], [moment], 0.5, [4])
    assert mask.sum((0, 2)).tolist() == [6, 0, 0, 6]
    assert weight.sum((0, 2)).tolist() == [30, 0, 0, 0]


def test_momentum_is_adams_normalized_mean():
    weight = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    optimizer = torch.optim.Adam([weight], lr=0.1)
    assert sparse.momentum(weight, optimizer).tolist() == [0, 0]
    assert not optimizer.state
    (weight * torch.tensor([3.0, -5.0])).sum().backward()
    optimizer.step()
    # m = 0.1 g, v = 0.001 g²
    expected = torch.tensor([0.1, -0.1]) / 0.001**0.5
    assert torch.allclose(sparse.momentum(weight, optimizer), expected)
