"""What a line carries, against what goes over one."""

import numpy as np
import pytest
from served import BAUD, SimulatedLine, planned
from somagate.host.device import PlanDevice
from somagate.host.rate import line_bytes
from somagate.hw.plan.plan import Plan
from tiny_tables import tiny


class Counting(SimulatedLine):
    """A line that counts bytes."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.sent = self.received = 0

    def write(self, data: bytes) -> None:
        self.sent += len(data)
        super().write(data)

    def read(self) -> bytes:
        data = super().read()
        self.received += len(data)
        return data


def test_a_sample_takes_as_many_bytes_as_are_said() -> None:
    plan, line = planned(tiny()), Counting(planned(tiny()))
    x = (np.random.default_rng(1).random((4, 300, 1, 8, 8)) < 0.4).astype(np.uint8)
    found = line_bytes(plan)
    seen: list[tuple[float, float]] = []
    with PlanDevice(line, plan, baud=BAUD) as board:
        board.predict(x[:, :1])
        # Where this process waits for the machine, the link asks again: once it will not.
        while len(seen) < 5:
            line.sent = line.received = 0
            board.predict(x)
            seen.append((line.sent / 300, line.received / 300))
            if seen[-1] == pytest.approx((found.sent, found.received), rel=0.03):
                break
    assert seen[-1] == pytest.approx((found.sent, found.received), rel=0.03)
    assert found.per_second(115200) == pytest.approx(11520 / max(found.sent, found.received))
