"""From tables to descriptors: layers behind each other in the memories of a stage."""

from collections.abc import Mapping, Sequence

from ...export.synapse import Dense, Identity, SynapseGroup
from ...export.tables import Tables
from .descriptor import Descriptor, Map, Orders, Source, as_map
from .flat import stored_shape
from .weight_rows import channel_windows, is_full
from .widths import parts


def describe(
    tables: Tables,
    layers: Sequence[int],
    maps: Mapping[str, Map],
    orders: Orders,
    *,
    lanes: int,
    update_lanes: int,
    pad: int,
    tile: tuple[int, int] = (0, 1),
) -> tuple[Descriptor, ...]:
    """Lay out some layers for a stage.

    Parameters
    ----------
    tables
        The whole network.
    layers
        Numbers of the layers, in order.
    maps
        How each source of theirs is stored.
    orders
        The kept channels of every map, in the order in which they are laid out.
    lanes, update_lanes
        Of the stage.
    pad
        Channels of every map are padded to a multiple of it.
    tile
        Which tile of how many the stage is.
    """
    found: list[Descriptor] = []
    weight_base: dict[int, int] = {}
    state_base: dict[int, int] = {}
    parameter_base = 0
    for number in layers:
        layer = tables.layers[number]
        channels = len(orders[layer.name])
        _, rows, columns = as_map(tables.map_shapes[layer.name])
        sources = []
        for group in layer.synapses:
            kept, _, _ = stored_shape(tables, group.source, len(orders[group.source]))
            bits = _stored_bits(group, maps[group.source].channels > kept)
            window = channel_windows(tables, number, group, orders, lanes=lanes, pad=pad)
            base = weight_base.get(bits, 0)
            source = _source(layer.name, group, maps[group.source], window, bits, base)
            sources.append(source)
            weight_base[bits] = base + parts(channels, lanes) * source.group_rows
        bits = layer.neuron.state_bits
        descriptor = Descriptor(
            name=layer.name,
            number=number,
            sources=tuple(sources),
            channels=channels,
            rows=len(range(tile[0], rows, tile[1])),
            columns=columns,
            window=layer.pool.size if layer.pool else (1, 1),
            counts=layer.spike_pool is not None and layer.spike_pool.kind == "sum",
            parameter_base=parameter_base,
            state_base=state_base.get(bits, 0),
            lanes=lanes,
            update_lanes=update_lanes,
            combines=layer.sum_pool.kind if layer.sum_pool else "",
            first_row=tile[0],
            row_step=tile[1],
        )
        found.append(descriptor)
        parameter_base += descriptor.chunks
        state_base[bits] = descriptor.state_base + descriptor.updates
    return tuple(found)


def _stored_bits(group: SynapseGroup, padded: bool) -> int:
    """Return the width at which a group is stored: its own, unless ±1 needs zeros beside it.

    `padded` says whether its source's map has channels that are none.
    """
    if group.bits > 1:
        return group.bits
    return 2 if padded or not is_full(group) else 1


def _source(
    layer: str, group: SynapseGroup, source: Map, window: tuple[int, int], bits: int, base: int
) -> Source:
    step, span = window
    kernel, stride, padding = (1, 1), (1, 1), (0, 0)
    if isinstance(group, Dense):
        kernel = (source.rows, source.columns)
    elif not isinstance(group, Identity):
        kernel, stride, padding = group.kernel, group.stride, group.padding
    if is_full(group):
        kernel, span = (kernel[0], 1), kernel[1] * source.channels
    return Source(
        name=group.source,
        map=source,
        recurrent=group.source == layer,
        kernel=kernel,
        stride=stride,
        padding=padding,
        span=span,
        group_bits=step,
        weight_bits=bits,
        weight_base=base,
        delay=group.delay,
    )
