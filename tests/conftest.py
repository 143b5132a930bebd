"""Shared fixtures: a private screen for each test process, and Lab Streaming Layer kept to itself."""

import getpass
import os
import sys
import tempfile
import uuid
from pathlib import Path

import pytest

from rig.arithmetic import keep_compiled
from rig.streams.outlets import configure_streams
from rig.virtual_screen import virtual_screen

keep_compiled(Path(tempfile.gettempdir()) / f"twinrig-tests-{getpass.getuser()}")  # compiling is most of what the tests would take


def pytest_collection_modifyitems(items):
    """Files with slow tests come first: workers take whole files, and short ones at the end let all workers end together."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session", autouse=True)
def private_streams(tmp_path_factory):
    """Keep LSL on this machine and apart from other test processes. Set before liblsl reads its settings."""
    if "LSLAPICFG" in os.environ:
        yield
        return
    configure_streams(tmp_path_factory.mktemp("lsl"), f"test-{uuid.uuid4().hex}", "machine")
    yield
    del os.environ["LSLAPICFG"]


@pytest.fixture(scope="session")
def screen():
    """A virtual screen of 1280 x 1024 in ``DISPLAY``, one for each test process."""
    if sys.platform != "linux":
        yield os.environ.get("DISPLAY", "")
        return
    with virtual_screen() as display:
        yield display


@pytest.fixture
def shared_data() -> Path:
    """The folder of human data beside the checkout; the test skips where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.exists():
        pytest.skip(f"human data is absent: {folder}")
    return folder
