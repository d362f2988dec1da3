"""A bench for one component: every stream is driven, collected, stalled and checked.

The bench is one synchronous process: what it samples is what the clock edge saw, and what it sets
appears after that edge, as with a flip-flop. Every output stream is held to the handshake: `valid`
never drops and the payload never moves before the transfer, and, as a producer must not wait for
`ready`, a lazy consumer that waits for `valid` first gets all the same. Between payloads an input
stream's payload is noise.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from amaranth.hdl import Shape, Value, ValueCastable
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.sim import Simulator

STALLS = ("none", "random", "lazy")
"""How a bench stalls: never; at random, half of it in bursts; or `ready` only after `valid`, and
inputs at random."""

SETTLE_CYCLES = 40
"""A bench runs on for so long when all is done, to see what comes too many."""

_PERIOD_CYCLES = 4093  # a prime, so the pattern drifts against whatever the design repeats
_BURST_CYCLES = 16


def encode(shape: Any, value: Any) -> int:
    """Return a value as its bits; a struct is a dict, an array a sequence; absent fields are 0."""
    if isinstance(shape, StructLayout):
        unknown = set(value) - {name for name, _ in shape}
        assert not unknown, f"{unknown} not in {[name for name, _ in shape]}"
        return sum(
            encode(part.shape, value[name]) << part.offset for name, part in shape if name in value
        )
    if isinstance(shape, ArrayLayout):
        assert len(value) == shape.length
        width = Shape.cast(shape.elem_shape).width
        return sum(encode(shape.elem_shape, v) << (i * width) for i, v in enumerate(value))
    shape, value = Shape.cast(shape), int(value)
    low = -(1 << (shape.width - 1)) if shape.signed else 0
    assert low <= value < low + (1 << shape.width), f"{value} does not fit {shape}"
    return value & ((1 << shape.width) - 1)


def decode(shape: Any, bits: int) -> Any:
    """Return the value of some bits, as `encode` takes it."""
    if isinstance(shape, StructLayout):
        return {
            name: decode(part.shape, bits >> part.offset & ((1 << part.width) - 1))
            for name, part in shape
        }
    if isinstance(shape, ArrayLayout):
        width = Shape.cast(shape.elem_shape).width
        mask = (1 << width) - 1
        return [decode(shape.elem_shape, bits >> (i * width) & mask) for i in range(shape.length)]
    shape = Shape.cast(shape)
    bits &= (1 << shape.width) - 1
    sign = bits >> (shape.width - 1) & 1 if shape.signed and shape.width else 0
    return bits - (sign << shape.width)


def bits_of(signal: Any) -> Value:
    """Return a payload of any shape as its bits."""
    return signal.as_value() if isinstance(signal, ValueCastable) else Value.cast(signal)


def shape_of(signal: Any) -> Any:
    """Return a payload's shape, a layout where it has one."""
    return signal.shape() if isinstance(signal, ValueCastable) else Value.cast(signal).shape()


@dataclass
class Transfers:
    """What passed on one stream: every payload as `decode` returns it, and its cycle."""

    name: str
    payloads: list[Any] = field(default_factory=list)
    cycles: list[int] = field(default_factory=list)

    def must_be(self, wanted: Sequence[Any]) -> None:
        """Fail with the first payload that differs, if any does."""
        same(self.name, self.payloads, wanted)


def same(name: str, got: Sequence[Any], wanted: Sequence[Any]) -> None:
    """Fail with the first element that differs, if any does."""
    for index, (ours, theirs) in enumerate(zip(got, wanted, strict=False)):
        if ours != theirs:
            raise AssertionError(
                f"{name}[{index}] of {len(wanted)} must be {theirs}, not {ours}; "
                f"before it came {list(got[max(0, index - 3) : index])}"
            )
    if len(got) != len(wanted):
        raise AssertionError(f"{name} must have {len(wanted)} elements, not {len(got)}")


