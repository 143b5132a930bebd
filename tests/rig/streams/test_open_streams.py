"""A client that knows nothing of twinrig: the script of docs/how-to/use-the-streams.md, as it stands there, beside real outlets."""

import json
import os
import re
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from rig.streams.outlets import configure_streams

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "how-to" / "use-the-streams.md"
PUBLISHER = """
import sys
import numpy as np
from devices.device import DeviceInfo, Samples
from rig.clock import now, wait_until
from rig.streams.info import Origin
from rig.streams.outlets import JsonOutlet, MotionPublisher, SessionStreams

origin = Origin(sys.argv[1], 1, "reach-reward", "cafe42", True)
hand = MotionPublisher(origin)(DeviceInfo("mouse", "Some mouse", ("x", "y"), 0.0, False, {"m_per_unit": 1e-4}, ()))
with SessionStreams(origin) as streams:
    twin = JsonOutlet(origin, "twin")
    while not all(outlet.have_consumers() for outlet in (hand, twin, streams.trials)):
        wait_until(now() + 0.05)
    wait_until(now() + 0.5)
    for trial in (1, 2):
        one = np.ones(1)
        place, none = np.array([[0.01 * trial, -0.02]]), np.zeros(1, int)
        hand.push(Samples(one * np.nan, one * now(), place, none, one * np.nan, none + trial))
        streams.trials.push({"event": "trial", "trial": trial, "reward": 1.0, "error": float("nan")})
        twin.push({"trial": trial, "yoked": {"surprise": 2.5}})
    sys.stdin.readline()
"""


@pytest.mark.alone
def test_a_client_that_knows_nothing_of_twinrig(tmp_path, monkeypatch):
    session = uuid.uuid4().hex
    monkeypatch.delenv("LSLAPICFG", raising=False)
    settings = configure_streams(tmp_path, session, "machine")
    monkeypatch.delenv("LSLAPICFG")  # for the two programs alone, so that none else on this machine is in the way
    seeing = {**os.environ, "LSLAPICFG": str(settings)}
    script = tmp_path / "look_on.py"
    script.write_text(re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0], encoding="utf-8")
    assert "rig" not in re.findall(r"^(?:import|from) (\w+)", script.read_text(), re.MULTILINE)
    publisher = subprocess.Popen([sys.executable, "-c", PUBLISHER, session], stdin=subprocess.PIPE, cwd=ROOT, env=seeing)
    try:
        client = subprocess.run(
            [sys.executable, "-I", script, "6"], env=seeing, cwd=tmp_path, capture_output=True, text=True, timeout=3000, check=False
        )
    finally:
        publisher.communicate(b"\n", timeout=300)
    assert client.returncode == 0, client.stderr
    lines = [json.loads(line) for line in client.stdout.splitlines()]
    said = {line["stream"]: line for line in lines[:3]}
    assert {line["session"] for line in said.values()} == {session}
    assert said["trials"]["channels"] == [["json", ""]] and said["twin"]["name"] == "twinrig.twin"
    assert said["hand"]["channels"][:3] == [["device_time", "s"], ["x", "m"], ["y", "m"]]
    by_stream = {what: [line["value"] for line in lines[3:] if line["stream"] == what] for what in said}
    assert [(m["trial"], m["reward"], m["error"], m["counter"]) for m in by_stream["trials"]] == [(1, 1.0, None, 0), (2, 1.0, None, 1)]
    assert [m["yoked"]["surprise"] for m in by_stream["twin"]] == [2.5, 2.5]
    assert [row[1:3] for row in by_stream["hand"]] == [[0.01, -0.02], [0.02, -0.02]]
