"""A second golden simulator, as plain as the contract: Python integers, nested loops, no NumPy.

Written from the design's update rule alone, and as slow as that sounds: for the smallest networks.
NumPy appears only where arrays come in and go out.
"""

from typing import Any

import numpy as np
from somagate.export.neuron import Leak, Neuron, Shift, Ternary
from somagate.export.synapse import Convolution, Dense, Identity
from somagate.export.tables import Layer, Tables

Place = tuple[int, ...]
Sparse = dict[Place, int]
"""A map: its elements by (channel, row, column) or (element,)."""


def run(tables: Tables, x: Any) -> dict[str, Any]:
    """Return spikes and potentials by layer, output and prediction, as nested lists.

    `spikes[layer][step][sample]` is a `Sparse` with every neuron in it.
    """
    steps, batch = len(x), len(x[0])
    spikes: dict[str, Any] = {n.name: [[{}] * batch for _ in range(steps)] for n in tables.layers}
    potentials: dict[str, Any] = {
        n.name: [[{}] * batch for _ in range(steps)] for n in tables.layers
    }
    output: list[Any] = []
    prediction = []
    for sample in range(batch):
        answers: list[list[int]] = []
        counts: dict[int, int] = {}
        before: dict[str, Sparse] = {layer.name: {} for layer in tables.layers}
        seen: list[dict[str, Sparse]] = []  # the maps of every step so far
        state: dict[str, Sparse] = {layer.name: {} for layer in tables.layers}
        currents: dict[str, Sparse] = {layer.name: {} for layer in tables.layers}
        for step in range(steps):
            maps: dict[str, Sparse] = {
                "input": {
                    tuple(place): int(value) for place, value in np.ndenumerate(x[step][sample])
                }
            }
            seen.append(maps)
            for layer in tables.layers:
                name = layer.name
                fires: Sparse = {}
                for place in np.ndindex(tables.neuron_shapes[name]):
                    if not layer.kept[place[0]]:
                        fires[place], state[name][place] = 0, 0
                        continue
                    sums = []
                    for gathered in window(layer, place):
                        acc = 0
                        for group in layer.synapses:
                            late = step - group.delay - (1 if group.source == name else 0)
                            source = seen[late][group.source] if late >= 0 else {}
                            shape = tables.map_shapes[group.source]
                            channels = len(layer.kept)
                            acc += total(group, gathered, source, shape, channels)
                        sums.append(acc)
                    adds = layer.pool is not None and layer.pool.kind == "sum"
                    acc = sum(sums) if adds else max(sums)
                    v = state[name].get(place, 0)
                    fired = before[name].get(place, 0)
                    i = currents[name].get(place, 0)
                    enters, currents[name][place] = current(layer.neuron, place[0], i, acc)
                    fires[place], state[name][place] = neuron(
                        layer.neuron, place[0], v, enters, fired
                    )
                before[name] = fires
                maps[name] = pool(layer, fires)
                spikes[name][step][sample] = dict(fires)
                potentials[name][step][sample] = dict(state[name])
            answering = tables.readout.layer
            counts = answer(tables, step, counts, before[answering], state[answering])
            values = [counts[c] for c in sorted(counts)]
            voters = tables.readout.voters
            answers.append([sum(values[at : at + voters]) for at in range(0, len(values), voters)])
        output.append(answers if tables.readout.over == "every" else answers[-1])
        prediction.append(answers[-1].index(max(answers[-1])))
    return {
        "spikes": spikes, "potentials": potentials, "output": output, "prediction": prediction
    }  # fmt: skip


def answer(
    tables: Tables, step: int, counts: dict[int, int], fires: Sparse, state: Sparse
) -> dict[int, int]:
    """Return the value of each neuron that answers after one more step."""
    kind, over, found = tables.readout.kind, tables.readout.over, {}
    for place, fire in fires.items():
        c, v = place[0], state[place]
        old = counts.get(c, 0)
        if kind == "count":
            found[c] = old + fire
        elif kind == "first":
            found[c] = tables.steps - step if fire and not old else old
        elif over == "sum":
            found[c] = old + v
        elif over == "largest":
            found[c] = v if step == 0 else max(old, v)
        else:
            found[c] = v
    return found


def window(layer: Layer, place: Place) -> list[Place]:
    """Return the places whose sums a neuron takes: its own, or those of a pool of sums."""
    if layer.pool is None or layer.pool.of == "spikes":
        return [place]
    channel, row, column = place
    rows, columns = layer.pool.size
    return [
        (channel, row * rows + i, column * columns + j) for i in range(rows) for j in range(columns)
    ]


