"""What a board can do beyond inferences, where it was built to."""

import gc
from dataclasses import replace

import numpy as np
import pytest
from plans import everything, late
from served import BAUD, SimulatedLine, planned
from small_network import small_network
from somagate.boards.core import check_extras
from somagate.boards.wire.protocol import Extra, extras
from somagate.data.encode import encode
from somagate.export.neuron import Activation
from somagate.export.readout import Readout
from somagate.export.tables import Input, Tables
from somagate.host import counted
from somagate.host.counted import read_counters
from somagate.host.device import PlanDevice
from somagate.host.job import Job
from somagate.host.link import LinkError
from somagate.host.serving import Faults
from somagate.host.session import DeviceError, Session
from somagate.hw.plan.plan import Plan, StageShape
from somagate.sim.cycles.accesses import accesses
from somagate.sim.golden import golden
from somagate.sim.golden.stream import Stream
from somagate.sim.golden.trace import compare
from tiny_tables import tiny

ALL = ("stream", "trace", "counters")


def draw(tables: Tables, count: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    activation = tables.input.activation
    return rng.integers(
        activation.low, activation.high + 1, (tables.steps, count, *tables.input.shape)
    )


class Counting(SimulatedLine):
    """A line that counts the bytes to the board."""

    sent = 0

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self.sent += len(data)
        super().write(data)


def chain(tables: Tables, **more: object) -> Plan:
    """Return a plan of two stages."""
    layers = len(tables.layers)
    shapes = (
        StageShape(layers=layers - 1, lanes=4, update_lanes=2),
        StageShape(layers=1, lanes=2, update_lanes=2, banks=2),
    )
    return Plan(tables=tables, shapes=shapes, word_bits=16, **more)


PLANS = {
    "one stage": planned(tiny()),
    "two stages": chain(everything(steps=3)),
    "delays": chain(late(steps=10)),
}


@pytest.fixture(scope="module", params=PLANS)
def board(request: pytest.FixtureRequest) -> tuple[Plan, SimulatedLine]:
    plan = PLANS[request.param]
    return plan, SimulatedLine(plan, extras=ALL)


def test_a_trace_is_golden_s(board: tuple[Plan, SimulatedLine]) -> None:
    plan, line = board
    x = draw(plan.tables, 3)
    device = PlanDevice(line, plan, baud=BAUD)
    wanted = golden.run(plan.tables, x, potentials=True)
    assert any(spikes.any() for spikes in wanted.spikes.values())
    found = device.trace(x)
    assert compare(wanted, found) is None
    assert found.tables == plan.tables.sha256 and list(found.spikes) == list(wanted.spikes)
    assert [a.dtype for a in found.spikes.values()] == [a.dtype for a in wanted.spikes.values()]
    # The same board answers as before.
    assert np.array_equal(device.predict(x).output, wanted.output)


def test_a_stream_is_golden_s(board: tuple[Plan, SimulatedLine]) -> None:
    plan, line = board
    device = PlanDevice(line, plan, baud=BAUD)
    x = np.concatenate(list(draw(plan.tables, 4, seed=2).swapaxes(0, 1)))[:, None]
    stream, wanted = device.stream(), Stream(plan.tables)
    for first, last in ((0, 1), (1, 6), (6, len(x))):
        answers, trace = stream.run(x[first:last]), wanted.run(x[first:last])
        assert np.array_equal(answers.output, trace.output)
        assert np.array_equal(answers.prediction, trace.output[0].argmax(1))
    stream.reset()
    wanted.reset()
    assert np.array_equal(stream.run(x[:5]).output, wanted.run(x[:5]).output)
    one = draw(plan.tables, 1)
    assert np.array_equal(device.predict(one).output, golden.run(plan.tables, one).output)
    with pytest.raises(DeviceError) as caught:
        stream.run(x[:1])
    assert str(caught.value) == (
        "the stream must go on where it was, but has ended; reset it: the board has started anew "
        "since"
    )
    with pytest.raises(ValueError) as shape:
        stream.run(np.zeros((3, 2, 4)))
    assert str(shape.value) == (
        "x must have the shape (steps, 1, *input shape), not (3, 2, 4): a board has one stream"
    )


def test_a_board_counts_what_each_sample_takes(board: tuple[Plan, SimulatedLine]) -> None:
    plan, line = board
    tables = plan.tables
    device = PlanDevice(line, plan, baud=BAUD)
    x = draw(tables, 5, seed=3)
    x[:, 2] = 0
    found = device.predict(x, profile=True)
    assert np.array_equal(found.output, golden.run(tables, x).output)
    profile = found.profile
    assert profile is not None and profile.clock_hz == 24_000_000
    assert (profile.cycles > profile.waits + profile.stalls).all()
    assert profile.events[2] == profile.events.min() < profile.events.max()
    rows = [
        access.reads
        for access in accesses(plan, golden.run(tables, x), x)
        if access.memory.name.startswith("weights")
    ]
    assert np.array_equal(profile.events, sum(rows))
    assert np.array_equal(profile.latencies, profile.cycles / 24e6)
    again = device.predict(x[:, ::-1], profile=True).profile
    assert again is not None and np.array_equal(again.events, profile.events[::-1])


def test_traces_and_streams_survive_what_goes_wrong_on_the_line() -> None:
    plan = PLANS["two stages"]
    x = draw(plan.tables, 2)
    line = SimulatedLine(plan, Faults(corrupt=0.003, drop=0.01, seed=4), extras=ALL)
    with PlanDevice(line, plan, baud=BAUD, patience=0.05) as device:
        assert compare(golden.run(plan.tables, x, potentials=True), device.trace(x)) is None
        steps = np.concatenate(list(draw(plan.tables, 8).swapaxes(0, 1)))[:, None]
        assert np.array_equal(
            device.stream().run(steps).output, Stream(plan.tables).run(steps).output
        )
        profile = device.predict(x, profile=True).profile
        assert profile is not None and (profile.events > 0).all()
    assert line.ways[0].corrupted and line.ways[0].dropped + line.ways[1].dropped


def test_a_sample_whose_numbers_are_lost_is_asked_anew(
    board: tuple[Plan, SimulatedLine], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, line = board
    x = draw(plan.tables, 4, seed=6)
    device = PlanDevice(line, plan, baud=BAUD)
    wanted = device.predict(x, profile=True).profile
    calls: list[int] = []

    def fails_once(session: Session) -> dict[str, int]:
        calls.append(1)
        if len(calls) == 3:
            raise LinkError("lost")
        return read_counters(session)

    monkeypatch.setattr(counted, "read_counters", fails_once)
    answers = device.predict(x, profile=True)
    assert answers.restarts == 1 and wanted is not None and answers.profile is not None
    assert np.array_equal(answers.profile.events, wanted.events)
    assert np.array_equal(answers.output, golden.run(plan.tables, x).output)


def test_a_stream_whose_board_lost_its_power_has_ended() -> None:
    plan = planned(tiny())
    x = draw(plan.tables, 4).swapaxes(0, 1).reshape(-1, 1, *plan.tables.input.shape)
    line = SimulatedLine(plan, extras=ALL)
    with PlanDevice(line, plan, baud=BAUD, patience=0.02, retries=3) as device:
        stream = device.stream()
        stream.run(x[:3])
        line.board.restart()
        with pytest.raises(
            DeviceError, match=r"^the stream must go on where it was, but has ended"
        ):
            stream.run(x[3:4])
        with pytest.raises(
            DeviceError, match=r"^the stream must go on where it was, but has ended"
        ):
            stream.run(x[3:4])
        stream.reset()
        assert np.array_equal(stream.run(x).output, Stream(plan.tables).run(x).output)


def rated(steps: int, maximum: int) -> Tables:
    """Return the tiny network with pixels as its samples."""
    tables = tiny()
    given = replace(tables.input, encoding="rate", maximum=maximum)
    return replace(tables, input=given, steps=steps)


@pytest.mark.parametrize(("steps", "maximum"), [(9, 1), (12, 16), (40, 255), (20, 100)])
def test_pixels_become_the_spikes_of_data_encode(steps: int, maximum: int) -> None:
    tables = rated(steps, maximum)
    rng = np.random.default_rng(steps)
    images = rng.integers(0, maximum + 1, (6, *tables.input.shape))
    images[0], images[1] = 0, maximum
    x = encode(images, encoding="rate", steps=steps, maximum=maximum)
    order = {"input": tuple(rng.permutation(tables.input.shape[0]).tolist())}
    plan = replace(planned(tables), orders=order)
    line = Counting(plan, extras=["pixels"])
    with PlanDevice(line, plan, baud=BAUD) as device:
        answers = device.predict(x)
        as_pixels = line.sent
        wanted = golden.run(tables, x)
        assert np.array_equal(answers.output, wanted.output)
        assert len(np.unique(wanted.output)) > 1
        # What is no train of a pixel's goes as words.
        other = x.copy()
        other[:, 3] = rng.permuted(other[:, 3], axis=0)
        assert np.array_equal(device.predict(other).output, golden.run(tables, other).output)
    words = plan.sample_words * plan.word_bits // 8
    assert as_pixels < 6 * words


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_a_map_that_every_step_has_is_sent_once(steps: int) -> None:
    given = Input(
        shape=(1, 8, 8), encoding="direct", maximum=16, activation=Activation(kind="value", bits=4)
    )
    tables = tiny(input=given, steps=steps)
    images = np.random.default_rng(steps).integers(0, 17, (5, 1, 8, 8))
    x = encode(images, encoding="direct", steps=steps, maximum=16, high=15)
    plan = planned(tables)
    line = Counting(plan, extras=["pixels"])
    with PlanDevice(line, plan, baud=BAUD) as device:
        assert np.array_equal(device.predict(x).output, golden.run(tables, x).output)
        as_pixels = line.sent
        other = np.random.default_rng(9).integers(0, 16, x.shape)
        assert np.array_equal(device.predict(other).output, golden.run(tables, other).output)
    if steps == 7:
        assert as_pixels < 0.6 * 5 * plan.sample_words * plan.word_bits // 8


def test_what_a_board_lacks_is_refused_with_the_way_to_it() -> None:
    plan = planned(tiny())
    line = SimulatedLine(plan)
    x = draw(plan.tables, 1)
    with PlanDevice(line, plan, baud=BAUD) as device:
        assert device.extras == Extra(0)
        for name, ask in (
            ("trace", lambda: device.trace(x)),
            ("stream", device.stream),
            ("counters", lambda: device.predict(x, profile=True)),
        ):
            with pytest.raises(DeviceError) as caught:
                ask()
            assert str(caught.value) == (
                f"the board must have {name}, but its bitstream has none: build it with --extra "
                f"{name}, or extras=['{name}'], and flash that"
            )


def test_extras_that_a_network_cannot_have_are_refused_by_name() -> None:
    assert extras(["trace", "stream"]) == Extra.TRACE | Extra.STREAM
    with pytest.raises(ValueError) as caught:
        extras(["tracing"])
    assert str(caught.value) == (
        "extras must be some of stream, trace, pixels, counters, not 'tracing'"
    )
    frames = replace(tiny(), input=replace(tiny().input, encoding="frames"))
    with pytest.raises(ValueError) as caught:
        check_extras(frames, Extra.PIXELS)
    assert str(caught.value) == (
        "extras must not have pixels: pixels must be of an input with encoding rate or direct, not "
        "frames"
    )
    direct = replace(tiny().input, encoding="direct", activation=Activation(kind="value", bits=4))
    check_extras(replace(tiny(), input=direct), Extra.PIXELS)
    with pytest.raises(ValueError) as caught:
        check_extras(replace(tiny(), input=replace(direct, constant=True)), Extra.PIXELS)
    assert str(caught.value) == (
        "extras must not have pixels: pixels must not be those of a constant input: its map is "
        "sent once already"
    )
    with pytest.raises(ValueError) as caught:
        check_extras(replace(tiny(), input=replace(direct, encoding="rate")), Extra.PIXELS)
    assert str(caught.value) == (
        "extras must not have pixels: pixels must be of an input of single spikes, not of 4-bit "
        "values"
    )
    with pytest.raises(ValueError) as caught:
        check_extras(late(steps=2), Extra.STREAM)
    assert str(caught.value).startswith("extras must not have stream: layer ")


def test_replicas_are_one_board() -> None:
    plan = replace(planned(rated(9, 16), loadable=True), replicas=2)
    with pytest.raises(ValueError) as caught:
        check_extras(plan.tables, Extra.STREAM, plan.replicas)
    assert str(caught.value) == (
        "extras must not have stream: replicas must be 1 in an accelerator that streams, not 2: "
        "each time step finds the potentials that the one before has left, on the same replica"
    )
    line = SimulatedLine(plan, extras=("trace", "pixels", "counters"))
    other = replace(tiny(seed=5), input=plan.tables.input, steps=6)
    with PlanDevice(line, plan, baud=BAUD) as device:
        for tables in (plan.tables, other):
            rng = np.random.default_rng(tables.steps)
            images = rng.integers(0, 17, (5, *tables.input.shape))
            x = encode(images, encoding="rate", steps=tables.steps, maximum=16)
            wanted = golden.run(tables, x, potentials=True)
            device.load(tables)
            assert np.array_equal(device.predict(x).output, wanted.output)
            # Whichever replica's turn it is, a sample is traced and counted by itself.
            assert compare(wanted, device.trace(x)) is None
            profile = device.predict(x, profile=True).profile
            again = device.predict(x[:, ::-1], profile=True).profile
            assert profile is not None and again is not None
            assert np.array_equal(again.events, profile.events[::-1])
            assert np.array_equal(again.cycles, profile.cycles[::-1])
            if tables is plan.tables:
                rows = [
                    access.reads
                    for access in accesses(plan, wanted, x)
                    if access.memory.name.startswith("weights")
                ]
                assert np.array_equal(profile.events, sum(rows))


def test_updates_of_tiles_are_traced() -> None:
    first, second = StageShape(layers=1, lanes=4, update_lanes=2, tiles=2), StageShape(layers=1)
    plan = Plan(tables=small_network(), shapes=(first, second), word_bits=16, replicas=2)
    x = draw(plan.tables, 3)
    with PlanDevice(SimulatedLine(plan, extras=("trace",)), plan, baud=BAUD) as device:
        assert compare(golden.run(plan.tables, x, potentials=True), device.trace(x)) is None


@pytest.mark.filterwarnings("ignore:.*created but never used")
def test_too_many_stages_to_be_traced_are_refused() -> None:
    shapes = tuple(StageShape(layers=1, lanes=2, update_lanes=2) for _ in everything().layers)
    plan = Plan(tables=everything(), shapes=shapes, word_bits=16, replicas=64)
    with pytest.raises(ValueError) as caught:
        SimulatedLine(plan, extras=("trace",))
    assert str(caught.value) == (
        "Top traces at most 255 stages of all replicas together, not 256: take fewer replicas, or "
        "stages, or no trace"
    )
    del caught
    gc.collect()  # what was refused is never elaborated


def test_what_is_loaded_is_traced_and_streamed_in_the_widths_of_the_bitstream() -> None:
    summed = Readout(layer="output", kind="potential", over="sum")
    plan = planned(tiny(readout=summed, steps=64), loadable=True)
    small = tiny(seed=5, readout=summed, steps=4)
    mask = np.array([True, False, True, False])
    pruned = replace(small, layers=(replace(small.layers[0], channel_mask=mask), small.layers[1]))
    line = SimulatedLine(plan, extras=[*ALL, "pixels"])
    with PlanDevice(line, plan, baud=BAUD) as device:
        for tables in (small, pruned):
            device.load(tables)
            x = draw(tables, 3)
            wanted = golden.run(tables, x, potentials=True)
            assert np.array_equal(device.predict(x).output, wanted.output)
            assert compare(wanted, device.trace(x)) is None
            steps = np.concatenate(list(x.swapaxes(0, 1)))[:, None]
            trace = Stream(tables).run(steps)
            assert np.array_equal(device.stream().run(steps).output, trace.output)


def test_an_answer_of_another_size_is_refused() -> None:
    plan = planned(tiny())
    job = Job(plan, plan, plan.tables, draw(plan.tables, 1))
    with pytest.raises(DeviceError) as caught:
        job.take(bytes(20))
    assert str(caught.value) == (
        "the board must answer with 21 bytes, as its bitstream was built to, not with 20"
    )


def test_what_golden_refuses_a_board_refuses() -> None:
    tables = rated(20, 100)
    plan = planned(tables)
    x = encode(
        np.random.default_rng(1).integers(0, 101, (2, 1, 8, 8)),
        encoding="rate", steps=20, maximum=100,
    )  # fmt: skip
    line = SimulatedLine(plan, extras=["pixels", "trace", "stream"])
    with PlanDevice(line, plan, baud=BAUD) as device:
        stream = device.stream()
        for bad in (x * 0.5, x * 2, -x.astype(int), x[:, 0], x[:, :0], x[..., :7]):
            with pytest.raises((TypeError, ValueError)) as wanted:
                golden.run(tables, bad)
            for ask in (device.predict, device.trace):
                with pytest.raises(wanted.type) as caught:
                    ask(bad)
                assert str(caught.value) == str(wanted.value)
        with pytest.raises(TypeError, match="x must hold integers, not float64"):
            stream.run(x[:, :1] * 0.5)
    with pytest.raises(DeviceError, match="^the device must be open, but was closed$"):
        PlanDevice.predict(device, x)
    for baud in (0, -5):
        with pytest.raises(ValueError, match=f"^baud must be 1…100000000, not {baud}$"):
            PlanDevice(line, plan, baud=baud)
    with pytest.raises(ValueError, match="^timeout must be 0.001…1000000.0, not -1$"):
        PlanDevice(line, plan, baud=BAUD, timeout=-1)


def test_a_board_whose_weights_lie_in_its_large_ram_runs_without_a_board() -> None:
    shape = StageShape(layers=2, lanes=4, update_lanes=2, weight_memory="spram")
    plan = Plan(tables=tiny(), shapes=(shape,), word_bits=16)
    line = SimulatedLine(plan, extras=["trace"])
    x = draw(plan.tables, 2)
    with PlanDevice(line, plan, baud=BAUD) as device:
        with pytest.raises(
            DeviceError, match=r"^the board must run tables \w+, not none: load them"
        ):
            device.predict(x)
        device.load(plan.tables)
        assert compare(golden.run(plan.tables, x, potentials=True), device.trace(x)) is None
