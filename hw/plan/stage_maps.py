"""Some consecutive layers on one stage: which maps they read, and where those are stored."""

from dataclasses import dataclass
from functools import cached_property

from ...export.tables import Tables
from .descriptor import Map, Orders
from .flat import stored_shape
from .stage_shape import StageShape


@dataclass(frozen=True, kw_only=True, eq=False)
class StageMaps:
    """Some consecutive layers of tables on one stage, and their maps in its memory.

    Attributes
    ----------
    tables
        The whole network.
    first
        Number of the stage's first layer.
    shape
        How many layers it executes, on how many lanes and banks, with which memories.
    word_bits
        Width of a word of the spike maps; a power of two.
    pad
        Channels of every map are padded to a multiple of it; a multiple of the banks.
    buffers
        How many maps of each external source are kept for this step and later ones, so how far its
        producer can be ahead.
    orders
        The kept channels of every map, in the order in which they are laid out.
    loadable
        Weights, parameters and masks can be loaded at run time; every width then holds whatever
        weights of the tables' widths can add up to.
    tile
        Which of `shape.tiles` it is: rows tile, tile + tiles and so on of its layer's map.
    """

    tables: Tables
    first: int
    shape: StageShape
    word_bits: int
    pad: int
    buffers: dict[str, int]
    orders: Orders
    loadable: bool = False
    tile: int = 0

    @property
    def count(self) -> int:
        """Layers of the stage."""
        return self.shape.layers

    @property
    def lanes(self) -> int:
        """Output channels computed at the same time."""
        return self.shape.lanes

    @property
    def update_lanes(self) -> int:
        """Neurons updated in one cycle."""
        return self.shape.update_lanes

    @property
    def banks(self) -> int:
        """Weight rows read in one cycle."""
        return self.shape.banks

    @cached_property
    def layers(self) -> tuple[int, ...]:
        """Numbers of the layers in the tables."""
        return tuple(range(self.first, self.first + self.count))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the layers."""
        return tuple(self.tables.layers[number].name for number in self.layers)

    @cached_property
    def external(self) -> tuple[str, ...]:
        """Sources that come from outside the stage, in the order of the tables."""
        read = self.read_maps
        order = ["input", *(layer.name for layer in self.tables.layers)]
        return tuple(name for name in order if name in read and name not in self.names)

    @cached_property
    def read_maps(self) -> frozenset[str]:
        """Sources that a layer of the stage reads."""
        return frozenset(
            group.source for n in self.layers for group in self.tables.layers[n].synapses
        )

    @cached_property
    def lags(self) -> dict[str, tuple[int, ...]]:
        """Of each source that is read, how many steps ago, in ascending order; 0 is this step.

        What nobody ever sees, as an inference has no more steps, needs no map; and a constant
        input is the same in every step.
        """
        found: dict[str, set[int]] = {name: {0} for name in self.read_maps}
        for layer in (self.tables.layers[number] for number in self.layers):
            for group in layer.synapses:
                lag = group.delay + (group.source == layer.name)
                found[group.source].add(lag if lag < self.tables.steps else 0)
        if "input" in found and self.tables.input.constant:
            found["input"] = {0}
        return {name: tuple(sorted(lags)) for name, lags in found.items()}

    @cached_property
    def waits(self) -> tuple[int, ...]:
        """In how many first steps some layer does not see some source yet, where several.

        A wait for longer than an inference is one of all its steps.
        """
        layers = (self.tables.layers[number] for number in self.layers)
        lags = {group.delay + (group.source == a.name) for a in layers for group in a.synapses}
        return tuple(sorted({min(lag, max(2, self.tables.steps)) for lag in lags if lag > 1}))

    def wait(self, lag: int) -> int:
        """Return the number of a lag's wait, from 2 on; 1 is that of the first step, 0 is none."""
        return 2 + self.waits.index(min(lag, max(2, self.tables.steps))) if lag > 1 else lag

    def seen_lag(self, name: str, lag: int) -> int:
        """Return of how many steps before the map of a source is that a group reads, see `lags`."""
        return lag if lag in self.lags[name] else 0

    def kept_steps(self, name: str) -> int:
        """Return of how many steps the stage's layers see a source's map, with this step's."""
        return 1 + max(self.lags[name])

    @cached_property
    def rings(self) -> tuple[str, ...]:
        """Layers of the stage more than two of whose maps are kept, one a step in turn."""
        return tuple(n for n in self.names if n in self.read_maps and self.kept_steps(n) > 2)

    def map(self, name: str) -> Map:
        """Return how the map of 'input' or of a layer is stored."""
        kept, rows, columns = self.stored_shape(name)
        return Map(
            channels=kept + -kept % self.pad,
            rows=rows,
            columns=columns,
            word_bits=self.word_bits,
            activation=self.tables.activation(name),
        )

    def stored_shape(self, name: str) -> tuple[int, int, int]:
        """Return (channels, rows, columns) of a map as it is stored, without what pads it."""
        return stored_shape(self.tables, name, len(self.orders[name]))

    def map_buffers(self, name: str) -> int:
        """Return how many maps of a source are kept."""
        ahead = self.buffers[name] - 1 if name in self.external else 0
        return ahead + self.kept_steps(name)

    @cached_property
    def map_bases(self) -> dict[str, int]:
        """Address of the first buffer of each map that the stage stores; buffers follow it."""
        bases, base = {}, 0
        for name in (*self.external, *(n for n in self.names if n in self.read_maps)):
            bases[name] = base
            base += self.map(name).words * self.map_buffers(name)
        return bases

    @cached_property
    def map_words(self) -> int:
        """Depth of the map memory."""
        return sum(self.map(name).words * self.map_buffers(name) for name in self.map_bases)
