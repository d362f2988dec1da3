"""Small networks and plans for tests of single blocks, and where everything in them lies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from somagate.export.neuron import Leak, Neuron, Shift
from somagate.export.synapse import Convolution, Dense, weight_range
from somagate.export.tables import Input, Layer, Pool, Readout, Tables
from somagate.hw.plan import Plan


def neuron(channels: int, **changes: Any) -> Neuron:
    """Return a neuron that fires at 1 and stores 8 bits, with any attribute changed."""
    given: dict[str, Any] = {
        "bias": np.zeros(channels, np.int32),
        "threshold": np.ones(channels, np.int32),
        "store": Shift(bits=8, shift=0),
        "leak": Leak(),
    }
    return Neuron(**given | changes)


def weights(rng: np.random.Generator, bits: int, *shape: int) -> Any:
    """Draw weights of a width."""
    low, high = weight_range(bits)
    drawn = rng.integers(low, high + 1, shape)
    return np.where(drawn >= 0, 1, -1) if bits == 1 else drawn


@dataclass(frozen=True, kw_only=True)
class Shapes:
    """A convolution layer's geometry; kernel, stride, padding and pool as (rows, columns)."""

    channels: int = 3
    kernel: tuple[int, int] = (3, 3)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    pool: tuple[int, int] | None = None
    source: str = "input"
    mask: Sequence[bool] | None = None
    bits: int = 4


def network(
    shape: Sequence[int],
    layers: Sequence[Shapes | int],
    *,
    steps: int = 2,
    classes: int = 2,
    seed: int = 0,
    **neurons: Any,
) -> Tables:
    """Return tables of convolutions, or dense layers of a size, and a dense readout 'out'.

    A layer is called 'l0', 'l1' and so on; a dense one and the readout read the layer before.
    """
    rng = np.random.default_rng(seed)
    maps: dict[str, tuple[int, ...]] = {"input": tuple(shape)}
    made: list[Layer] = []
    for index, form in enumerate([*layers, classes]):
        name = f"l{index}" if index < len(layers) else "out"
        if isinstance(form, int):
            source = list(maps)[-1]
            made.append(
                Layer(
                    name=name,
                    synapses=(
                        Dense(
                            source=source,
                            weights=weights(rng, 4, form, int(np.prod(maps[source]))),
                            bits=4,
                        ),
                    ),
                    neuron=neuron(form, **neurons),
                )
            )
            maps[name] = (form,)
            continue
        group = Convolution(
            source=form.source,
            weights=weights(rng, form.bits, form.channels, maps[form.source][0], *form.kernel),
            bits=form.bits,
            stride=form.stride,
            padding=form.padding,
        )
        made.append(
            Layer(
                name=name,
                synapses=(group,),
                neuron=neuron(form.channels, **neurons),
                pool=Pool(size=form.pool) if form.pool else None,
                channel_mask=None if form.mask is None else np.array(form.mask, bool),
            )
        )
        channels, rows, columns = group.target(maps[form.source])
        window = form.pool or (1, 1)
        maps[name] = (channels, rows // window[0], columns // window[1])
    return Tables(
        name="blocks",
        steps=steps,
        input=Input(shape=tuple(shape)),
        layers=tuple(made),
        readout=Readout(layer="out"),
    )


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One visit of the array to a position: a lane group of one neuron position."""

    row: int
    column: int
    group: int
    groups: int
    first: bool
    final: bool
    row_end: bool


def visits(plan: Plan, layer: int) -> Iterator[Visit]:
    """Yield a layer's visits in order: pooled positions, lane groups, positions of the window."""
    tables = plan.tables.layers[layer]
    shape = plan.tables.map_shapes[tables.name]
    rows, columns = shape[1:] if len(shape) == 3 else (1, 1)
    high, wide = tables.pool.size if tables.pool else (1, 1)
    groups = -(-int(tables.kept.sum()) // plan.lanes)
    for row in range(rows):
        for column in range(columns):
            for group in range(groups):
                for y in range(high):
                    for x in range(wide):
                        yield Visit(
                            row=row * high + y,
                            column=column * wide + x,
                            group=group,
                            groups=groups,
                            first=(y, x) == (0, 0),
                            final=(y, x) == (high - 1, wide - 1),
                            row_end=column == columns - 1 and group == groups - 1,
                        )


def chunk_lanes(plan: Plan, layer: int, group: int) -> list[list[int]]:
    """Return the kept channels of each chunk of a lane group that holds any, -1 where none is."""
    channels = int(plan.tables.layers[layer].kept.sum())
    chunks = []
    for start in range(0, plan.lanes, plan.update_lanes):
        first = group * plan.lanes + start
        lanes = [c if c < channels else -1 for c in range(first, first + plan.update_lanes)]
        if lanes[0] >= 0:
            chunks.append(lanes)
    return chunks