class Pattern:
    """Whether a stream may move, cycle by cycle: about two thirds of them, half in bursts."""

    def __init__(self, stalls: str, rng: random.Random) -> None:
        assert stalls in STALLS, stalls
        numbers = np.random.default_rng(rng.getrandbits(32))
        bursts = numbers.random(_PERIOD_CYCLES // _BURST_CYCLES + 1) < 0.8
        single = numbers.random(_PERIOD_CYCLES) < 0.8
        go = np.repeat(bursts, _BURST_CYCLES)[:_PERIOD_CYCLES] & single
        self._go = [True] if stalls == "none" else go.tolist()

    def __call__(self, cycle: int) -> bool:
        """Return whether the stream may move in this cycle."""
        return self._go[cycle % len(self._go)]


@dataclass
class _Sender:
    transfers: Transfers
    stream: Any
    payloads: list[int]
    static: list[tuple[Value, list[int]]]
    go: Pattern
    width: int
    after: Sequence[tuple[int, Transfers, int]]
    offered: bool = False

    def offer(self, ctx: Any, cycle: int, rng: random.Random) -> None:
        """Offer the next payload if it may come, or noise."""
        index = len(self.transfers.cycles)
        offered = index < len(self.payloads) and self.go(cycle)
        for place, other, count in self.after:
            offered = offered and (index != place or len(other.cycles) >= count)
        if offered:
            ctx.set(bits_of(self.stream.payload), self.payloads[index])
            for signal, values in self.static:
                ctx.set(signal, values[index])
        elif self.offered or not cycle:
            ctx.set(bits_of(self.stream.payload), rng.getrandbits(self.width))
        if offered != self.offered:
            ctx.set(self.stream.valid, int(offered))
        self.offered = offered


@dataclass
class _Receiver:
    transfers: Transfers
    stream: Any
    count: int
    go: Pattern
    lazy: bool
    raw: list[int] = field(default_factory=list)
    ready: bool = False
    held: int | None = None

    def see(self, cycle: int, valid: int, bits: int) -> None:
        """Check the handshake and keep what is transferred."""
        name = self.transfers.name
        if self.held is not None:
            if not valid:
                raise AssertionError(f"{name}: valid dropped in cycle {cycle} before a transfer")
            if bits != self.held:
                raise AssertionError(
                    f"{name}: the payload moved in cycle {cycle} before its transfer, from "
                    f"{self.held:#x} to {bits:#x}"
                )
        self.held = bits if valid and not self.ready else None
        if valid and self.ready:
            self.raw.append(bits)
            self.transfers.cycles.append(cycle)

    def turn(self, ctx: Any, cycle: int) -> None:
        """Set `ready` for the next cycle."""
        ready = (self.held is not None) if self.lazy else self.go(cycle)
        if ready != self.ready:
            ctx.set(self.stream.ready, int(ready))
        self.ready = ready


class Bench:
    """Drive and check the streams of `dut`.

    Parameters
    ----------
    dut
        Component, or module that holds it.
    stalls
        One of `STALLS`.
    seed
        Of all stalls and noise.
    """

    def __init__(self, dut: Any, *, stalls: str = "random", seed: int = 0) -> None:
        self._simulator = Simulator(dut)
        self._simulator.add_clock(1e-6)
        self._stalls = stalls
        self._rng = random.Random(seed)
        self._senders: list[_Sender] = []
        self._receivers: list[_Receiver] = []
        self._probes: list[tuple[Any, list[Any]]] = []
        self._constants: list[tuple[Any, int]] = []
        self.cycle = 0

    def send(
        self,
        name: str,
        stream: Any,
        payloads: Sequence[Any],
        static: Sequence[tuple[Any, Sequence[int]]] = (),
        stalls: str | None = None,
        after: Sequence[tuple[int, Transfers, int]] = (),
    ) -> Transfers:
        """Send payloads into an input stream; return its transfers, filled by `run`.

        `static` are inputs beside the stream, and their value from each payload on to the next.
        `after` holds a payload's index, another stream, and how many payloads must have passed
        there before.
        """
        shape = shape_of(stream.payload)
        bits = [encode(shape, value) for value in payloads]
        transfers = Transfers(name=name, payloads=list(payloads))
        self._senders.append(
            _Sender(
                transfers=transfers,
                stream=stream,
                payloads=bits,
                static=[(bits_of(signal), list(map(int, values))) for signal, values in static],
                go=Pattern(stalls or self._stalls, self._rng),
                width=Shape.cast(shape).width,
                after=after,
            )
        )
        return transfers

    def receive(self, name: str, stream: Any, count: int, stalls: str | None = None) -> Transfers:
        """Collect `count` payloads of an output stream; return its transfers, filled by `run`."""
        transfers = Transfers(name=name)
        stalls = stalls or self._stalls
        self._receivers.append(
            _Receiver(
                transfers=transfers,
                stream=stream,
                count=count,
                go=Pattern(stalls, self._rng),
                lazy=stalls == "lazy",
            )
        )
        return transfers

    def probe(self, signal: Any) -> list[Any]:
        """Return what will be the list of a signal's values, one a cycle, as `decode` gives it."""
        values: list[Any] = []
        self._probes.append((signal, values))
        return values

    def set(self, signal: Any, value: int) -> None:
        """Hold an input at a value from the start."""
        self._constants.append((signal, value))

    def add_process(self, process: Any) -> None:
        """Add a process of the test's own to the simulation."""
        self._simulator.add_process(process)

    def run(self, deadline_cycles: int) -> None:
        """Run until every stream is done and a little longer, or fail at the deadline."""
        done: list[bool] = []

        async def process(ctx: Any) -> None:
            await self._process(ctx, deadline_cycles, done)

        self._simulator.add_process(process)
        while not done:
            self._simulator.advance()
        for receiver in self._receivers:
            shape = shape_of(receiver.stream.payload)
            receiver.transfers.payloads = [decode(shape, bits) for bits in receiver.raw]
        for signal, values in self._probes:
            values[:] = [decode(shape_of(signal), bits) for bits in values]

    async def _process(self, ctx: Any, deadline_cycles: int, done: list[bool]) -> None:
        senders, receivers, rng = self._senders, self._receivers, self._rng
        for signal, value in self._constants:
            ctx.set(signal, value)
        for sender in senders:
            sender.offer(ctx, 0, rng)
        for receiver in receivers:
            receiver.turn(ctx, 0)
        signals = [sender.stream.ready for sender in senders]
        for receiver in receivers:
            signals += [receiver.stream.valid, bits_of(receiver.stream.payload)]
        signals += [bits_of(signal) for signal, _ in self._probes]
        end = None
        async for _, _, *seen in ctx.tick().sample(*signals):
            cycle = self.cycle
            at = iter(seen)
            for sender in senders:
                ready = next(at)
                if sender.offered and not ready:
                    continue  # it stays on offer
                if sender.offered:
                    sender.transfers.cycles.append(cycle)
                sender.offer(ctx, cycle + 1, rng)
            for receiver in receivers:
                receiver.see(cycle, next(at), next(at))
                receiver.turn(ctx, cycle + 1)
            for _, values in self._probes:
                values.append(next(at))
            self.cycle += 1
            if end is None:
                if self._finished():
                    end = self.cycle + SETTLE_CYCLES
                elif self.cycle >= deadline_cycles:
                    raise AssertionError(f"not done after {self.cycle} cycles: {self._progress()}")
            elif self.cycle >= end:
                done.append(True)
                return

    def _finished(self) -> bool:
        return all(len(s.transfers.cycles) == len(s.payloads) for s in self._senders) and all(
            len(r.transfers.cycles) >= r.count for r in self._receivers
        )

    def _progress(self) -> str:
        told = [
            f"{len(s.transfers.cycles)} of {len(s.payloads)} sent into {s.transfers.name}"
            for s in self._senders
        ]
        told += [
            f"{len(r.transfers.cycles)} of {r.count} received from {r.transfers.name}"
            for r in self._receivers
        ]
        return ", ".join(told)
