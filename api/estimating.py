"""What a design takes of an FPGA and how fast it is, before any synthesis."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray
from rich.console import RenderableType

from .boards.uart import BAUD, UartParameters
from .designs import Design, the_design
from .encoded import Samples, the_samples
from .energies import Energy, energy_of
from .given import assumed_activity
from .host.rate import line_bytes
from .hw.cost.resource_tables import counts_table, memories_table, resources_dict
from .hw.cost.resources import Resources
from .hw.plan import plan_file
from .hw.search.remedies import remedies
from .rough_prediction import between_samples, is_followed, roughly
from .shown import Shown, grid
from .sim.cycles.predict import Prediction, predict
from .sim.cycles.timing import interval
from .sim.golden import golden
from .sim.golden.random_trace import assumed_run


@dataclass(frozen=True, kw_only=True, eq=False)
class Estimate(Shown):
    """Resources and cycles of a design.

    Block RAMs are those that yosys will use, cycles are exact for the samples that they are of, and
    logic is an estimate, some 5 % off on average. Of random spikes in networks so large that they
    would have to be followed for minutes the cycles are an estimate too, within some 20 %.

    Attributes
    ----------
    design
        Of what.
    resources
        What it takes.
    remedies
        What would fit where it does not, a sentence each.
    prediction
        The cycles.
    interval
        Those from one sample to the next once the first is through each replica, or None where
        there is one sample, or they are not exact.
    data, activity
        What the samples are of, or None where they are random spikes of that activity.
    exact
        Whether the cycles are.
    baud
        Of the board's serial line, or None where the design has no board.
    energy
        What the samples work, read and write, where it was asked for.
    """

    design: Design
    resources: Resources
    remedies: tuple[str, ...]
    prediction: Prediction
    interval: float | None
    data: str | None
    activity: float | None
    exact: bool
    baud: int | None
    energy: Energy | None = None

    @property
    def fits(self) -> bool:
        """Whether the part has enough of everything, and the board can have the plan."""
        return self.resources.fits and not self.design.limits

    @property
    def reasons(self) -> list[str]:
        """A sentence for each thing that doesn't fit."""
        return [*self.resources.reasons, *self.design.limits]

    @property
    def samples(self) -> int:
        """How many samples the cycles are of."""
        return len(self.prediction.cycles)

    @property
    def cycles_per_sample(self) -> float:
        """Cycles from one sample to the next, on average, back to back.

        Of several replicas, as few samples don't fill them, once each has had its first.
        """
        if self.interval is not None and self.design.plan.replicas > 1:
            return self.interval
        return between_samples(self.design.plan, self.prediction)

    @property
    def latency_cycles(self) -> int:
        """Cycles of the first sample, which has the accelerator to itself."""
        return int(self.prediction.cycles[0])

    @property
    def samples_per_second(self) -> float | None:
        """The clock over the cycles, or None without a clock."""
        clock_hz = self.design.clock_hz
        return clock_hz / self.cycles_per_sample if clock_hz else None

    @property
    def line_samples_per_second(self) -> float | None:
        """What the serial line carries of samples and answers, or None without a line."""
        return line_bytes(self.design.plan).per_second(self.baud) if self.baud else None

    @property
    def limit(self) -> str | None:
        """Which of both is slower on a board: 'line' or 'accelerator'."""
        line, alone = self.line_samples_per_second, self.samples_per_second
        return None if line is None or alone is None else "line" if line < alone else "accelerator"

    @property
    def layers(self) -> list[dict[str, Any]]:
        """The cycles of each layer, over all samples."""
        found, prediction = [], self.prediction
        for name, cycles in prediction.layers.items():
            additions, lanes = int(prediction.additions[name].sum()), prediction.lanes[name]
            found.append(
                {
                    "layer": name,
                    "cycles": int(cycles.sum()),
                    "additions": additions,
                    "lanes": lanes,
                    "efficiency": float(additions / max(1, cycles.sum() * lanes)),
                }
            )
        return found

    def shown(self) -> list[RenderableType]:
        """Return resources, memories and layers as tables, and the verdict."""
        table = grid("layer", "cycles a sample", "useful additions", "per lane and cycle")
        for row in self.layers:
            table.add_row(
                row["layer"],
                f"{row['cycles'] / self.samples:,.1f}",
                f"{row['additions']:,}",
                f"{row['efficiency']:.3f}",
            )
        energy = self.energy.shown() if self.energy else []
        return [*self._both(), table, *energy, *self.verdict()]

    def planned(self) -> list[RenderableType]:
        """Return the same with each layer's place in the plan, for a plan that was chosen."""
        heads = ("layer", "stage", "tiles", "lanes", "banks", "updated", "cycles")
        table = grid(*heads, "per lane and cycle")
        plan, rows = self.design.plan, iter(self.layers)
        for number, shape in enumerate(plan.shapes):
            for _ in range(shape.layers):
                row = next(rows)
                table.add_row(
                    row["layer"],
                    *map(str, (number, shape.tiles, shape.lanes, shape.banks, shape.update_lanes)),
                    f"{row['cycles'] / self.samples:,.1f}",
                    f"{row['efficiency']:.3f}",
                )
        return [table, *self._both(), *self.verdict()]

    def _both(self) -> list[RenderableType]:
        return [counts_table(self.resources), memories_table(self.design.plan, self.resources)]

    def verdict(self) -> list[str]:
        """Return the speed, whether it fits, what is short, and what would fit: a line each."""
        some = f"{self.samples} test sample{'s' * (self.samples > 1)} of {self.data}"
        share = 0.0 if self.activity is None else self.activity
        drawn = f"a sample of random spikes, {share:.0%} of all neurons in a time step"
        told = f"cycles a sample, {'predicted' if self.exact else 'some 20 % off,'} for"
        speed = f"{self.cycles_per_sample:,.1f} {told} {some if self.data else drawn}"
        clock_hz, rate = self.design.clock_hz, self.samples_per_second
        if clock_hz and rate:
            speed += f"; {rate:,.1f} samples a second at {clock_hz / 1e6:.2f} MHz"
        alone = f"The first sample by itself: {self.latency_cycles:,} cycles"
        if clock_hz:
            alone += f", {self.latency_cycles / clock_hz * 1e6:,.1f} µs"
        if self.interval is not None:
            alone += f"; from then on {self.interval:,.1f} cycles a sample"
        told = "It fits" if self.fits else "It does NOT fit"
        return [
            speed,
            alone,
            *self._over_the_line(),
            f"{told} {self.design.where}, by estimates that are about 5 % off in logic",
            *(f"- {line}" for line in (*self.reasons, *self.remedies)),
        ]

    def _over_the_line(self) -> list[str]:
        """Return what a board's serial line carries, in a sentence."""
        line = self.line_samples_per_second
        if line is None or self.limit is None:
            return []
        told = f"Over the line, at {self.baud:,} baud, {line:,.1f} samples a second"
        return [f"{told}: the {self.limit} limits"]

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it."""
        design, found, rate = self.design, self.resources, self.samples_per_second
        line = self.line_samples_per_second
        return {
            "tables": design.tables.sha256,
            "board": design.board.name if design.board else None,
            "part": design.part.name,
            "synthesis": design.part.synthesis,
            "plan": plan_file.to_dict(design.plan),
            "fits": self.fits,
            "reasons": self.reasons,
            "remedies": list(self.remedies),
            **resources_dict(found),
            "data": self.data,
            "spikes": "data" if self.data else "random",
            "samples": self.samples,
            "activity": self.activity,
            "exact": self.exact,
            "steps": design.tables.steps,
            "cycles_per_sample": round(self.cycles_per_sample, 1),
            "latency_cycles": self.latency_cycles,
            "interval_cycles": None if self.interval is None else round(self.interval, 1),
            "clock_hz": design.clock_hz,
            "samples_per_second": None if rate is None else round(rate, 1),
            "baud": self.baud,
            "line_samples_per_second": None if line is None else round(line, 1),
            "limit": self.limit,
            "layers": self.layers,
            "energy": self.energy.to_dict() if self.energy else None,
        }


def estimate(
    design: Design,
    data: Samples | None = None,
    *,
    activity: float | None = None,
    exact: bool | None = None,
    baud: int | None = None,
    energy: bool = False,
    toggles: bool = False,
) -> Estimate:
    """Count the resources and the cycles of a design, without any synthesis.

    Parameters
    ----------
    design
        As `somagate.plan` or `somagate.design` return it.
    data
        Samples to predict the cycles of.
    activity
        Without data: random spikes a neuron and time step, 0…1; by default 0.1.
    exact
        Follow samples word by word, however long that takes; by default not random spikes of so
        large a network that it takes minutes.
    baud
        Of the board's serial line; by default 115,200, as of `build`.
    energy
        Count operations, additions, and what is read and written of each memory too, and say the
        joules of it by a stated table.
    toggles
        Simulate the Verilog on the data, and count the toggles of its flip-flops too.

    Raises
    ------
    ValueError
        Where the activity is not 0…1, or given beside data; or a baud is given for a part; or
        toggles are wanted without energy or without data.
    ToolError, CompileError
        Where Verilator is missing for the toggles, or does not take the Verilog.
    """
    tables = the_design(design).tables
    if design.board is None and baud is not None:
        raise ValueError(f"baud must be left out for part {design.part.name}, which has no line")
    if design.clock_hz and baud is not None:
        UartParameters(clock_hz=design.clock_hz, baud=baud)
    line = (BAUD if baud is None else baud) if design.board else None
    share = assumed_activity(data, activity)
    if exact is None:
        exact = data is not None or is_followed(design.plan)
    if toggles and (data is None or not energy):
        raise ValueError("toggles must come with energy, and with data to simulate")
    x: NDArray[Any]
    if data is None:
        trace, x = assumed_run(tables, share)
    else:
        x = the_samples(tables, data).x
        trace = golden.run(tables, x)
    plan = design.plan
    prediction = (predict if exact else roughly)(plan, trace, x)
    several = exact and x.shape[1] > 1
    return Estimate(
        design=design,
        resources=design.resources(),
        remedies=tuple(remedies(plan, design.part, design.resources)),
        prediction=prediction,
        interval=interval(plan, trace, x, prediction) if several else None,
        data=data.data if data is not None else None,
        activity=share if data is None else None,
        exact=exact,
        baud=line,
        energy=energy_of(plan, trace, x, toggles=toggles) if energy else None,
    )
