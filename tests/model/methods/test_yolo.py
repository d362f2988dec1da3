import numpy as np
import pytest
import torch
from somagate.data.boxes import Found, Grid, decode, mean_average_precision, overlap, suppress
from somagate.model.methods import yolo

GRID = Grid(rows=3, columns=4, classes=2, boxes=2)
SIZE = (60, 100)
TRUTH = [
    Found(
        label=np.array([1, 0]), score=np.ones(2),
        place=np.array([[10.0, 5, 30, 20], [70, 40, 20, 20]]),
    ),
    Found(label=np.array([0]), score=np.ones(1), place=np.array([[80.0, 50, 30, 20]])),
]  # fmt: skip


def test_a_box_belongs_to_the_cell_of_its_center():
    found = yolo.targets(TRUTH, GRID, SIZE)
    assert found.shape == (2, 3, 4, 6)
    assert int(found[..., 0].sum()) == 3
    assert found[0, 0, 1].tolist() == pytest.approx([1, 1, 0, 0.75, 0.3**0.5, (1 / 3) ** 0.5])
    # A center on the picture's edge belongs to the last cell.
    assert found[1, 2, 3, 2:4].tolist() == pytest.approx([0.8, 1.0])


def test_overlaps_are_those_of_the_places():
    generator = np.random.default_rng(0)
    cells = generator.uniform(0.2, 0.9, (1, 3, 4, 12))
    cells[..., 6] = cells[..., 11] = 9
    wanted = yolo.targets([TRUTH[0]], GRID, SIZE)
    raw = torch.tensor(cells[..., 2:].reshape(1, 3, 4, 2, 5))[0, 0, 1]
    found = yolo._overlap(raw[:, :4], wanted[0, 0, 1, 2:].double(), GRID)
    (decoded,) = decode(cells.reshape(1, -1), GRID, SIZE)
    expected = overlap(decoded.place, TRUTH[0].place[:1])[2:4, 0]
    assert found.numpy() == pytest.approx(expected)


def test_the_loss_by_hand():
    grid = Grid(rows=1, columns=1, classes=2, boxes=2)
    outputs = torch.tensor([[0.0, 2.0, 0.5, 0.5, 0.5, 0.5, 0.3, 0.0, 0.0, 0.1, 0.1, -0.7]])
    wanted = torch.tensor([[[[1.0, 1.0, 0.5, 0.5, 0.5, 0.7]]]])
    # The first box has the area 1/16 of the true box's 0.1225, inside of it.
    sure = torch.sigmoid(torch.tensor([0.3, -0.7]))
    expected = 5 * 0.04 + (sure[0] - 0.0625 / 0.1225) ** 2 + 0.5 * sure[1] ** 2
    expected = expected + torch.log(1 + torch.exp(torch.tensor(-2.0)))
    assert yolo.yolo_loss(outputs, wanted, grid).item() == pytest.approx(expected.item(), rel=1e-5)


def test_outputs_that_follow_the_loss_find_every_box():
    wanted = yolo.targets(TRUTH, GRID, SIZE)
    generator = torch.Generator().manual_seed(0)
    outputs = (0.1 * torch.randn(2, GRID.outputs, generator=generator)).requires_grad_()
    optimizer = torch.optim.Adam([outputs], lr=0.05)
    for _ in range(300):
        optimizer.zero_grad()
        loss = yolo.yolo_loss(outputs, wanted, GRID)
        loss.backward()
        optimizer.step()
    found = [suppress(one) for one in decode(outputs.detach().numpy(), GRID, SIZE, least=0.3)]
    assert [len(one) for one in found] == [2, 1]
    assert mean_average_precision(found, TRUTH, 2, least=0.8) == 1
