"""Locks between processes, and what frees them."""

import os
import subprocess
import sys

from rig.locks import sync_folder, try_lock

HOLDER = """
import os, sys, time
from rig.locks import try_lock
print(try_lock(os.open(sys.argv[1], os.O_RDWR)), flush=True)
time.sleep(60)
"""


def test_one_process_holds_a_file_until_it_is_killed(tmp_path):
    file = tmp_path / "lock"
    file.touch()
    descriptor = os.open(file, os.O_RDWR)
    with subprocess.Popen([sys.executable, "-c", HOLDER, file], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        try:
            assert holder.stdout.readline().strip() == "True"
            assert not try_lock(descriptor)
        finally:
            holder.kill()
    assert try_lock(descriptor)
    os.close(descriptor)


def test_a_folder_s_names_can_be_put_on_the_disk(tmp_path):
    (tmp_path / "new").touch()
    sync_folder(tmp_path)
