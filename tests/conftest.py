"""Shared fixtures: a private screen for each test process, and Lab Streaming Layer kept to itself."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def private_streams(tmp_path_factory):
    """Keep LSL on this machine and apart from other test processes. Set before liblsl reads its settings."""
    if "LSLAPICFG" in os.environ:
        yield
        return
    file = tmp_path_factory.mktemp("lsl") / "lsl_api.cfg"
    file.write_text(f"[ports]\nIPv6 = disable\n[multicast]\nResolveScope = machine\n[lab]\nSessionID = test-{uuid.uuid4().hex}\n")
    os.environ["LSLAPICFG"] = str(file)
    yield
    del os.environ["LSLAPICFG"]


@pytest.fixture(scope="session")
def screen():
    """A virtual screen of 1280 x 1024 in ``DISPLAY``, one for each test process."""
    if sys.platform != "linux":
        yield os.environ.get("DISPLAY", "")
        return
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1280x1024x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(command, pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writer)
    with os.fdopen(reader) as stream:
        number = stream.readline().strip()
    assert number, "Xvfb did not start: install the packages that the README names"
    before = os.environ.get("DISPLAY")
    os.environ["DISPLAY"] = f":{number}"
    yield f":{number}"
    server.terminate()
    server.wait(10)
    if before is None:
        os.environ.pop("DISPLAY", None)
    else:
        os.environ["DISPLAY"] = before


@pytest.fixture
def shared_data() -> Path:
    """The folder of human data beside the checkout; the test skips where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.exists():
        pytest.skip(f"human data is absent: {folder}")
    return folder
