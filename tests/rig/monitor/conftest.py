"""One finished session of throws with a twin's store, shared by the tests of the monitor."""

from pathlib import Path

import numpy as np
import pytest

from rig.folder import JOURNAL, TWIN
from rig.journal.reader import read_journal
from rig.twin.store import TwinRow, open_twin
from tests.sessions import Recipe, build_session

LEARNERS = 5


@pytest.fixture(scope="session")
def throws(tmp_path_factory) -> Path:
    """A session of 14 throws that is over: one was too slow, one is flagged, and a twin was restarted."""
    recipe = Recipe(trials=14, faults=True, simulated=True, participant="PILOT1")
    folder = build_session(tmp_path_factory.mktemp("watched"), recipe)
    with read_journal(folder / JOURNAL) as journal, open_twin(folder / TWIN) as store:
        store.freeze("yoked", {"alpha_mean": 0.1}, 0.0)
        for one in journal.committed():
            store.add(twin_rows(one.trial.number))
    return folder


def twin_rows(number: int) -> list[TwinRow]:
    """What a twin might store of a throw; a running one is in ``test_running``."""
    random = np.random.default_rng(number)
    covariance = np.array([[40.0, 0.3], [0.3, 0.2]]) / number
    prediction = {"mean": np.array([110.0 + number, 3.2]), "covariance": covariance}
    yoked = TwinRow("yoked", number, prediction, {"mean": np.zeros(2)}, -3.0 - 0.1 * random.random(), shift_growth=1.0 + number)
    deeds = {
        "actions": np.array([115.0, 3.2]) + random.normal(size=(LEARNERS, 2)),
        "rewards": -random.random(LEARNERS),
        "errors": random.random(LEARNERS),
        "hits": np.zeros(LEARNERS),
    }
    return [yoked, *(TwinRow(kind, number, {}, {"mean": np.zeros((LEARNERS, 2))}, free=deeds) for kind in ("free_person", "free_own"))]
