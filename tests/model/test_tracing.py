"""What a trace of a network asks of it first, and whose line it names."""

import re
from typing import Any

import pytest
import torch
from somagate.model.tracing import Tracing, line, must_be_sound, numbers_read
from torch import nn

X = torch.ones(2, 3)


def spoilt(number: float) -> nn.Module:
    """Return a layer with one weight of NaN or infinity."""
    net = nn.Linear(3, 2)
    with torch.no_grad():
        net.weight[1, 0] = number
    return net


def test_a_network_or_a_sample_that_is_not_sound_is_refused() -> None:
    must_be_sound(nn.Linear(3, 2), X)
    must_be_sound(nn.LazyLinear(2), X.double())
    must_be_sound(nn.Linear(3, 2), X.int())
    floats = "of float32 or float64, not "
    cases: list[tuple[nn.Module, torch.Tensor, type[Exception], str]] = [
        (nn.Linear(3, 2), X.half(), TypeError, f"sample must be {floats}float16; convert it"),
        (nn.Linear(3, 2).bfloat16(), X, TypeError,
         (f"net must be {floats}bfloat16 as weight is; take net.float(), which has the same "
         "weights")),
        (nn.Linear(3, 2), X[:0], ValueError,
         "sample must be a batch of some samples, not of shape (0, 3)"),
        (nn.Linear(3, 2), X[0, 0], ValueError,
         "sample must be a batch of some samples, not of shape ()"),
        (nn.Linear(3, 2), X / 0, ValueError, "sample must be finite, but holds NaN or infinity"),
        (nn.Sequential(spoilt(float("inf"))), X, ValueError,
         "net must have finite weights, but 0.weight holds NaN or infinity"),
        (spoilt(float("nan")), X, ValueError,
         "net must have finite weights, but weight holds NaN or infinity"),
    ]  # fmt: skip
    for net, x, kind, message in cases:
        with pytest.raises(kind, match=f"^{re.escape(message)}$"):
            must_be_sound(net, x)


class Lines(Tracing[None]):
    """Notes whose line it is that calls each function of torch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if getattr(function, "__name__", "") == "relu":
            self.found.append(line())
        return function(*args, **(kwargs or {}))


def test_the_line_is_the_users_and_not_that_of_who_runs_his_network() -> None:
    ours: dict[str, Any] = {"__name__": "somagate.somewhere"}
    exec("def run(net, x):\n    return net(x)", ours)
    with Lines() as lines:
        ours["run"](nn.Sequential(nn.ReLU()), X)
    assert [re.sub(r":\d+:", ":", text) for text in lines.found] == [
        'test_tracing.py: ours["run"](nn.Sequential(nn.ReLU()), X)'
    ]


class Numbers(Tracing[None]):
    """Tells of each function whether it makes numbers of what depends on the sample."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        self.told.append(numbers_read(function))
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    ("read", "name"),
    [(bool, "bool"), (float, "float"), (int, "int"), (lambda x: range(4)[x], "index"),
     (lambda x: x.item(), "item"), (lambda x: x.tolist(), "tolist"),
     (lambda x: x.numpy(), "numpy"), (lambda x: torch.equal(x, x), "equal"),
     (lambda x: 2 in x[None], "contains")],
)  # fmt: skip
def test_numbers_of_what_depends_on_the_sample_are_refused_with_the_line(
    read: Any, name: str
) -> None:
    with Numbers() as numbers:
        read(torch.tensor(2))
    (told,) = [text for text in numbers.told if text]
    assert re.fullmatch(
        rf"a forward must do the same with all samples, but {name} makes a number of what depends "
        r"on the sample \(test_tracing\.py:\d+: .*\); leave branches, breaks and numbers of it "
        r"out, or behind the network",
        told,
    )


def test_tensors_shapes_and_what_we_read_ourselves_are_no_numbers_of_a_forward() -> None:
    ours: dict[str, Any] = {"__name__": "somagate.somewhere"}
    exec("def run(x):\n    return bool(x.any()), x.sum().item(), x.numpy()", ours)
    with Numbers() as numbers:
        ours["run"](X)
        len(X), X.shape, X.float(), X.bool(), X.int(), X.unbind()
    assert numbers.told and not any(numbers.told)
