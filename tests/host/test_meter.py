import re
import threading
import time
from datetime import datetime
from pathlib import Path

import pytest
from refusal import refused
from somagate.host.meter import MeterLog, read_meter, read_until

STEPS = """time,power
100,1
110,3
120,3
130,1
"""


def log(folder: Path, text: str) -> Path:
    path = folder / "meter.csv"
    path.write_text(text, encoding="utf-8")
    return path


def steps(folder: Path) -> MeterLog:
    return read_meter(log(folder, STEPS))


def test_energy_is_by_the_trapezoid_rule_between_interpolated_ends(tmp_path: Path) -> None:
    meter = steps(tmp_path)
    assert meter.energy(100, 130) == pytest.approx(20 + 30 + 20)
    assert meter.energy(105, 115) == pytest.approx(5 * 2.5 + 5 * 3)
    assert meter.energy(111, 112) == pytest.approx(3)
    assert meter.mean(105, 115) == pytest.approx(2.75)


def test_idle_is_what_lies_outside_of_the_run(tmp_path: Path) -> None:
    meter = steps(tmp_path)
    assert meter.idle(110, 120) == pytest.approx((20 + 20) / 20)
    assert meter.idle(100, 120) == pytest.approx(2)
    assert meter.idle(100, 130) is None


def test_a_run_has_its_joules_by_sample(tmp_path: Path) -> None:
    meter = steps(tmp_path)
    power = meter.run(110, 120, 5)
    assert power.to_dict() == {
        "meter": str(tmp_path / "meter.csv"),
        "readings": 2,
        "watts": 3.0,
        "joules_per_sample": 6.0,
        "idle_watts": 2.0,
        "joules_per_sample_above_idle": 2.0,
    }
    assert str(power) == (
        "3 W on average, 6 J a sample, 2 J of it above the 2 W of idle; "
        f"2 readings of {tmp_path}/meter.csv"
    )
    whole = meter.run(100, 130, 7)
    assert (whole.idle_watts, whole.joules_per_sample_above_idle) == (None, None)
    assert str(whole) == (f"2.333 W on average, 10 J a sample; 4 readings of {tmp_path}/meter.csv")


@pytest.mark.parametrize(
    ("header", "row", "watts"),
    [
        ("seconds,watts", "{},2.5", 2.5),
        ("Timestamp , Power_W", "{}, 2.5 ", 2.5),
        ("power_mw,time", "2500,{}", 2.5),
        ("time;volts;note;amps", "{};5;a, b;0.5", 2.5),
        ("time\tvoltage_v\tcurrent_ma", "{}\t5\t500", 2.5),
        ("time,voltage_mv,current_a", "{},5000,0.5", 2.5),
        ("time,voltage,current", "{},5,0.5", 2.5),
        ("time,current,voltage,power", "{},9,9,2.5", 2.5),  # a meter that multiplies itself
    ],
)
def test_columns_are_told_by_their_names(
    tmp_path: Path, header: str, row: str, watts: float
) -> None:
    text = "\n".join(["\ufeff" + header, row.format(1), "", row.format(2), ""])
    meter = read_meter(log(tmp_path, text))
    assert meter.times.tolist() == [1, 2]
    assert meter.watts.tolist() == pytest.approx([watts, watts])


