"""What a run works, reads, writes and toggles, and the joules of it by a stated table."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray
from rich.console import RenderableType

from .hw.cost.joules import ENERGY_TABLE, Joules
from .hw.generate import verilog
from .hw.plan.memories import memories
from .hw.plan.plan import Plan
from .shown import Shown, grid
from .sim.bench.cache import default_folder
from .sim.bench.toggles import Toggles, count_toggles
from .sim.cycles.accesses import Access, accesses
from .sim.cycles.work import LayerWork, layers_work, sparsity
from .sim.golden.trace import Trace

LEFT_OUT = (
    "updates of neurons",
    "sums of banks",
    "flip-flops, clock and wires",
    "leakage",
    "the board",
)
"""What no table here has a number for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Energy(Shown):
    """Operations, additions, accesses to memories and toggles of a design; joules by a table.

    All but the toggles are predicted from golden's trace, and are the RTL's own numbers. Figures
    are of a sample, on average.

    Attributes
    ----------
    samples
        That they are of.
    layers
        Of each layer.
    accesses
        By memory and layer.
    activation_sparsity, connection_sparsity
        Of the whole network, the first None where no neuron fires.
    footprint
        Bytes of all memories of the accelerator.
    joules
        By the table.
    toggles
        Where they were counted.
    """

    samples: int
    layers: tuple[LayerWork, ...]
    accesses: tuple[Access, ...]
    activation_sparsity: float | None
    connection_sparsity: float
    footprint: int
    joules: Joules
    toggles: Toggles | None

    def shown(self) -> list[RenderableType]:
        """Return work, accesses and toggles as tables, and the joules as a sentence."""
        some = f"{self.samples} sample{'s' * (self.samples > 1)}"
        sparse = [f"{self.connection_sparsity:.1%} of the weights are 0"]
        if self.activation_sparsity is not None:
            sparse.append(f"{self.activation_sparsity:.1%} of the outputs of neurons")
        items = ", ".join(f"{_si(joules)}J {name}" for name, joules in self.joules.items.items())
        table = self.joules.table
        return [
            self._work(),
            self._memories(),
            *self._toggled(),
            f"A sample, on average of {some}; {' and '.join(sparse)}",
            (
                f"{_si(self.joules.total)}J a sample, an ESTIMATE of {table.valid_for}: {items}; "
                f"without {', '.join(self.joules.left_out)}"
            ),
            f"By {table.source}",
        ]

    def _work(self) -> RenderableType:
        table = grid(
            *("layer", "Effective ACs", "Effective MACs", "Dense", "weight rows"),
            *("additions", "useful ones", "updates"),
        )
        names = ("acs", "macs", "dense", "weight_rows", "array_additions", "additions", "updates")
        for layer in self.layers:
            table.add_row(layer.layer, *(f"{getattr(layer, name):,.1f}" for name in names))
        totals = (sum(getattr(layer, name) for layer in self.layers) for name in names)
        table.add_row("in all", *(f"{total:,.1f}" for total in totals))
        return table

    def _memories(self) -> RenderableType:
        enabled: dict[tuple[int, str], float] = defaultdict(float)
        if self.toggles is not None:
            for port in self.toggles.memories:
                enabled[port.stage, _kind(port.memory)] += port.reads / self.samples
        headers = ("read port enabled",) if enabled else ()
        table = grid("memory", "bits a word", "reads", "writes", *headers)
        total: dict[tuple[int, str], list[float]] = {}
        for access in self.accesses:
            bits, key = access.memory.word_bits, (access.stage, _kind(access.memory.name))
            known = total.setdefault(key, [float(bits), 0.0, 0.0])
            known[1] += access.reads.mean()
            known[2] += access.writes.mean()
        several = len({stage for stage, _ in total}) > 1
        for (stage, name), (width, reads, writes) in total.items():
            row = [f"{name}_{stage}" if several else name, f"{width:,.0f}"]
            row += [f"{reads:,.1f}", f"{writes:,.1f}"]
            table.add_row(*row, *([f"{enabled[stage, name]:,.1f}"] if enabled else []))
        return table

    def _toggled(self) -> list[RenderableType]:
        toggles = self.toggles
        if toggles is None:
            return []
        table = grid("block", "flip-flops", "toggles", "per flip-flop and cycle")
        several = len({block.stage for block in toggles.blocks} - {None}) > 1
        rows = [
            (
                f"{block.block}, stage {block.stage}"
                if several and block.stage is not None
                else block.block,
                block.flip_flops,
                block.toggles,
            )
            for block in toggles.blocks
        ]
        rows.append(("in all", sum(row[1] for row in rows), sum(row[2] for row in rows)))
        for name, flip_flops, count in rows:
            share = count / max(1, flip_flops * toggles.cycles)
            table.add_row(name, f"{flip_flops:,}", f"{count / self.samples:,.1f}", f"{share:.3f}")
        return [table]

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON holds it."""
        return {
            "samples": self.samples,
            "synaptic_operations": {
                "Effective_ACs": sum(layer.acs for layer in self.layers),
                "Effective_MACs": sum(layer.macs for layer in self.layers),
                "Dense": sum(layer.dense for layer in self.layers),
            },
            "activation_sparsity": self.activation_sparsity,
            "connection_sparsity": self.connection_sparsity,
            "footprint": self.footprint,
            "layers": [layer.to_dict() for layer in self.layers],
            "accesses": [
                {
                    "stage": access.stage,
                    "memory": access.memory.name,
                    "layer": access.layer,
                    "word_bits": access.memory.word_bits,
                    "reads": float(access.reads.mean()),
                    "writes": float(access.writes.mean()),
                }
                for access in self.accesses
            ],
            "joules": self.joules.to_dict(),
            "toggles": None if self.toggles is None else self._toggles_dict(self.toggles),
        }

    def _toggles_dict(self, toggles: Toggles) -> dict[str, Any]:
        def a_sample(record: Any) -> dict[str, Any]:
            counted = ("toggles", "reads", "writes")
            return {k: v / self.samples if k in counted else v for k, v in vars(record).items()}

        return {
            "cycles": toggles.cycles / self.samples,
            "flip_flops": sum(block.flip_flops for block in toggles.blocks),
            "toggles": sum(block.toggles for block in toggles.blocks) / self.samples,
            "blocks": [a_sample(block) for block in toggles.blocks],
            "ports": [a_sample(port) for port in toggles.memories],
        }


def energy_of(plan: Plan, trace: Trace, x: NDArray[Any], *, toggles: bool) -> Energy:
    """Return the energy of a run.

    Parameters
    ----------
    plan
        The accelerator.
    trace, x
        What golden found for which input, integers (steps, batch, *input shape).
    toggles
        Whether it is simulated, to count them.
    """
    accessed = accesses(plan, trace, x)
    work = layers_work(plan, trace, x, accessed)
    operated = [operations for _, operations in work.values()]
    layers = [layer for layer, _ in work.values()]
    bits = sum(m.words * m.word_bits for stage in plan.stages for m in memories(stage))
    bits *= plan.replicas
    return Energy(
        samples=x.shape[1],
        layers=tuple(layers),
        accesses=tuple(accessed),
        activation_sparsity=sparsity(operated),
        connection_sparsity=sum(o.zero_weights for o in operated)
        / sum(o.weights for o in operated),
        footprint=-(-bits // 8),
        joules=joules(layers, accessed),
        toggles=count_toggles(plan, verilog(plan), x, folder=default_folder()) if toggles else None,
    )


def joules(work: Sequence[LayerWork], accesses: Sequence[Access]) -> Joules:
    """Return the joules of a sample, by the table."""
    items: dict[str, float] = defaultdict(float)
    left_out: dict[str, None] = {}  # in order, each once
    for layer in work:
        each = ENERGY_TABLE.addition(layer.addition_bits)
        if each is None:
            left_out[f"additions of {layer.addition_bits} bits"] = None
        else:
            items["additions"] += layer.array_additions * each
    for access in accesses:
        memory = access.memory
        each = ENERGY_TABLE.access(memory.word_bits, memory.depth)
        if each is None:
            left_out[f"memory {memory.name} of stage {access.stage}"] = None
        else:
            count = float((access.reads + access.writes).mean())
            items[memory.name.split("_")[0]] += count * each
    return Joules(table=ENERGY_TABLE, items=dict(items), left_out=(*left_out, *LEFT_OUT))


def _kind(memory: str) -> str:
    """Return a memory's name without its bank."""
    name, *numbers = memory.split("_")
    return f"{name}_{numbers[0]}" if numbers else name


def _si(joules: float) -> str:
    """Return joules with a prefix, such as '12.3 n'."""
    for prefix, size in (("", 1.0), ("m", 1e-3), ("µ", 1e-6), ("n", 1e-9)):
        if joules >= size:
            return f"{joules / size:.3g} {prefix}"
    return f"{joules / 1e-12:.3g} p"
