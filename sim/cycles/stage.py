"""One stage at work: when it starts and finishes each layer of each time step."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice, repeat
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...hw.plan.stage_plan import StagePlan
from ...hw.rtl.gather.array import hands_early
from ...hw.rtl.sequencer import distance
from ...hw.rtl.update.update import Update
from .answers import Answers, ReadoutCycles
from .gather import BankCycles, Fetch, FoundFetch, Sums, Word
from .joining import joining
from .map_port import MapPort, Reader
from .update import Output
from .words import Spikes, Walk, walk


class Taker(Protocol):
    """What takes the words of a map."""

    def take(self, offered: int) -> int:
        """Return when the next word is taken, which is offered from a cycle on."""


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
        self.readers: Sequence[Taker] = []
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
        # Positions of all lane groups that a row of the map takes.
        self.row_turns = len(self.chunks) // self.descriptor.rows

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
        found = self.walk(step)
        return found, *self._spikes.events(found, step)

    def walk(self, step: int) -> Walk:
        """Return the walk of a time step."""
        return self._walks[max(lag for lag in self._walks if lag <= step)]

    def flags(self, step: int) -> NDArray[np.bool_]:
        """Return of each word that is read in a time step whether it holds a spike."""
        return self._spikes.flags(self.walk(step), step)

    def listed(self, walk: Walk, step: int) -> Iterator[Word]:
        """Return the words of a time step one by one."""
        events, parts = self._spikes.events(walk, step)
        flags = self.flags(step).tolist() if self.stage.shape.flags else repeat(True)
        return map(Word, walk.steps, walk.ends, events, parts, flags)


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
    answers
        What takes the readout's results.

    Attributes
    ----------
    seen
        When the stage's latest update was observed.
    """

    def __init__(
        self,
        plan: StagePlan,
        layers: Sequence[LayerCycles],
        readers: Mapping[str, Reader],
        port: MapPort,
        answers: Answers,
    ) -> None:
        self.plan, self.layers, self.readers, self.port = plan, layers, readers, port
        self._fetch = FoundFetch(plan.shape.flags) if plan.shape.flags else Fetch()
        chunks = plan.lanes // plan.update_lanes - hands_early(plan)
        self._banks = [BankCycles(chunks) for _ in range(plan.banks)]
        self._sums = Sums(self._banks) if plan.banks > 1 else self._banks[0]
        self._walked = -1  # when the latest walk was over
        self._ends: list[int] = []  # when each layer was finished
        self._readout = ReadoutCycles(plan, answers)
        self.seen = -1

    def execute(self, layer: LayerCycles, sample: int, step: int) -> Iterator[None]:
        """Execute the next layer, and yield behind each row of its map."""
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
            read=partial(self._readout.take, answers=answers) if layer.reads_out else None,
            latency=Update.latency_of(self.plan),
        )
        if layer.held and step:
            self._walked = walks + 1
            for number, (uses, final) in enumerate(layer.chunks, 1):
                for used in uses:
                    output.chunk(0, used, final)
                if number % layer.row_turns == 0:
                    yield
        else:
            yield from self._gather(layer, step, walks, output)
        self._ends.append(output.end())
        self.seen = output.seen

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

    def _gather(self, layer: LayerCycles, step: int, start: int, output: Output) -> Iterator[None]:
        """Gather the sums of every position, and update; yield behind each row."""
        fetch, banks, sums = self._fetch, self._banks, self._sums
        walk = layer.walk(step)
        words = layer.listed(walk, step)
        fetch.start(start)
        for number, (count, (uses, final)) in enumerate(
            zip(walk.positions, layer.chunks, strict=True)
        ):
            if number and number % layer.row_turns == 0:
                yield
            for offered, word in fetch.words(islice(words, count)):
                taken = map(
                    BankCycles.word, banks, repeat(offered), word.events, word.parts,
                    repeat(word.ends),
                )  # fmt: skip
                fetch.row.taken(offered, max(taken))
            if not count:  # the lane group is skipped
                for used in uses:
                    output.chunk(0, used, final)
                continue
            for bank in banks:
                bank.finish()
            for used in uses:
                sums.taken(output.chunk(sums.offer(), used, final))
        yield
        self._walked = fetch.end(walk.trailing)
