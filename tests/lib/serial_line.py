"""A serial line as the other side drives and reads it, for benches of the Amaranth simulator.

Times are in cycles of the device's clock and may be fractions: the other side has its own clock.
"""

from collections.abc import Iterable, Sequence

FRAME_BITS = 10


def levels(data: Sequence[int], bit_cycles: float, gaps: Iterable[float] = ()) -> list[int]:
    """Return the line in every cycle: `data` at `bit_cycles` a bit, each byte after its gap.

    `gaps` are idle bits before each byte; bytes without one follow at once. The line ends idle,
    for one byte.
    """
    edges: list[tuple[float, int]] = []
    now, waits = 0.0, list(gaps)
    for index, byte in enumerate(data):
        now += bit_cycles * (waits[index] if index < len(waits) else 0)
        for bit in [0, *((byte >> i) & 1 for i in range(8)), 1]:
            edges.append((now, bit))
            now += bit_cycles
    edges.append((now + FRAME_BITS * bit_cycles, 1))
    line, level = [], 1
    position = 0
    for cycle in range(int(edges[-1][0]) + 1):
        while position < len(edges) and edges[position][0] <= cycle:
            level = edges[position][1]
            position += 1
        line.append(level)
    return line


def read(line: Sequence[int], bit_cycles: int) -> list[int]:
    """Return the bytes on a line given cycle by cycle, checking every cycle of every bit."""
    data, cycle = [], 0
    while cycle < len(line):
        if line[cycle]:
            cycle += 1
            continue
        frame = line[cycle : cycle + FRAME_BITS * bit_cycles]
        if len(frame) < FRAME_BITS * bit_cycles:
            raise AssertionError(f"cycle {cycle}: the line ends inside a byte")
        bits = [frame[i * bit_cycles : (i + 1) * bit_cycles] for i in range(FRAME_BITS)]
        for index, bit in enumerate(bits):
            if len(set(bit)) != 1:
                raise AssertionError(f"cycle {cycle}: bit {index} changes: {bit}")
        if bits[-1][0] != 1:
            raise AssertionError(f"cycle {cycle}: the stop bit is low")
        data.append(sum(bit[0] << i for i, bit in enumerate(bits[1:9])))
        cycle += FRAME_BITS * bit_cycles
    return data
