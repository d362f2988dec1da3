"""What a network's own framework computes, in float64, time step by time step.

This is the source's rule, and knows nothing of the integers that are made of it: the proof at
import compares the two. Sums of dyadic numbers are exact in it, in whatever order.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .floats import Floats
from .graph import INPUT, Network, Node, instant
from .ops import Affine, Conv, Delay, Flatten, Linear, Pool, Shape, spread
from .rule import Neuron


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference:
    """What each layer of neurons did.

    Attributes
    ----------
    spikes
        By layer: float64 (steps, batch, *shape), whole numbers; a layer that never fires has none.
    compared, kept
        By layer, the same shape: the potential that was compared with the threshold, and the one
        that the next step starts from.
    currents
        By layer whose neurons have one: the least and the most that a synaptic current was.
    maps
        What every node made, where it was asked for.
    """

    spikes: dict[str, Floats]
    compared: dict[str, Floats]
    kept: dict[str, Floats]
    currents: dict[str, tuple[float, float]]
    maps: dict[str, Floats]


def run(network: Network, x: NDArray[Any], *, maps: bool = False) -> Reference:
    """Run a network on a batch.

    Parameters
    ----------
    network
        The source.
    x
        Numbers (steps, batch, *input shape).
    maps
        Whether to keep what every node makes.

    Raises
    ------
    ValueError
        Where `x` has another shape.
    """
    x = np.asarray(x, np.float64)
    if x.ndim < 2 or x.shape[2:] != network.input_shape:
        wanted = ", ".join(map(str, network.input_shape))
        raise ValueError(f"x must have shape (steps, batch, {wanted}), not {x.shape}")
    steps, batch = x.shape[:2]
    layers = {
        name: Layer(neuron, network.shapes[name], batch) for name, neuron in network.neurons.items()
    }
    late = {name for node in network.nodes if isinstance(node.op, Delay) for name in node.sources}
    made: dict[str, list[Floats]] = {
        node.name: [] for node in network.nodes if maps or node.name in late
    }
    for t in range(steps):
        now: dict[str, Floats] = {INPUT: x[t]}
        for node in network.nodes:
            if isinstance(node.op, Delay):
                now[node.name] = delayed_maps(network, node, now, made, x, t)
                continue
            source = sum((now[name] for name in node.sources[1:]), now[node.sources[0]])
            now[node.name] = (
                layers[node.name].step(source)
                if isinstance(node.op, Neuron)
                else apply(node.op, source)
            )
        for name, values in made.items():
            values.append(now[name])
    return Reference(
        spikes={name: np.stack(layer.spikes) for name, layer in layers.items()},
        compared={name: np.stack(layer.compared) for name, layer in layers.items()},
        kept={name: np.stack(layer.kept) for name, layer in layers.items()},
        currents={name: layer.currents for name, layer in layers.items() if layer.has_current},
        maps={name: np.stack(values) for name, values in made.items()} if maps else {},
    )


def delayed_maps(
    network: Network, node: Node, now: dict[str, Floats], made: dict[str, list[Floats]],
    x: Floats, t: int,
) -> Floats:  # fmt: skip
    """Return what a delay's sources were, each channel by its own number of steps."""
    assert isinstance(node.op, Delay)

    def before(steps: int) -> Floats:
        if steps > t:
            return np.zeros((x.shape[1], *network.shapes[node.name]))
        if steps == 0:
            values = [now[name] for name in node.sources]
        else:
            values = [
                x[t - steps] if name == INPUT else made[name][t - steps] for name in node.sources
            ]
        return np.asarray(sum(values[1:], values[0]))

    shape = network.shapes[node.name]
    wanted = np.broadcast_to(spread("Delay", node.op.steps.astype(np.float64), shape), shape)
    result = np.zeros((x.shape[1], *shape))
    for steps in np.unique(node.op.steps):
        assert steps or instant(node)
        result = np.where(wanted == steps, before(int(steps)), result)
    return result


