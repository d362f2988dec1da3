"""One stage at work: when it starts and finishes each layer of each time step."""

from collections.abc import Collection, Mapping, Sequence
from itertools import islice, repeat
from typing import Any

from numpy.typing import NDArray

from ...hw.plan.stage_plan import StagePlan
from ...hw.rtl.sequencer import distance
from ...hw.rtl.update.update import Update
from .gather import BankCycles, Fetch, Sums
from .joining import joining
from .map_port import MapPort, Reader
from .update import Output
from .words import Spikes, Walk, walk


class LayerCycles:
    """What stays the same of a layer, and the spikes of the sample at hand.

    Parameters
    ----------
    stage
        That executes the layer.
    index
        Of the layer in the stage.
    skips
        Lane groups that are pruned at run time.
    exported
        Whether other stages read its map.
    """

    def __init__(
        self, stage: StagePlan, index: int, *, skips: Collection[int], exported: bool, joiner: bool
    ) -> None:
        tables = stage.tables
        self.stage, self.descriptor = stage, stage.descriptors[index]
        self.name = self.descriptor.name
        self.distance = distance(stage, index)
        self.inside = self.name in stage.read_maps
        self.planes = stage.map(self.name).planes
        stored = self.inside or exported
        self.joins = joining(stage, self.descriptor, joiner) if stored else []
        self.held = self.name in stage.held
        self.reads_out = self.name == tables.readout.layer
        self.readers: list[Reader] = []
        names = {source.name for source in self.descriptor.sources}
        self.external = [name for name in stage.external if name in names]
        # A walk differs from the one before where another source is seen for the first time.
        lags = sorted({0, *(source.lag for source in self.descriptor.sources)})
        self._walks = {
            lag: walk(stage, self.descriptor, step=lag, skips=skips)
            for lag in lags
            if lag < tables.steps
        }
        self.chunks = self._chunks()

    def _chunks(self) -> list[tuple[list[bool], bool]]:
        """Return which chunks of each position are updated, and whether it completes a window.

        Of a pool of sums only the last position of a window is, and it is a window by itself.
        """
        descriptor = self.descriptor
        per_group = self.stage.lanes // self.stage.update_lanes
        window = descriptor.window[0] * descriptor.window[1]
        groups = [
            [group * per_group + i < descriptor.chunks for i in range(per_group)]
            for group in range(descriptor.groups)
        ]
        found = []
        for number in range(descriptor.positions * descriptor.groups):
            uses, final = (
                groups[number // window % descriptor.groups],
                number % window == window - 1,
            )
            found.append((uses if final or not descriptor.combines else [False] * per_group, final))
        return found

    def sample(self, maps: Mapping[str, NDArray[Any]]) -> None:
        """Take up the maps of a sample, (steps, *map shape) each."""
        self._spikes = Spikes(self.stage, self.descriptor, maps)

    def words(self, step: int) -> tuple[Walk, list[list[int]], list[list[int]]]:
        """Return the words that are read in a time step, and their events as `Spikes` does."""
        found = self._walks[max(lag for lag in self._walks if lag <= step)]
        return found, *self._spikes.events(found, step)


class StageCycles:
    """A stage from reset on.

    Parameters
    ----------
    plan, layers
        Of the stage.
    readers
        Of each source from outside.
    port
        Of the map memory.

    Attributes
    ----------
    seen
        When the stage's latest update was observed.
    read
        When the readout took the latest chunk.
    """

    def __init__(
        self,
        plan: StagePlan,
        layers: Sequence[LayerCycles],
        readers: Mapping[str, Reader],
        port: MapPort,
    ) -> None:
        self.plan, self.layers, self.readers, self.port = plan, layers, readers, port
        self._fetch = Fetch()
        self._banks = [BankCycles() for _ in range(plan.banks)]
        self._sums = Sums(self._banks) if plan.banks > 1 else self._banks[0]
        self._walked = -1  # when the latest walk was over
        self._ends: list[int] = []  # when each layer was finished
        self._ready = 0  # since when the readout takes chunks
        self.seen = self.read = -1

    def execute(self, layer: LayerCycles, sample: int, step: int) -> None:
        """Execute the next layer."""
        tables = self.plan.tables
        number = sample * tables.steps + step
        walks = self._walked + 1
        if len(self._ends) >= layer.distance:
            walks = max(walks, self._ends[-layer.distance] + 1)
        for name in layer.external:
            once = name == "input" and tables.input.constant
            walks = max(walks, self.readers[name].complete[sample if once else number] + 1)
        answers = step == tables.steps - 1 or tables.readout.over == "every"
        output = Output(
            start=max(walks, self._ends[-1] if self._ends else -1) + 1,
            joins=layer.joins,
            planes=layer.planes,
            deliver=self._deliver(layer),
            ready=self._ready if layer.reads_out else None,
            results=self.plan.update_lanes if answers else 0,
            latency=Update.latency_of(self.plan),
        )
        if layer.held and step:
            self._walked = walks + 1
            for uses, final in layer.chunks:
                for used in uses:
                    output.chunk(0, used, final)
        else:
            self._gather(layer, step, walks, output)
        self._ends.append(output.end())
        self.seen = output.seen
        if layer.reads_out:
            self.read = output.read
            neurons = self.plan.classes * tables.readout.voters
            results = (neurons - 1) % self.plan.update_lanes + 1
            self._ready = output.read + 1 + results * answers

    def release(self, step: int) -> None:
        """Finish a time step: the sources from outside are not needed any more."""
        tables = self.plan.tables
        for name, reader in self.readers.items():
            if not (name == "input" and tables.input.constant) or step == tables.steps - 1:
                reader.released.append(self._ends[-1])

    def _deliver(self, layer: LayerCycles) -> Any:
        def deliver(offered: int) -> int:
            if layer.inside:
                self.port.write(offered, 0)
            return max([offered, *(reader.take(offered) for reader in layer.readers)])

        return deliver

    def _gather(self, layer: LayerCycles, step: int, start: int, output: Output) -> None:
        """Gather the sums of every position, and update."""
        fetch, banks, sums = self._fetch, self._banks, self._sums
        walk, events, parts = layer.words(step)
        words = zip(walk.steps, walk.ends, events, parts, strict=True)
        fetch.start(start)
        for count, (uses, final) in zip(walk.positions, layer.chunks, strict=True):
            for steps, ends, every, part in islice(words, count):
                offered = fetch.word(steps)
                taken = map(BankCycles.word, banks, repeat(offered), every, part, repeat(ends))
                fetch.row.taken(offered, max(taken))
            if not count:  # the lane group is skipped
                for used in uses:
                    output.chunk(0, used, final)
                continue
            for bank in banks:
                bank.finish()
            for used in uses:
                sums.taken(output.chunk(sums.offer(), used, final))
        self._walked = fetch.end(walk.trailing)
