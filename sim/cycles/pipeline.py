"""One of a plan's replicas: all that moves in it, from reset on."""

from collections.abc import Sequence

from ...hw.plan.plan import Plan
from .answers import Answers, QueueCycles
from .join import JoinCycles
from .map_port import MapPort, Reader
from .stage import LayerCycles, StageCycles, Taker


class PipelineCycles:
    """The stages, and what takes their input and their results.

    Parameters
    ----------
    plan
        Of the accelerator.
    layers
        Of each stage.

    Attributes
    ----------
    stages
        In order.
    readers
        Of each map that gets from stage to stage, or into the first.
    answers
        What takes the results.
    """

    def __init__(self, plan: Plan, layers: Sequence[Sequence[LayerCycles]]) -> None:
        self._plan = plan
        self.answers = Answers(queue=plan.replicas > 1)
        self._queue = QueueCycles()  # of input words
        external = {name for stage in plan.stages for name in stage.external}
        self.readers: dict[str, list[Reader]] = {name: [] for name in external}
        self.stages = []
        for stage, mine in zip(plan.stages, layers, strict=True):
            port = MapPort()
            readers = {}
            for rank, name in enumerate(stage.external, 1):
                readers[name] = Reader(
                    port, rank=rank, words=stage.map(name).words, buffers=stage.buffers[name]
                )
                self.readers[name].append(readers[name])
            self.stages.append(StageCycles(stage, mine, readers, port, self.answers))
        self._joins = {
            stage.names[0]: JoinCycles(stage, self.readers[stage.names[0]])
            for stage in plan.heads
            if stage.shape.tiles > 1 and stage.names[0] in external
        }

    def takers(self, layer: LayerCycles) -> Sequence[Taker]:
        """Return what takes the words of a layer's map, or of a tile's."""
        if layer.name in self._joins:
            return [self._joins[layer.name].queues[layer.stage.tile]]
        return self.readers.get(layer.name, [])

    @property
    def tiles(self) -> list[list[StageCycles]]:
        """The stages, those of a layer's tiles together."""
        found: list[list[StageCycles]] = []
        for stage in self.stages:
            if stage.plan.tile:
                found[-1].append(stage)
            else:
                found.append([stage])
        return found

    def execute(self, tiles: Sequence[StageCycles], index: int, sample: int, step: int) -> None:
        """Execute a layer of a time step on all of its tiles, row by row in the map's order."""
        layers = [tile.layers[index] for tile in tiles]
        running = [
            tile.execute(layer, sample, step) for tile, layer in zip(tiles, layers, strict=True)
        ]
        for row in range(sum(layer.descriptor.rows for layer in layers)):
            tile = row % len(tiles)
            next(running[tile])
            if layers[0].name in self._joins:
                self._joins[layers[0].name].row(tile)
        for rest in running:
            for _ in rest:
                pass

    @property
    def ports(self) -> list[MapPort]:
        """The ports of the stages' map memories."""
        return [stage.port for stage in self.stages]

    @property
    def wrong(self) -> list[int]:
        """Cycles of `MapPort.wrong` of all stages."""
        return [cycle for port in self.ports for cycle in port.wrong]

    def take(self, offered: int) -> int:
        """Return when the next word of the input is taken, which is offered from a cycle on."""

        def taken(cycle: int) -> int:
            return max(reader.take(cycle) for reader in self.readers["input"])

        if self._plan.replicas == 1:
            return taken(offered)
        entered = self._queue.enter(offered)
        self._queue.leaves(taken)
        return entered