class Layer:
    """The neurons of a layer, with their state and what they have done.

    Members: `spikes`, `compared` and `kept`, a list of (batch, *shape) each, and `currents`, as in
    `Reference`.
    """

    def __init__(self, neuron: Neuron, shape: Shape, batch: int) -> None:
        self._neuron = neuron
        self._p = {name: spread(name, value, shape) for name, value in neuron.parameters().items()}
        self._u: Floats = np.broadcast_to(self._p["initial"], (batch, *shape)).astype(np.float64)
        self._current = np.zeros((batch, *shape))
        self._again = self._fire(self._u)
        self.spikes: list[Floats] = []
        self.compared: list[Floats] = []
        self.kept: list[Floats] = []
        self.currents = (0.0, 0.0)
        self.has_current = neuron.current is not None

    def step(self, x: Floats) -> Floats:
        """Advance by a time step of input x, (batch, *shape), and return the output."""
        neuron, p = self._neuron, self._p
        if neuron.current:
            before = self._current
            self._current = p["current decay"] * before + x
            least, most = self.currents
            self.currents = (
                min(least, float(self._current.min())),
                max(most, float(self._current.max())),
            )
            x = before if neuron.current.late else self._current
        u = p["decay"] * self._u + p["bias"] + p["gain"] * x
        again = self._again
        if neuron.reset in ("delayed", "undelayed"):
            u = u - again * p["threshold"]
        elif neuron.reset == "blank":
            u = np.where(again > 0, 0.0, u)
        if "low" in p:
            u = np.maximum(u, p["low"])
        fire = self._fire(u)
        self.spikes.append(fire)
        self.compared.append(u)
        self.kept.append(u)
        self._settle(u, fire, again)
        return fire if neuron.threshold is not None else u

    def _settle(self, u: Floats, fire: Floats, again: Floats) -> None:
        """Let the last step end with spikes, of which `again` came of the potential before it."""
        neuron, p = self._neuron, self._p
        kept = u
        if neuron.reset == "zero":
            kept = np.where(fire > 0, p["v_reset"], u)
        elif neuron.reset == "subtract":
            kept = u - fire * p["threshold"]
        elif neuron.reset == "undelayed":
            kept = u - (fire - again) * p["threshold"]
        self._u = self.kept[-1] = kept
        self.spikes[-1] = fire
        self._again = self._fire(kept) if neuron.reset == "undelayed" else fire

    def follow(self, x: Floats, theirs: Floats, near: float) -> None:
        """Advance as `step` does, and as another has fired where that may be due to rounding.

        Parameters
        ----------
        x
            The input, (batch, *shape).
        theirs
            What the other put out: spikes, or potentials of neurons that never fire.
        near
            How far from the threshold, of the largest potential, rounding may decide.

        Raises
        ------
        ValueError
            Where the other fires, or holds, something that the rule doesn't say.
        """
        again, before = self._again, self._u
        ours = self.step(x)
        u = self.compared[-1]
        room = near * max(1.0, float(np.abs(u).max()))
        if self._neuron.threshold is None:
            wrong = np.abs(ours - theirs) > room
        else:
            wrong = self._fires_otherwise(u, theirs, room)
            if self._neuron.reset == "undelayed" and wrong.any():
                # Rounding may have decided whether the potential before still fires, and with it
                # whether a threshold is taken off this one; what is kept is the same either way.
                threshold = self._p["threshold"]
                other = u + (2 * again - 1) * threshold
                may = wrong & (np.abs(before - threshold) <= room)
                turned = may & ~self._fires_otherwise(other, theirs, room)
                u = self.compared[-1] = np.where(turned, other, u)
                again = np.where(turned, 1 - again, again)
                wrong &= ~turned
        if wrong.any():
            index = tuple(int(i) for i in np.argwhere(wrong)[0])
            raise ValueError(
                f"neurons must follow the rule that is known of them, but in step "
                f"{len(self.spikes) - 1} neuron {index[1:]} of sample {index[0]} puts out "
                f"{theirs[index]:g} where the rule has {ours[index]:g}; either this version of the "
                "framework computes something else, or float32 has rounded potentials far away: "
                "pass net.double() and sample.double(), and if that is taken it was float32"
            )
        if self._neuron.threshold is not None:
            self._settle(u, theirs, again)

    def _fires_otherwise(self, u: Floats, theirs: Floats, room: float) -> NDArray[np.bool_]:
        """Return where potentials that are compared fire otherwise, further off than `room`."""
        far = np.abs(u - self._p["threshold"]) > room
        return np.asarray((self._fire(u) != theirs) & far)

    def _fire(self, u: Floats) -> Floats:
        if self._neuron.threshold is None:
            return np.zeros(u.shape)
        threshold = self._p["threshold"]
        if self._neuron.most == 1:
            fire = u > threshold if self._neuron.comparator == ">" else u >= threshold
            return fire.astype(np.float64)
        count = np.floor(u / threshold)
        if self._neuron.comparator == ">":
            count = np.ceil(u / threshold) - 1
        return np.clip(count, 0, self._neuron.most)


def apply(op: Linear | Conv | Pool | Affine | Flatten, x: Floats) -> Floats:
    """Return what an operation without a state makes of maps x, (batch, *source shape)."""
    shape = op.target(x.shape[1:])
    if isinstance(op, Linear):
        result = x @ op.weight.T
        return result if op.bias is None else result + op.bias
    if isinstance(op, Affine):
        return x * spread("scale", op.scale, shape) + spread("offset", op.offset, shape)
    if isinstance(op, Flatten):
        return x.reshape(len(x), -1)
    if isinstance(op, Pool):
        windows = _windows(x, op, op.size, (1, 1), -np.inf if op.kind == "max" else 0.0)
        if op.kind == "max":
            return np.asarray(windows.max((-2, -1)))
        return np.asarray(windows.mean((-2, -1)) if op.kind == "average" else windows.sum((-2, -1)))
    windows = _windows(x, op, op.weight.shape[2:], op.dilation, 0.0)
    channels, rows, columns = shape
    fields = windows.transpose(0, 1, 4, 5, 2, 3).reshape(len(x), op.groups, -1, rows * columns)
    kernel = op.weight.reshape(op.groups, channels // op.groups, -1)
    result = (kernel @ fields).reshape(len(x), *shape)
    return result if op.bias is None else result + op.bias[:, None, None]


def _windows(
    x: Floats, op: Conv | Pool, size: tuple[int, ...], dilation: tuple[int, int], fill: float
) -> Floats:
    """Return the windows of maps x, (batch, channels, target rows, columns, rows, columns)."""
    pads = ((0, 0), (0, 0), (op.padding[0],) * 2, (op.padding[1],) * 2)
    reach = tuple((k - 1) * d + 1 for k, d in zip(size, dilation, strict=True))
    padded = np.pad(x, pads, constant_values=fill)
    windows = np.lib.stride_tricks.sliding_window_view(padded, reach, (2, 3))
    windows = windows[:, :, :: op.stride[0], :: op.stride[1]]
    return windows[..., :: dilation[0], :: dilation[1]]