def test_times_are_unix_seconds_or_iso_8601(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC-3")  # three hours ahead
    time.tzset()
    try:
        times = ["1767258000.5", "2026-01-01T12:00:01+03:00", "2026-01-01T09:00:02Z"]
        local = "2026-01-01 12:00:03"
        text = "time,power\n" + "".join(f"{t},1\n" for t in [*times, local])
        found = read_meter(log(tmp_path, text)).times
        assert datetime.fromisoformat(times[1]).timestamp() == 1767258001
    finally:
        monkeypatch.undo()
        time.tzset()
    assert found.tolist() == [1767258000.5, 1767258001, 1767258002, 1767258003]


def test_a_line_that_is_still_written_is_left_alone(tmp_path: Path) -> None:
    assert read_meter(log(tmp_path, STEPS + "140,1")).times[-1] == 130


def test_a_log_is_waited_for_until_it_has_come_to_the_end(tmp_path: Path) -> None:
    path = log(tmp_path, STEPS)

    def more() -> None:
        with path.open("a", encoding="utf-8") as file:
            file.write("140,1\n")

    timer = threading.Timer(0.3, more)
    timer.start()
    assert read_until(path, 135, wait=20).times[-1] == 140
    timer.join()
    started = time.monotonic()
    assert read_until(path, 150, wait=0.2).times[-1] == 140
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "{}, header: must name exactly one column of time, timestamp, seconds, not nothing"),
        (
            "when,power\n1,2\n",
            "{}, header: must name exactly one column of time, timestamp, seconds, not when, power",
        ),
        (
            "time,seconds,power\n1,1,2\n",
            (
                "{}, header: must name exactly one column of time, timestamp, seconds, "
                "not time, seconds"
            ),
        ),
        (
            "time,power,watts\n1,2,2\n",
            (
                "{}, header: must name exactly one column of power, watts, power_w, power_mw, "
                "not power, watts"
            ),
        ),
        (
            "time,amps\n1,2\n",
            (
                "{}, header: must name exactly one column of voltage, volts, voltage_v, "
                "voltage_mv, power, watts, power_w, power_mw, not time, amps"
            ),
        ),
        (
            "time,volts\n1,2\n",
            (
                "{}, header: must name exactly one column of current, amps, current_a, current_ma, "
                "not time, volts"
            ),
        ),
        (
            "time,power\n1,2,3\n",
            "{}, line 2: must have 2 values as the header has names, not 3",
        ),
        (
            "time,power\n1,2\n\n2,1 W\n",
            "{}, line 4, column power: must be a number, such as 1.25, not '1 W'",
        ),
        (
            "time,power\n1,nan\n",
            "{}, line 2, column power: must be a number, such as 1.25, not 'nan'",
        ),
        (
            "time,power\nnoon,2\n",
            (
                "{}, line 2, column time: must be Unix seconds or ISO 8601, such as "
                "2026-01-31T12:00:00.5+01:00, not 'noon'"
            ),
        ),
        (
            "time,power\n2,2\n2.0,2\n",
            "{}, line 3, column time: times must rise, but '2.0' isn't behind the one before",
        ),
        ("time,power\n2,2\n", "{} must have 2 readings or more, not 1"),
    ],
)
def test_what_is_no_log_is_named_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    path = log(tmp_path, text)
    with refused(ValueError, message.format(path)):
        read_meter(path)


def test_what_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "meter.csv"
    path.write_bytes(b"time,power\n\xff,1\n")
    message = (
        f"{path} must be text in UTF-8: 'utf-8' codec can't decode byte 0xff in position 11: "
        "invalid start byte"
    )
    with refused(ValueError, message):
        read_meter(path)
    path.write_text('time,power\n"1"2,3\n', encoding="utf-8")
    with refused(ValueError, f"{path}, line 2: must be CSV: ',' expected after '\"'"):
        read_meter(path)


def test_a_log_that_does_not_cover_the_run_is_refused_with_both(tmp_path: Path) -> None:
    meter = steps(tmp_path)
    for start, end in ((99, 120), (110, 130.5)):
        with pytest.raises(ValueError, match=r"must cover the run from") as caught:
            meter.energy(start, end)
        said = [
            f"1970-01-01 00:0{t // 60:.0f}:{t % 60:06.3f}+00:00" for t in (start, end, 100, 130)
        ]
        assert str(caught.value) == (
            f"{meter.path} must cover the run from {said[0]} to {said[1]}, not only {said[2]} to "
            f"{said[3]}; let the meter log from before the run until after it, by the same clock"
        )
    with pytest.raises(ValueError, match=re.escape("not only 1e+20 s to 2e+20 s")):
        read_meter(log(tmp_path, "time,power\n1e20,1\n2e20,1\n")).energy(1, 2)


def test_a_run_without_a_reading_is_refused(tmp_path: Path) -> None:
    message = (
        f"{tmp_path}/meter.csv must have a reading within the run's 2 s, but has none; "
        "run more samples, or let the meter log more often"
    )
    with refused(ValueError, message):
        steps(tmp_path).run(112, 114, 3)


def test_an_end_before_its_start_is_refused(tmp_path: Path) -> None:
    with refused(ValueError, "end must be behind the start 120, not 110"):
        steps(tmp_path).energy(120, 110)
