"""A board on a virtual line: it answers as golden does, or there is an error with reasons."""

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from served import BAUD, SimulatedLine, planned
from somagate.boards.wire.protocol import Command
from somagate.export.readout import Readout
from somagate.export.tables import Tables
from somagate.host.device import PlanDevice
from somagate.host.frames import request
from somagate.host.serving import Faults
from somagate.host.session import DeviceError
from somagate.hw.plan import loading
from somagate.hw.plan.loading import LoadError
from somagate.sim.golden import golden
from tiny_tables import tiny


def spikes(tables: Tables, count: int, seed: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.random((tables.steps, count, *tables.input.shape)) < 0.4).astype(np.uint8)


def wide(classes: int, readout: Readout) -> Tables:
    """Return the tiny network with more classes: its answers don't fit one frame."""
    tables = tiny()
    rng = np.random.default_rng(classes)
    last = tables.layers[1]
    dense = replace(
        last,
        synapses=(replace(last.synapses[0], weights=rng.integers(-8, 8, (classes, 64))),),
        neuron=replace(last.neuron, bias=np.zeros(classes, np.int32)),
        channel_mask=np.ones(classes, bool),
    )
    return replace(tables, layers=(tables.layers[0], dense), readout=readout)


@pytest.mark.parametrize(
    "tables",
    [
        tiny(),
        wide(80, Readout(layer="output", kind="potential")),
        wide(30, Readout(layer="output", kind="potential", over="every", voters=3)),
    ],
    ids=["ten classes", "several frames an answer", "an answer a step"],
)
def test_a_board_answers_as_golden_does(tables: Tables) -> None:
    x = spikes(tables, 30)
    trace = golden.run(tables, x)
    line = SimulatedLine(planned(tables))
    with PlanDevice(line, planned(tables), baud=BAUD) as board:
        told: list[tuple[int, int]] = []
        answers = board.predict(x, progress=lambda done, total: told.append((done, total)))
    assert line.closed
    assert np.array_equal(answers.output, trace.output) and answers.output.dtype == np.int32
    assert np.array_equal(answers.prediction, trace.prediction)
    assert len(answers) == 30 and answers.per_second > 0 and (answers.latencies > 0).all()
    assert told[-1] == (30, 30)
    assert (answers.counts.damaged, answers.restarts) == (0, 0)


def test_what_goes_wrong_on_the_line_changes_no_answer() -> None:
    tables = tiny()
    x = spikes(tables, 60)
    trace = golden.run(tables, x)
    plan = planned(tables)
    line = SimulatedLine(plan, Faults(corrupt=0.01, drop=0.01, seed=4))
    with PlanDevice(line, plan, baud=BAUD, patience=0.05) as board:
        answers = board.predict(x)
    assert np.array_equal(answers.output, trace.output)
    assert np.array_equal(answers.prediction, trace.prediction)
    assert answers.counts.repeated and answers.counts.damaged
    assert line.ways[0].corrupted and line.ways[1].dropped


def test_a_board_that_loses_its_power_is_asked_anew() -> None:
    tables = tiny()
    x = spikes(tables, 40)
    plan = planned(tables)
    line = SimulatedLine(plan)
    with PlanDevice(line, plan, baud=BAUD, patience=0.05) as board:

        def off(done: int, total: int) -> None:
            if done in (10, 11, 12) and not cut:
                cut.append(done)
                line.board.restart()

        cut: list[int] = []
        answers = board.predict(x, progress=off)
    assert cut and answers.restarts >= 1
    assert np.array_equal(answers.prediction, golden.run(tables, x).prediction)


@pytest.fixture(scope="module")
def loadable() -> Iterator[SimulatedLine]:
    line = SimulatedLine(planned(tiny(), loadable=True))
    yield line
    line.close()


