"""What the commands that run a session answer."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from protocols.columns import START
from rig.folder import JOURNAL
from rig.journal.reader import read_journal
from tests.short import write_short

#: The command line, with a finding that says that the recording lacks something.
TAMPERED = """
import sys
from rig import cli
from rig.session import opening
from rig.streams.verify import Finding

compare = opening.verify_recording

def tampered(*given):
    found = compare(*given)
    return found._replace(findings=(*found.findings, Finding("fail", "twinrig.trials", "one sample is missing")))

opening.verify_recording = tampered
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.screen
def test_a_recording_that_does_not_match_fails(screen, tmp_path):
    words = ("pilot", write_short(tmp_path), "--device", "simulated", "--trials", 1, "--data", tmp_path / "data", "--no-twin", "--windowed")
    command = [sys.executable, "-c", TAMPERED, *map(str, words), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 1 and done.stdout, done.stderr
    said = json.loads(done.stdout)
    assert said["verdict"] == "fail" and said["completed"] == 1 and not said["recording"]["ok"]
    assert "one sample is missing" in done.stderr
    with read_journal(Path(said["session"]) / JOURNAL) as journal:
        (start,) = journal.starts()
    assert set(start) <= {column.name for column in START}, "what is stored of a start is described"