def total(
    group: Dense | Convolution | Identity,
    place: Place,
    source: Sparse,
    shape: Place,
    channels: int,
) -> int:
    """Return the weighted sum of one neuron from one synapse group; what is absent is 0."""
    weights = group.weights.tolist()
    if isinstance(group, Identity):
        return weights[place[0]] * source.get(place, 0)
    if isinstance(group, Dense):
        row = weights[place[0]]
        acc = 0
        for index, element in enumerate(np.ndindex(shape)):
            acc += row[index] * source.get(element, 0)
        return acc
    channel, row, column = place
    in_group = len(weights[0])
    first = channel // (channels // group.groups) * in_group
    acc = 0
    for c in range(in_group):
        for i in range(len(weights[0][0])):
            for j in range(len(weights[0][0][0])):
                y = row * group.stride[0] - group.padding[0] + i
                x = column * group.stride[1] - group.padding[1] + j
                if 0 <= y < shape[1] and 0 <= x < shape[2]:
                    acc += weights[channel][c][i][j] * source.get((first + c, y, x), 0)
    return acc


def leaked(leak: Leak, c: int, value: int) -> int:
    """Return what a leak leaves of a value."""
    multiplier = leak.multiplier.tolist()
    multiplier = multiplier[c] if isinstance(multiplier, list) else multiplier
    whole, part = divmod(multiplier * value, 2**leak.shift)
    return whole + (part > 0) if leak.rounding == "up" else whole


def current(n: Neuron, c: int, i: int, acc: int) -> tuple[int, int]:
    """Return (what enters u, stored current) of one neuron after one step."""
    x = acc * 2**n.gain + int(n.bias[c])
    if n.current is None:
        return x, 0
    form, held = n.current, i * 2**n.current.store.shift
    new = (leaked(form.leak, c, held) if form.leak.at == "load" else held) + x
    enters = held if form.late else new
    return enters, rounded(
        form.store, leaked(form.leak, c, new) if form.leak.at == "store" else new
    )


def rounded(store: Shift, r: int) -> int:
    """Return what a `Shift` store keeps."""
    kept = (r + 2**store.shift // 2) >> store.shift
    return max(-(2 ** (store.bits - 1)), min(2 ** (store.bits - 1) - 1, kept))


def neuron(n: Neuron, c: int, v: int, enters: int, fired: int) -> tuple[int, int]:
    """Return (fire, stored potential) of one neuron after one step; it `fired` a step before."""
    potential = v * int(n.store.level[c]) if isinstance(n.store, Ternary) else v * 2**n.store.shift
    u = (leaked(n.leak, c, potential) if n.leak.at == "load" else potential) + enters
    if n.reset == "blank" and fired:
        u = 0
    if n.lower_bound is not None:
        u = max(u, int(n.lower_bound[c]))
    if n.threshold is None:
        fire = 0
    elif n.reset == "undelayed" and potential >= int(n.threshold[c]):
        assert n.amount is not None
        fire = int(u >= int(n.threshold[c]) + int(n.amount[c]))
    else:
        fire = int(u >= int(n.threshold[c]))
    if n.spike_bits > 1:
        fire = sum(u >= k * int(n.threshold[c]) for k in range(1, 2**n.spike_bits))
    if n.mask_negative and v < 0:
        fire = 0
    after = leaked(n.leak, c, u) if n.leak.at == "store" else u
    if n.reset == "zero":
        r = 0 if fire else after
    elif n.reset in ("subtract", "undelayed"):
        assert n.amount is not None
        r = after - fire * int(n.amount[c])
    else:
        r = after
    if isinstance(n.store, Ternary):
        boundary = int(n.store.boundary[c])
        return fire, -1 if r < -boundary else 1 if r >= boundary else 0
    return fire, rounded(n.store, r)


def pool(layer: Layer, fires: Sparse) -> Sparse:
    """Return what the next layers see."""
    if layer.pool is None or layer.pool.of == "sums":
        return fires
    windows: dict[Place, list[int]] = {}
    for (channel, row, column), fire in fires.items():
        window = (channel, row // layer.pool.size[0], column // layer.pool.size[1])
        windows.setdefault(window, []).append(fire)
    combine = max if layer.pool.kind == "max" else sum
    return {window: combine(counts) for window, counts in windows.items()}
