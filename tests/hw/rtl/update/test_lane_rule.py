"""The rule in gates does to every neuron what the golden simulator's `update` does."""

from typing import Any

import pytest
from amaranth.hdl import Module, Signal, signed
from amaranth.sim import Simulator
from plans import neuron
from somagate.export.neuron import Current, Leak, Shift, Ternary
from somagate.hw.rtl.update.arithmetic import times
from somagate.hw.rtl.update.update import Update
from somagate.hw.rtl.update.update_layout import UpdateLayout
from stream_bench import STALLS, Bench
from updates import (
    CHANNELS,
    LATER_RESETS,
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


@pytest.mark.parametrize(
    ("store", "leak"),
    [("narrowest", "never"), ("saturating", "load by a channel"), ("typical", "store by a layer"),
     ("exact", "load to half"), ("ternary", "never")],
)  # fmt: skip
@pytest.mark.parametrize("reset", LATER_RESETS)
def test_every_later_reset_is_goldens(reset: str, leak: str, store: str) -> None:
    stores = STORES | {"ternary": TERNARY["typical"]}
    cell = a_cell(reset, LEAKS[leak], stores[store])
    fired = update(a_plan([a_layer("a", cell)]), "random", inferences=4)["a"]
    assert fired.any() and not fired.all()


def test_blank_neurons_share_memories_and_modes_with_others() -> None:
    """Potentials of five bits, and of four with one that says whether the neuron fired."""
    four, five, eight = (Shift(bits=bits, shift=shift) for bits, shift in ((4, 8), (5, 7), (8, 5)))
    cells = [
        a_cell("blank", LEAKS["load by a layer"], four),
        a_cell("none", LEAKS["never"], five, mask_negative=True),
        a_cell("blank", LEAKS["store by a layer"], eight, mask_negative=True),
        a_cell("blank", LEAKS["never"], Shift(bits=4, shift=6), gain=1),
    ]
    plan = a_plan([a_layer(f"layer{n}", cell, seed=n) for n, cell in enumerate(cells)])
    assert list(plan.state_words) == [5, 9]
    assert plan.state_bits == 8
    update(plan, "random")
    lone = a_plan([a_layer("a", cells[0])])
    assert (list(lone.state_words), lone.state_bits) == ([5], 4)


def test_an_amount_is_due_in_layers_without_delay_alone() -> None:
    """Also where amounts and thresholds are negative, or never reached."""
    cells = [
        a_cell("undelayed", LEAKS["load by a layer"], STORES["exact"]),
        a_cell("undelayed", LEAKS["never"], STORES["typical"], threshold=[-500, -50, 0, 9, 70]),
        a_cell("subtract", LEAKS["never"], STORES["typical"]),
        a_cell("undelayed", LEAKS["never"], STORES["exact"], amount=[-(10**6), 10**6, 3, -3, 0]),
        a_cell("undelayed", LEAKS["store by a layer"], STORES["exact"], lower_bound=[-90] * 5),
        a_cell("undelayed", LEAKS["never"], STORES["widest"], threshold=[*EXTREMES, 10**6, 0, 5]),
    ]
    plan = a_plan([a_layer(f"layer{n}", cell, seed=n) for n, cell in enumerate(cells)])
    fired = update(plan, "random", inferences=4)
    assert all(spikes.any() and not spikes.all() for spikes in fired.values())


@pytest.mark.parametrize("bits", [2, 3, 8])
@pytest.mark.parametrize(
    ("reset", "store", "leak"),
    [("subtract", "typical", "load by a channel"), ("zero", "saturating", "store by a layer"),
     ("none", "typical", "never"), ("blank", "exact", "load to half")],
)  # fmt: skip
def test_a_neuron_sends_as_many_spikes_as_u_holds_its_threshold(
    reset: str, store: str, leak: str, bits: int
) -> None:
    threshold = [600 >> bits, 1, 3000 >> bits, 50, WORD_LIMIT - 1]
    amount = {"amount": threshold} if reset == "subtract" else {}
    cell = a_cell(reset, LEAKS[leak], STORES[store], threshold=threshold, spike_bits=bits, **amount)
    fired = update(a_plan([a_layer("a", cell)]), "random")["a"]
    seen = set(fired.flat)
    assert {0, (1 << bits) - 1} <= seen and len(seen) > 3


def test_layers_that_send_one_and_several_spikes_share_an_update() -> None:
    several = {"threshold": [90, 80, 70, 60, 50], "amount": [90, 80, 70, 60, 50]}
    cells = [
        a_cell("subtract", LEAKS["never"], STORES["typical"], spike_bits=3, **several),
        a_cell("subtract", LEAKS["store by a layer"], STORES["exact"]),
        a_cell("undelayed", LEAKS["never"], STORES["typical"], mask_negative=True),
        a_cell(
            "subtract", LEAKS["never"], STORES["typical"], spike_bits=2, mask_negative=True,
            lower_bound=BOUNDS["of a channel"], **several,
        ),
        a_cell("subtract", Leak(), TERNARY["typical"], spike_bits=2, gain=1, **several),
    ]  # fmt: skip
    plan = a_plan([a_layer(f"layer{n}", cell, seed=n) for n, cell in enumerate(cells)])
    fired = update(plan, "random")
    assert [int(fired[f"layer{n}"].max()) for n in range(5)] == [7, 1, 1, 3, 3]


CURRENTS = {
    "snnTorch": Current(store=Shift(bits=10, shift=2), leak=LEAKS["load by a layer"]),
    "Norse": Current(store=Shift(bits=4, shift=7), leak=LEAKS["store by a channel"]),
    "older Norse": Current(
        store=Shift(bits=16, shift=0), leak=LEAKS["load, rounded up"], late=True
    ),
    "by a channel": Current(store=Shift(bits=6, shift=5), leak=LEAKS["load by a channel"]),
    "for ever, late": Current(store=Shift(bits=3, shift=9), late=True),
    "no longer": Current(store=Shift(bits=9, shift=2), leak=LEAKS["store to nothing"]),
}


@pytest.mark.parametrize("current", CURRENTS)
@pytest.mark.parametrize(
    ("reset", "store", "leak", "bits"),
    [("zero", "typical", "load by a layer", 1), ("blank", "exact", "store by a channel", 1),
     ("zero", "saturating", "never", 3)],
)  # fmt: skip
def test_sums_enter_a_current(reset: str, store: str, leak: str, bits: int, current: str) -> None:
    threshold = {"threshold": [90, 200, 300, 400, 500]} if bits > 1 else {}
    cell = a_cell(
        reset, LEAKS[leak], STORES[store], current=CURRENTS[current], spike_bits=bits, **threshold
    )
    fired = update(a_plan([a_layer("a", cell)]), "random", inferences=3)["a"]
    assert fired.any() and not fired.all()


@pytest.mark.parametrize("stalls", STALLS)
def test_layers_with_and_without_currents_share_an_update(stalls: str) -> None:
    cells = [
        a_cell("subtract", LEAKS["never"], STORES["typical"], current=CURRENTS["snnTorch"]),
        a_cell("subtract", LEAKS["never"], STORES["typical"], gain=2),
        a_cell("zero", Leak(), TERNARY["typical"], current=CURRENTS["older Norse"], gain=1),
        a_cell("undelayed", LEAKS["never"], STORES["exact"], current=CURRENTS["Norse"]),
        a_cell("none", LEAKS["never"], STORES["exact"], current=CURRENTS["by a channel"]),
    ]
    plan = a_plan([a_layer(f"layer{n}", cell, seed=n) for n, cell in enumerate(cells)])
    assert list(plan.current_words) == [4, 6, 10, 16]
    update(plan, stalls, inferences=3)


BOUNDS = {
    "of a layer": [-150] * CHANNELS,
    "of a channel": [-400, -90, 0, 30, 150],
    "beyond the threshold": [-400, 700, 900, -100, 500],
    "out of reach": [-WORD_LIMIT] * CHANNELS,
    "above all": [WORD_LIMIT - 1, -WORD_LIMIT, 10**6, 0, -(10**6)],
}


@pytest.mark.parametrize("bound", BOUNDS)
@pytest.mark.parametrize(
    ("reset", "store", "leak"),
    [("zero", "typical", "load by a layer"), ("subtract", "exact", "store by a channel"),
     ("blank", "saturating", "load to half")],
)  # fmt: skip
def test_u_is_raised_to_its_lower_bound(reset: str, store: str, leak: str, bound: str) -> None:
    cell = a_cell(reset, LEAKS[leak], STORES[store], lower_bound=BOUNDS[bound])
    plan = a_plan([a_layer("a", cell)])
    update(plan, "random")
    fields = [field.name for field in plan.parameters]
    assert ("lower_bound" in fields) == (
        bound in ("of a channel", "beyond the threshold", "above all")
    )


def test_layers_with_and_without_lower_bounds_share_an_update() -> None:
    cells = [
        a_cell("none", LEAKS["never"], STORES["typical"], lower_bound=BOUNDS["of a layer"]),
        a_cell("none", LEAKS["never"], STORES["typical"]),
        a_cell("zero", LEAKS["never"], STORES["exact"], lower_bound=BOUNDS["of a channel"]),
        a_cell("zero", Leak(), TERNARY["typical"], lower_bound=[-90] * CHANNELS),
    ]
    update(a_plan([a_layer(f"layer{n}", cell, seed=n) for n, cell in enumerate(cells)]), "random")


@pytest.mark.parametrize("gains", [(3, 3), (0, 2), (15, 1)])
def test_sums_are_shifted_by_the_gain_of_their_layer(gains: tuple[int, int]) -> None:
    cells = [
        a_cell(
            reset, LEAKS["load by a channel"], STORES["exact"], gain=gain,
            threshold=[x << gain for x in (-100, 200, 0, 300, 500)],
        )
        for reset, gain in zip(("zero", "none"), gains, strict=True)
    ]  # fmt: skip
    plan = a_plan([a_layer(f"layer{n}", cell, seed=n) for n, cell in enumerate(cells)])
    fired = update(plan, "random")
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
    m.d.comb += [product.eq(times(x, factor)) for factor, product in products.items()]

    async def testbench(ctx: Any) -> None:
        for value in range(-16, 16):
            ctx.set(x, value)
            for factor, product in products.items():
                assert ctx.get(product) == factor * value

    simulator = Simulator(m)
    simulator.add_testbench(testbench)
    simulator.run()