def test_other_tables_are_loaded_and_run(loadable: SimulatedLine) -> None:
    plan, other = planned(tiny(), loadable=True), tiny(seed=5)
    x = spikes(other, 20)
    board = PlanDevice(loadable, plan, baud=BAUD)
    before = board.identify()
    assert (before.tables, before.clock_hz) == (tiny().sha256, 24_000_000)
    told: list[tuple[int, int]] = []
    board.load(other, progress=lambda done, total: told.append((done, total)))
    assert board.identify().tables == other.sha256 and told[-1][0] == told[-1][1]
    answers = board.predict(x)
    assert np.array_equal(answers.output, golden.run(other, x).output)
    assert board.tables is other
    # Who doesn't know that is told.
    message = (
        f"the board must run tables {tiny().sha256[:12]}, not {other.sha256[:12]}: load them, or "
        "say which are loaded"
    )
    with pytest.raises(DeviceError, match=f"^{re.escape(message)}$"):
        PlanDevice(loadable, plan, baud=BAUD).predict(x)
    again = PlanDevice(loadable, plan, baud=BAUD, tables=other).predict(x)
    assert np.array_equal(again.prediction, answers.prediction)


def test_a_load_that_is_cut_short_leaves_no_tables(loadable: SimulatedLine) -> None:
    plan, other = planned(tiny(), loadable=True), tiny(seed=5)
    PlanDevice(loadable, plan, baud=BAUD)
    words = loading.load(plan, other).words
    data = b"".join(word.to_bytes(4, "little") for word in words[: len(words) // 2])
    for number in range(9):  # one of them is the next
        loadable.write(request(number, 0, Command.LOAD, data[:200]))
    while loadable.board.waiting:
        loadable.read()
    fresh = PlanDevice(loadable, plan, baud=BAUD)
    assert fresh.identify().tables == ""
    message = f"the board must run tables {tiny().sha256[:12]}, not none: load them, or say which"
    with pytest.raises(DeviceError, match=f"^{re.escape(message)}"):
        fresh.predict(spikes(tiny(), 1))
    fresh.load(tiny())
    x = spikes(tiny(), 5)
    assert np.array_equal(fresh.predict(x).prediction, golden.run(tiny(), x).prediction)


def test_a_board_that_forgot_what_was_loaded_is_not_taken_at_its_word(
    loadable: SimulatedLine,
) -> None:
    plan, other = planned(tiny(), loadable=True), tiny(seed=5)
    board = PlanDevice(loadable, plan, baud=BAUD, patience=0.05)
    board.load(other)
    x = spikes(other, 40)
    cut: list[int] = []

    def off(done: int, total: int) -> None:
        if done >= 10 and not cut:
            cut.append(done)
            loadable.board.restart()

    message = (
        f"the board must run tables {other.sha256[:12]}, not {tiny().sha256[:12]}: load them, or "
        "say which are loaded"
    )
    with pytest.raises(DeviceError, match=f"^{re.escape(message)}$"):
        board.predict(x, progress=off)
    assert cut
    board.load(other)
    assert np.array_equal(board.predict(x).output, golden.run(other, x).output)


def test_what_is_not_meant_is_refused(loadable: SimulatedLine) -> None:
    plan = planned(tiny(), loadable=True)
    board = PlanDevice(loadable, plan, baud=BAUD)
    with pytest.raises(
        ValueError, match=r"^x must have shape \(4, batch, 1, 8, 8\), not \(3, 1, 1, 8, 8\)$"
    ):
        board.predict(np.zeros((3, 1, 1, 8, 8), int))
    with pytest.raises(LoadError):
        board.load(wide(80, Readout(layer="output", kind="potential")))
    other = planned(tiny(), loadable=False)
    line = SimulatedLine(other)
    with pytest.raises(DeviceError) as caught:
        PlanDevice(line, plan, baud=BAUD)
    assert re.fullmatch(
        r"the board's shape must be [0-9a-f]{12}, not [0-9a-f]{12}: its bitstream was built from "
        r"another plan; build and flash this one, or name that one's folder",
        str(caught.value),
    )
    assert line.closed
