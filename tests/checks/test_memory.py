import pytest
from refusal import refused
from somagate.checks import memory


def test_what_the_machine_has_no_room_for_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert memory.machine_bytes() > 1 << 28
    monkeypatch.setattr(memory, "machine_bytes", lambda: 2_000_000_000)
    memory.room("a trace", 2_000_000_000, "run fewer samples at once")
    with refused(
        ValueError,
        "a trace must fit the machine's 2.0 GB of memory, but takes 3,500.0 GB; "
        "run fewer samples at once",
    ):
        memory.room("a trace", 3_500_000_000_000, "run fewer samples at once")
