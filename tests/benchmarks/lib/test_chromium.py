import pytest

from benchmarks.lib import chromium


def test_a_browser_that_is_not_there_is_told_with_the_way_out(monkeypatch) -> None:
    monkeypatch.setenv("SOMAGATE_BROWSER", "/no/such/browser")
    assert chromium.find() is None
    with pytest.raises(FileNotFoundError) as error, chromium.running():
        pass
    assert str(error.value) == (
        "no Chromium is found: install one, on Debian or Ubuntu with `sudo apt-get install "
        "chromium`, or say where it is with SOMAGATE_BROWSER=PATH"
    )
