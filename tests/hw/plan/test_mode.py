"""Layers that do the same to their neurons share the logic for it."""

from dataclasses import replace

from plans import a_stage, branched, with_neurons
from somagate.export.neuron import Current, Leak, Shift
from somagate.hw.plan.mode import CurrentMode, Mode

TABLES = branched()


def test_layers_of_the_same_behaviour_share_a_mode() -> None:
    tables = with_neurons(
        TABLES,
        l0={"leak": Leak(multiplier=6, shift=3)},
        l1={"leak": Leak(multiplier=[24] * 6, shift=5)},  # the same in lowest terms
        l2={"leak": Leak(multiplier=[1, 2, 3], shift=2, at="store")},
        l3={"leak": Leak(multiplier=4, shift=2), "reset": "subtract", "amount": [1] * 7},
    )
    plan = a_stage(tables)
    common = Mode(bits=8, shift=0, reset="zero", leak_at="load", leak_multiplier=3, leak_shift=2)
    channels = replace(common, leak_at="store", leak_multiplier=None)
    subtract = replace(common, reset="subtract", leak_at="never", leak_multiplier=1, leak_shift=0)
    readout = replace(subtract, reset="zero")
    assert plan.modes == (common, channels, subtract, readout)
    assert plan.layer_modes == (common, common, channels, subtract, readout)


def test_a_leak_that_drops_nothing_rounds_nowhere() -> None:
    leaks = {
        "l0": Leak(multiplier=0, shift=7, rounding="up"),
        "l1": Leak(multiplier=8, shift=3, rounding="up"),
        "l2": Leak(multiplier=6, shift=3, rounding="up"),
        "l3": Leak(multiplier=[1, 2, 3, 4, 4, 4, 4], shift=2, rounding="up"),
    }
    modes = a_stage(with_neurons(TABLES, **{n: {"leak": k} for n, k in leaks.items()})).layer_modes
    assert [mode.leak_up for mode in modes] == [False, False, True, True, False]


def test_a_current_has_a_leak_of_its_own_and_takes_the_bias() -> None:
    leak = Leak(multiplier=[2, 4, 6], shift=3, rounding="up")
    current = Current(store=Shift(bits=5, shift=3), leak=leak, late=True)
    mode = a_stage(with_neurons(TABLES, l2={"current": current})).layer_modes[2]
    assert mode.current == CurrentMode(
        bits=5, shift=3, leak_at="load", leak_multiplier=None, leak_shift=3, leak_up=True, late=True
    )
    assert mode.leak_at == "never" and not mode.rounds_early and mode.current.half == 4


def test_a_leak_to_nothing_is_in_lowest_terms_too() -> None:
    tables = with_neurons(TABLES, l0={"leak": Leak(multiplier=0, shift=7)})
    mode = a_stage(tables).layer_modes[0]
    assert (mode.leak_at, mode.leak_multiplier, mode.leak_shift) == ("load", 0, 0)
