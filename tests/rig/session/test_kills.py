"""kill -9 of a session at random moments: the short form of ``benchmarks.kills``."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.kills import GONE, count, finish, folder_of, recomputed, records, run_kills, same, schedule_holds, twin_rows

pytestmark = [pytest.mark.slow, pytest.mark.screen, pytest.mark.timeout(900)]
KILLS, TRIALS = 3, 10


def test_nothing_committed_is_lost_and_the_end_is_the_same(screen, tmp_path):
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    with ThreadPoolExecutor(1) as beside:
        uninterrupted = beside.submit(finish, whole, "simulated", TRIALS)
        done = run_kills(killed, "simulated", KILLS, TRIALS)
        uninterrupted.result()
    assert len(done) == KILLS
    assert all(kill.kept >= kill.committed for kill in done)
    assert all(kill.gone_after < 2 * GONE for kill in done)
    assert count(killed) == count(whole) == TRIALS
    assert same(records(killed), records(whole))
    assert same(twin_rows(folder_of(killed)), twin_rows(folder_of(whole)))


def test_through_the_real_pointer_the_twin_is_as_recomputed(screen, tmp_path):
    done = run_kills(tmp_path, "mouse", 2, 5)
    assert all(kill.kept >= kill.committed and kill.gone_after < 2 * GONE for kill in done)
    assert schedule_holds(folder_of(tmp_path))
    assert same(twin_rows(folder_of(tmp_path)), recomputed(folder_of(tmp_path)))
