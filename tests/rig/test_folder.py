"""Data roots and session folders on real disks: never mixed, never overwritten, locked while in use."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from protocols.errors import BadInput
from rig.folder import (
    JOURNAL,
    MARKER,
    check_participant,
    create_session_folder,
    is_simulated_root,
    keep_protocol,
    open_root,
    open_session_folder,
    session_lock,
)


@pytest.mark.parametrize("code", ["P01", "a", "0", "X" * 32])
def test_codes_are_letters_and_digits(code):
    assert check_participant(code) == code


@pytest.mark.parametrize("code", ["", "P 1", "../x", "Jörg", "P-1", "P_1", "X" * 33, "P1\n", "a/b", "٣"])
def test_other_codes_are_refused_by_name(tmp_path, code):
    with pytest.raises(BadInput, match="expected a code of 1 to 32 letters and digits"):
        create_session_folder(tmp_path / "data", "skittles", code, 1, simulated=False)
    assert not (tmp_path / "data").exists()


def test_a_session_folder_is_made_once(tmp_path):
    folder = create_session_folder(tmp_path / "data", "skittles", "P01", 1, simulated=False)
    assert folder == tmp_path / "data" / "skittles" / "P01" / "session-1"
    assert create_session_folder(tmp_path / "data", "skittles", "P01", 1, simulated=False) == folder, "nothing was begun in it"
    (folder / JOURNAL).write_text("x")
    create_session_folder(tmp_path / "data", "skittles", "P01", 3, simulated=False)
    with pytest.raises(BadInput, match=r"twinrig resume .*session-1'.*--session 4"):
        create_session_folder(tmp_path / "data", "skittles", "P01", 1, simulated=False)
    assert (folder / JOURNAL).read_text() == "x"


@pytest.mark.parametrize(("name", "session"), [("../evil", 1), ("", 1), ("a/b", 1), ("skittles", 0), ("skittles", -1)])
def test_names_that_are_no_part_of_a_path_are_refused(tmp_path, name, session):
    with pytest.raises(BadInput):
        create_session_folder(tmp_path / "data", name, "P01", session, simulated=False)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("simulated", [True, False])
def test_people_and_programs_never_share_a_root(tmp_path, simulated):
    open_root(tmp_path, simulated)
    assert json.loads((tmp_path / MARKER).read_text()) == {"simulated": simulated}
    assert open_root(tmp_path, simulated) == tmp_path
    with pytest.raises(BadInput, match=r"never mixed.*--data"):
        create_session_folder(tmp_path, "skittles", "P01", 1, simulated=not simulated)
    assert [file.name for file in tmp_path.iterdir()] == [MARKER]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"simulated": "no"}', "1"])
def test_a_damaged_marker_is_named(tmp_path, content):
    (tmp_path / MARKER).write_text(content)
    with pytest.raises(BadInput, match=MARKER):
        open_root(tmp_path, simulated=False)
    assert (tmp_path / MARKER).read_text() == content


def test_a_folder_without_marker_is_no_root(tmp_path):
    with pytest.raises(BadInput, match=MARKER):
        is_simulated_root(tmp_path)


def test_a_root_that_can_t_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match=r"can't be written .*--data"):
        open_root(tmp_path / "file" / "data", simulated=False)


def test_a_disk_with_too_little_space(tmp_path):
    with pytest.raises(BadInput, match="MB are free, expected at least 1000000000000 MB"):
        create_session_folder(tmp_path, "skittles", "P01", 1, simulated=False, minimum_free=10**18)
    assert not (tmp_path / "skittles").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a small file system")
def test_a_real_read_only_and_a_real_full_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no file system may be mounted here: {mounted.stderr.strip()}")
    try:
        with pytest.raises(BadInput, match="MB are free, expected at least 1000 MB"):
            open_root(disk, simulated=False)
        open_root(disk, simulated=False, minimum_free=0)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(BadInput, match="can't be written"):
            create_session_folder(disk, "skittles", "P01", 1, simulated=False, minimum_free=0)
        with pytest.raises(BadInput, match="can't be written"), session_lock(disk):
            pass
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_the_protocol_is_kept_word_for_word_and_never_replaced(tmp_path):
    keep_protocol(tmp_path, "name = 'ä'\r\n")
    keep_protocol(tmp_path, "other")
    assert (tmp_path / "protocol.toml").read_bytes() == "name = 'ä'\r\n".encode()


def test_only_a_folder_with_a_journal_is_a_session(tmp_path):
    with pytest.raises(BadInput, match=JOURNAL):
        open_session_folder(tmp_path)
    (tmp_path / JOURNAL).write_bytes(b"")
    assert open_session_folder(tmp_path) == tmp_path


def hold(folder: str, pipe) -> None:
    with session_lock(Path(folder)):
        pipe.send("held")
        pipe.recv()


def test_a_running_session_is_locked_and_kill_9_frees_it(tmp_path):
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=hold, args=(str(tmp_path), there))
    child.start()
    assert here.recv() == "held"
    with pytest.raises(BadInput, match="running in another process"), session_lock(tmp_path):
        pass
    os.kill(child.pid or 0, signal.SIGKILL)
    child.join()
    with session_lock(tmp_path):
        pass
    with session_lock(tmp_path):
        pass
