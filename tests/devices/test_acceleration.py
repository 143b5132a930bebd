import subprocess
import sys

import pytest
from Xlib.display import Display

from devices.acceleration import find_acceleration


@pytest.mark.screen
@pytest.mark.alone
@pytest.mark.skipif(sys.platform != "linux", reason="sets the X server's acceleration")
def test_finds_the_x_servers_setting_on_and_off(screen):
    display = Display()
    for factor, accelerated in ((2, True), (1, False)):
        display.change_pointer_control((factor, 1), 4)
        display.sync()
        finding = find_acceleration()
        assert finding.known and finding.accelerated is accelerated
        assert ("turn it off" in finding.words) is accelerated
    display.change_pointer_control((2, 1), 4)  # the server's default
    display.close()


@pytest.mark.skipif(sys.platform != "linux", reason="needs to be without an X display")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # python-xlib leaves its socket to the collector
def test_says_so_when_it_cannot_be_found_out(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":4321")
    finding = find_acceleration()
    assert not finding.known and finding.accelerated is None
    assert "unknown" in finding.words


@pytest.mark.parametrize(
    ("linear", "scaling", "accelerated"), [("", "-1", False), ("1", "0.6875", False), ("0", "0.6875", True), ("", "", True)]
)
def test_reads_the_macs_preferences(monkeypatch, linear, scaling, accelerated):
    def defaults(command, **options):
        answer = linear if command[-1].endswith("linear") else scaling
        return subprocess.CompletedProcess(command, 0 if answer else 1, f"{answer}\n")

    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr("subprocess.run", defaults)
    assert find_acceleration().accelerated is accelerated
