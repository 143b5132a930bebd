"""The private screen as a command."""

import os
import subprocess
import sys


def test_a_machine_without_xvfb_is_told(tmp_path):
    command = [sys.executable, "-m", "rig.virtual_screen", "true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"PATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr.startswith("Xvfb isn't installed") and "Traceback" not in done.stderr
