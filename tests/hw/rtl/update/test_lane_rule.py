"""The rule in gates does to every neuron what the golden simulator's `update` does."""

from typing import Any

import pytest
from amaranth.hdl import Module, Signal, signed
from amaranth.sim import Simulator
from plans import neuron
from somagate.export.neuron import Leak, Ternary
from somagate.hw.rtl.update.lane_rule import _times
from somagate.hw.rtl.update.update import Update
from somagate.hw.rtl.update.update_layout import UpdateLayout
from stream_bench import STALLS, Bench
from updates import (
    CHANNELS,
    LEAKS,
    RESETS,
    STORES,
    TERNARY,
    WORD_LIMIT,
    a_cell,
    a_layer,
    a_plan,
    update,
)

PAIRS = [
    (RESETS[(number + turn) % len(RESETS)], leak, store)
    for number, leak in enumerate(LEAKS)
    for turn, store in enumerate(STORES)
]
"""Every leak with every store, and each of both with every reset."""


@pytest.mark.parametrize(("reset", "leak", "store"), PAIRS)
def test_every_reset_leak_and_store_is_goldens(reset: str, leak: str, store: str) -> None:
    assert len({(one, two) for one, two, _ in PAIRS}) == len(RESETS) * len(LEAKS)
    assert len({(one, three) for one, _, three in PAIRS}) == len(RESETS) * len(STORES)
    layer = a_layer("a", a_cell(reset, LEAKS[leak], STORES[store]))
    plan = a_plan([layer])
    assert len(plan.modes) == 1
    fired = update(plan, "random")["a"]
    assert fired.any() and not fired.all()


@pytest.mark.parametrize("name", TERNARY)
@pytest.mark.parametrize("reset", RESETS)
def test_a_ternary_store_is_goldens(reset: str, name: str) -> None:
    plan = a_plan([a_layer("a", a_cell(reset, Leak(), TERNARY[name]))])
    assert [mode.shift for mode in plan.modes] == [None]
    fired = update(plan, "random")["a"]
    assert fired.any() and not fired.all()


def test_a_boundary_belongs_to_the_state_above() -> None:
    """r = u, one channel at each side of both boundaries, read back in the next step."""
    store = Ternary(level=[7] * 5, boundary=[4] * 5)
    cell = neuron(5, bias=[-5, -4, 3, 4, 0], threshold=None, reset="none", store=store)
    plan = a_plan([a_layer("a", cell)], lanes=8, update_lanes=1)
    dut = Update(plan)
    bench = Bench(dut, stalls="random")
    layers = [UpdateLayout.values(plan, 0)]
    bench.send("layers", dut.layers, layers, static=[(dut.first_step, [1])])
    bench.send("sums", dut.sums, [[0]] * 8 * 8)
    output = bench.receive("chunks", dut.chunks, 8 * 5)
    bench.run(2000)
    got = [chunk["potentials"][0] for chunk in output.payloads]
    assert got == [-1, 0, 0, 1, 0] * 8


@pytest.mark.parametrize(
    ("store", "leak"),
    [("narrowest", "never"), ("saturating", "load by a channel"), ("typical", "store by a layer"),
     ("exact", "load to half"), ("ternary", "never")],
)  # fmt: skip
@pytest.mark.parametrize("reset", RESETS)
def test_a_negative_potential_keeps_its_neuron_from_firing(
    reset: str, leak: str, store: str
) -> None:
    stores = STORES | {"ternary": TERNARY["typical"]}
    cell = a_cell(reset, LEAKS[leak], stores[store], mask_negative=True)
    assert update(a_plan([a_layer("a", cell)]), "random")["a"].any()


@pytest.mark.parametrize("stalls", STALLS)
def test_layers_with_and_without_masks_share_an_update(stalls: str) -> None:
    """Two of them in the same mode but for the mask, one of another width."""
    cells = [
        a_cell("zero", LEAKS["never"], STORES["typical"], mask_negative=True),
        a_cell("zero", LEAKS["never"], STORES["typical"]),
        a_cell("subtract", LEAKS["load by a layer"], STORES["saturating"], mask_negative=True),
        a_cell("none", Leak(), TERNARY["typical"], mask_negative=True),
        a_cell("none", LEAKS["never"], STORES["exact"], threshold=None),
    ]
    plan = a_plan([a_layer(f"layer{n}", cell, seed=n) for n, cell in enumerate(cells)])
    assert [mode.mask_negative for mode in plan.modes] == [True, False, True, True, False]
    fired = update(plan, stalls)
    assert all(fired[f"layer{n}"].any() for n in range(4))


