from pathlib import Path

import pytest
from somagate.devices import DeviceRun

RUN = DeviceRun(
    port="/dev/ttyUSB1", tables="0" * 64, data="digits", samples=20, correct=19, per_second=10.0,
    latency_ms=90.0, frames=40, repeated=0, damaged=0, restarts=0, started=1000.0, ended=1002.0,
)  # fmt: skip


def test_a_run_is_joined_with_a_meter_s_log(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("time,power\n998,1\n1000,1\n1001,3\n1002,1\n1004,1\n", encoding="utf-8")
    found = RUN.metered(log)
    power = found.power
    assert power is not None
    assert (power.watts, power.joules_per_sample, power.idle_watts) == (2, 0.2, 1)
    assert power.joules_per_sample_above_idle == pytest.approx(0.1)
    assert found.to_dict()["power"] == power.to_dict()
    assert str(found).splitlines()[-1] == (
        f"2 W on average, 0.2 J a sample, 0.1 J of it above the 1 W of idle; 3 readings of {log}"
    )


def test_a_run_without_a_meter_says_nothing_of_power() -> None:
    assert RUN.to_dict()["power"] is None
    assert str(RUN) == "19 of 20 right (95.00%), 10.0 samples a second, 90 ms each"
