"""The plan: how tables lie on a chain of stages."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...checks.arguments import integer
from ...export.tables import Tables
from .descriptor import Descriptor, ascending
from .flat import packed, stored
from .stage_plan import StagePlan
from .stage_shape import StageShape
from .support import refuse, refuse_tiles

__all__ = ["Plan", "StageShape"]

MAX_REPLICAS = 64
"""Of a plan."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """Tables laid out for an accelerator.

    Attributes
    ----------
    tables
        The network.
    shapes
        One for each stage of the chain, in the order of the layers; see `single` for one stage.
    word_bits
        Width of a word of the spike maps; a power of two.
    loadable
        Other weights, parameters and masks can be loaded at run time; see `hw.plan.loading`.
    orders
        In which order the kept channels of 'input' or of a layer are laid out, where it is not
        ascending. Channel number i lies in bank i mod banks, so an order decides how evenly the
        banks work; it changes nothing else. The readout's classes keep theirs. A flat input shares
        out all its elements, channel after channel in this order; see `hw.plan.flat`.
    replicas
        How often the whole chain is there; samples are dealt out to them in turn.

    Raises
    ------
    UnsupportedError
        Where the tables need what the accelerator does not have.
    ValueError
        Where a number is out of range; the message names it.
    """

    tables: Tables
    shapes: tuple[StageShape, ...]
    word_bits: int = 32
    loadable: bool = False
    orders: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    replicas: int = 1

    @classmethod
    def single(
        cls,
        tables: Tables,
        *,
        lanes: int = 16,
        update_lanes: int = 4,
        banks: int = 1,
        holds: bool = False,
        weight_memory: Literal["block", "spram"] = "block",
        word_bits: int = 32,
        loadable: bool = False,
    ) -> "Plan":
        """Return the plan of one stage that executes all layers, in the tables' order of channels.

        Parameters are those of `StageShape` and of the plan itself, and so are the errors.
        """
        shape = StageShape(
            layers=len(tables.layers),
            lanes=lanes,
            update_lanes=update_lanes,
            banks=banks,
            holds=holds,
            weight_memory=weight_memory,
        )
        return cls(
            tables=tables,
            shapes=(shape,),
            word_bits=word_bits,
            loadable=loadable,
        )

    def __post_init__(self) -> None:
        layers = len(self.tables.layers)
        integer("Plan word_bits", self.word_bits, 8, 1024)
        if self.word_bits & (self.word_bits - 1):
            raise ValueError(f"Plan word_bits must be a power of two, not {self.word_bits}")
        integer("Plan replicas", self.replicas, 1, MAX_REPLICAS)
        shapes = tuple(self.shapes)
        object.__setattr__(self, "shapes", shapes)
        if sum(shape.layers for shape in shapes) != layers:
            raise ValueError(
                f"Plan shapes must have {layers} layers together, "
                f"not {[shape.layers for shape in shapes]}"
            )
        for shape in shapes:
            for name in ("update_lanes", "banks"):
                if self.word_bits % getattr(shape, name):
                    raise ValueError(
                        f"Plan {name} must divide word_bits {self.word_bits}, "
                        f"not be {getattr(shape, name)}"
                    )
        if self.loadable and any(shape.holds for shape in shapes):
            raise ValueError(
                "Plan loadable must be False where a stage holds currents, not True: a lane group "
                "that is skipped has no current to hold"
            )
        refuse(self.tables)
        refuse_tiles(self.tables, shapes)
        self._check_orders()

    def _check_orders(self) -> None:
        names = ["input", *(layer.name for layer in self.tables.layers)]
        for name, order in self.orders.items():
            if name not in names or name == self.tables.readout.layer:
                raise ValueError(
                    f"Plan orders must be of 'input' or of a layer before the readout, not {name!r}"
                )
            kept = np.flatnonzero(self.tables.mask(name)).tolist()
            if sorted(order) != kept:
                raise ValueError(
                    f"Plan orders of {name!r} must be its {len(kept)} kept channels, each once, "
                    f"not {list(order)}"
                )

    @cached_property
    def channels(self) -> dict[str, NDArray[np.int64]]:
        """The kept channels of 'input' and of every layer, as they are laid out."""
        given = {name: np.array(order) for name, order in self.orders.items()}
        return ascending(self.tables) | given

    @cached_property
    def stages(self) -> tuple[StagePlan, ...]:
        """The stages in order; each tile is a stage of its own."""
        pad = max(shape.banks for shape in self.shapes)
        found: list[StagePlan] = []
        first = 0
        for shape in self.shapes:
            before = [stage for stage in found if not stage.tile]
            for tile in range(shape.tiles):
                stage = StagePlan(
                    tables=self.tables,
                    first=first,
                    shape=shape,
                    word_bits=self.word_bits,
                    pad=pad,
                    buffers={},
                    orders=self.channels,
                    loadable=self.loadable,
                    tile=tile,
                )
                more = shape.ahead - 2
                buffers = {name: self._lead(before, name) + more for name in stage.external}
                found.append(replace(stage, buffers=buffers))
            first += shape.layers
        return tuple(found)

    @property
    def heads(self) -> tuple[StagePlan, ...]:
        """The stages without further tiles of the same layer: one for each of `shapes`."""
        return tuple(stage for stage in self.stages if not stage.tile)

    @property
    def configurable(self) -> bool:
        """Whether the accelerator has a configuration stream."""
        return any(stage.weights_load for stage in self.stages)

    @property
    def must_load(self) -> bool:
        """Whether nothing can run before tables are loaded, if only the plan's own."""
        return any(shape.weight_memory == "spram" for shape in self.shapes)

    def _lead(self, before: list[StagePlan], name: str) -> int:
        """Return the maps to keep of a source: one at work, one more a stage in between.

        Of several replicas each keeps the whole input of two samples: while it works on one, the
        next one is taken in, and the others get theirs.
        """
        for back, stage in enumerate(reversed(before)):
            if name in stage.names:
                return back + 2
        return len(before) + 2 * (self.input_maps if self.replicas > 1 else 1)

    @cached_property
    def descriptors(self) -> tuple[Descriptor, ...]:
        """The layers in order, of all stages; of a layer with tiles, the first one's."""
        return tuple(descriptor for stage in self.heads for descriptor in stage.descriptors)

    @property
    def observers(self) -> tuple[str, ...]:
        """Names of the accelerator's observation streams: one a stage, replica by replica.

        'observe', 'observe_STAGE', 'observe_REPLICA' or 'observe_REPLICA_STAGE': of what there is
        one alone isn't said.
        """
        names = ["observe"]
        for count in (self.replicas, sum(shape.tiles for shape in self.shapes)):
            if count > 1:
                names = [f"{name}_{number}" for name in names for number in range(count)]
        return tuple(names)

    def dealt(self, samples: int) -> tuple[range, ...]:
        """Return which of so many samples each replica gets."""
        return tuple(range(first, samples, self.replicas) for first in range(self.replicas))

    @property
    def observed_lanes(self) -> int:
        """Lanes of an observation: the widest update's."""
        return max(shape.update_lanes for shape in self.shapes)

    @property
    def input_words(self) -> int:
        """Words of the input map, so transfers into `Accelerator.input` for one map."""
        return self.stages[0].map("input").words

    @property
    def input_maps(self) -> int:
        """Maps of one inference: one a time step, or one in all where the input is constant."""
        return 1 if self.tables.input.constant else self.tables.steps

    @property
    def sample_words(self) -> int:
        """Words of one inference's input."""
        return self.input_maps * self.input_words

    @property
    def classes(self) -> int:
        """Values of an answer."""
        return self.tables.classes

    @property
    def results(self) -> int:
        """Values of all answers of an inference."""
        return self.tables.answers * self.classes

    @property
    def readout_bits(self) -> int:
        """Width of a readout value, two's complement."""
        return self.tables.readout_bits

    def updates(self, layer: int, tile: int = 0) -> NDArray[np.int64]:
        """Return where each observation of a layer's tile lies, int (updates, observed lanes, 3).

        The last axis is (channel, row, column), the channel as the tables count it, -1 where the
        lane is unused; of a dense layer, row and column are 0.
        """
        stages = (s for s in self.stages if layer in s.layers and s.tile == tile)
        stage = next(stages)
        visits = stage.descriptors[layer - stage.first].visits()
        kept = self.channels[self.tables.layers[layer].name]
        visits[..., 0] = np.where(visits[..., 0] < 0, -1, kept[visits[..., 0]])
        spare = self.observed_lanes - visits.shape[1]
        return np.pad(visits, ((0, 0), (0, spare), (0, 0)), constant_values=-1)

    def input_rows(self, x: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return maps (count, *input shape) as rows (count · rows, row bits) of the input's map."""
        source = self.stages[0].map("input")
        rows = stored(self.tables, "input", self.channels["input"], x)
        spare = source.channels - rows.shape[1]
        rows = np.pad(rows, ((0, 0), (0, spare), (0, 0), (0, 0)))
        return rows.transpose(0, 2, 3, 1).reshape(-1, source.row_bits)

    def pack_input(self, x: ArrayLike) -> list[int]:
        """Return the words of an input of shape (steps, *input shape), as `Accelerator.input`.

        Bit `column · channels + channel` of a row lies at that place, lowest bit of a word first;
        an input that only dense layers read is one row, channel by channel and row by row.
        The planes of a word follow each other, lowest first. Of a constant input only the first map
        is sent.
        """
        array = np.asarray(x)
        if array.shape[1:] != self.tables.input.shape:
            raise ValueError(
                f"input must have shape (steps, {', '.join(map(str, self.tables.input.shape))}), "
                f"not {array.shape}"
            )
        source = self.stages[0].map("input")
        low, high = source.activation.low, source.activation.high
        if array.size and (array.min() < low or array.max() > high):
            raise ValueError(
                f"input must hold values {low}…{high}, not {array.min()}…{array.max()}"
            )
        if self.tables.input.constant and (array != array[:1]).any():
            raise ValueError("input must be the same in every step, as it is sent once")
        return packed(source, self.input_rows(array[: self.input_maps].astype(np.int64)))