@pytest.mark.parametrize("stalls", STALLS)
def test_one_update_serves_layers_of_several_modes(stalls: str) -> None:
    cells = [
        a_cell("zero", LEAKS["never"], STORES["typical"]),
        a_cell("subtract", LEAKS["store by a channel"], STORES["saturating"]),
        a_cell("none", LEAKS["load by a layer"], STORES["exact"]),
        a_cell("zero", LEAKS["load by a channel, 15 bits"], STORES["typical"]),
        a_cell("subtract", LEAKS["load to nothing"], STORES["narrowest"]),
        a_cell("none", LEAKS["store by a layer"], STORES["narrowest, shifted"]),
        a_cell("subtract", LEAKS["never"], STORES["all bits dropped"]),
        a_cell("zero", LEAKS["never"], STORES["typical"]),
        a_cell("subtract", Leak(), TERNARY["typical"]),
        a_cell("zero", Leak(), TERNARY["typical"]),
    ]
    layers = [a_layer(f"layer{n}", cell, seed=n) for n, cell in enumerate(cells)]
    plan = a_plan(layers)
    assert len(plan.modes) == 9
    fired = update(plan, stalls)
    assert all(spikes.any() and not spikes.all() for spikes in fired.values())


EXTREMES = [-WORD_LIMIT, WORD_LIMIT - 1]


@pytest.mark.parametrize("reset", RESETS)
def test_a_threshold_that_is_always_or_never_reached(reset: str) -> None:
    amount = {"amount": [*EXTREMES, 5, -5, 0]} if reset == "subtract" else {}
    cell = a_cell(reset, LEAKS["load by a layer"], STORES["typical"])
    low, high = a_plan([a_layer("a", cell)]).tables.update_bounds("a")
    thresholds = [low[0], high[1] + 1, *EXTREMES, low[4] - 1]
    cell = a_cell(
        reset, LEAKS["load by a layer"], STORES["typical"], threshold=thresholds, **amount
    )
    fired = update(a_plan([a_layer("a", cell)]), "random")["a"]
    assert fired[:, [0, 2, 4]].all()
    assert not fired[:, [1, 3]].any()


def test_a_threshold_at_the_very_bounds_of_u_decides_exactly() -> None:
    """The only mode in which sums reach the bounds of u is one whose state is full."""
    cell = a_cell("none", LEAKS["never"], STORES["narrowest"], bias=[0] * CHANNELS)
    low, high = a_plan([a_layer("a", cell)]).tables.update_bounds("a")
    thresholds = [low[0] + 1, low[1] + 2, high[2], high[3] - 1, high[4] + 1]
    cell = a_cell(
        "none", LEAKS["never"], STORES["narrowest"], bias=[0] * CHANNELS, threshold=thresholds
    )
    fired = update(a_plan([a_layer("a", cell)]), "random", inferences=20)["a"]
    for channel in range(4):
        assert fired[:, channel].any() and not fired[:, channel].all()
    assert not fired[:, 4].any()


@pytest.mark.parametrize("value", EXTREMES)
def test_biases_and_amounts_may_be_any_word(value: int) -> None:
    """As far as sums then fit in 41 bits."""
    cell = a_cell(
        "subtract", LEAKS["store by a channel"], STORES["exact"],
        bias=[value, 0, value, 0, -1], amount=[value, value, 0, -1, 1],
    )  # fmt: skip
    update(a_plan([a_layer("a", cell)]), "random")


def test_a_layer_that_never_fires_only_integrates() -> None:
    cell = a_cell("none", LEAKS["load by a layer"], STORES["widest"], threshold=None)
    fired = update(a_plan([a_layer("a", cell)]), "random")["a"]
    assert not fired.any()


@pytest.mark.parametrize("at", ["load", "store"])
@pytest.mark.parametrize("reset", RESETS)
def test_what_rounds_is_added_before_a_reset_but_behind_a_leak(reset: str, at: str) -> None:
    """Half a stored LSB lies in the bias and the threshold, unless a leak comes in between."""
    leak = Leak(multiplier=15, shift=4, at=at)
    cell = a_cell(reset, leak, STORES["typical"])
    plan = a_plan([a_layer("a", cell)])
    (mode,) = plan.modes
    assert (mode.half, mode.rounds_early) == (128, at == "load")
    fields = {field.name: field for field in plan.parameters}
    early = 128 if at == "load" else 0
    for name, values in (("bias", cell.bias), ("threshold", cell.threshold)):
        assert fields[name].values[:3].reshape(-1)[:5].tolist() == (values + early).tolist()
    update(plan, "random")


def test_a_constant_multiplies_exactly_whatever_it_is_made_of() -> None:
    x = Signal(signed(5))
    products = {factor: Signal(signed(16), name=f"times_{factor}") for factor in range(1, 66)}
    m = Module()
    m.d.comb += [product.eq(_times(x, factor)) for factor, product in products.items()]

    async def testbench(ctx: Any) -> None:
        for value in range(-16, 16):
            ctx.set(x, value)
            for factor, product in products.items():
                assert ctx.get(product) == factor * value

    simulator = Simulator(m)
    simulator.add_testbench(testbench)
    simulator.run()
