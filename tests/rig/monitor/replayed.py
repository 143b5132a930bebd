"""A session that goes on, trial by trial, as a test says: a finished one is written once more, by the real writers."""

from collections.abc import Iterator
from pathlib import Path

from rig.folder import JOURNAL, TWIN
from rig.journal.reader import read_journal
from rig.journal.writer import JournalWriter, create_journal
from rig.twin.store import open_twin, read_twin


def again(source: Path, folder: Path, closed: bool = True) -> Iterator[int]:
    """Write the session of ``source`` into ``folder`` again; the number of each trial once it and its twin's rows are on the disk.

    Yields 0 first, when the session has begun and no trial was given.
    """
    folder.mkdir(parents=True)
    with read_journal(source / JOURNAL) as journal, read_twin(source / TWIN) as known:
        create_journal(folder / JOURNAL, journal.session())
        rows = {kind: known.rows(kind) for kind in ("yoked", "free_person", "free_own")}
        with JournalWriter(folder / JOURNAL, lambda: 1e4) as writer, open_twin(folder / TWIN) as store:
            start = journal.starts()[0]
            writer.begin_start({name: value for name, value in start.items() if name not in ("start", "ended_at", "how_ended")})
            store.freeze("yoked", known.params("yoked") or {}, 0.0)
            yield 0
            events = journal.events()
            for index, (one, record, stored) in enumerate(zip(journal.committed(), journal.records(), journal.stored(), strict=True)):
                number = one.trial.number
                writer.begin_trial(number, one.trial.attempt, one.trial.slot, stored.go_time - 0.5)
                during = [event for event in events if event.trial == number]
                writer.commit_trial(one, record, journal.path_of(number), during, journal.frames()[number], stored.go_time).wait()
                store.add([rows[kind][index] for kind in rows])
                yield number
            if closed:
                writer.end_start("finished").wait()
                yield -1
